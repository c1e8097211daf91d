/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the line for broken invariants: one line to standard error, written with no
 * allocation and no lock, then abort(). Any thread.
 */
#include "base/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void check_failed(const char *condition, const char *file, int line, const char *function)
{
	int before = errno; /* kept for whoever catches the abort: ENOMEM tells why */
	char text[512];
	int n = snprintf(text, sizeof(text), "lazaret: check failed: %s (%s:%d, %s)\n", condition,
		file, line, function);
	if (n > 0) {
		size_t length = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
		ssize_t ignored = write(STDERR_FILENO, text, length);
		(void)ignored;
	}
	errno = before;
	abort();
}
