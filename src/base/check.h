/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CHECK(): an assertion that stays on in release builds. A failed CHECK is a bug of ours, never
 * the consequence of input, so it prints where it happened and aborts; the supervisor restarts the
 * process (the server restarts a worker). Budgets and bad input are errors (base/err.h) instead.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (__builtin_expect(!(condition), 0))                                             \
			check_failed(#condition, __FILE__, __LINE__, __func__);                    \
	} while (0)

/* Structs that live long carry a magic number; CHECK_MAGIC() at the entry of their functions. */
#define CHECK_MAGIC(object, number) CHECK((object) && (object)->magic == (number))

#define MUST_CHECK			 __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

_Noreturn void check_failed(
	const char *condition, const char *file, int line, const char *function);

#endif
