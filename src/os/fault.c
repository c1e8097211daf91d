/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Injected faults (contract in fault.h). A specification is a list "point:ERRNO[:rule]" separated
 * by commas; rules: nth=N (only the N-th call fails), from=N (the N-th and every later one),
 * after=N (every call that would bring the bytes of this point over N: a full disk stays full), no
 * rule (every call). One entry per point, the last one wins.
 *
 * The state word is read without a lock on every check, so a process without faults pays one load
 * and one branch. Counters are atomic: several threads share one count, which is what "the third
 * fsync of the process" means. A specification that cannot be read ends the process: a fault test
 * whose fault never happens would pass for the wrong reason.
 */
#include "os/fault.h"

#include "base/check.h"
#include "base/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum rule { RULE_NONE, RULE_EVERY, RULE_NTH, RULE_FROM, RULE_AFTER };
enum { STATE_UNREAD, STATE_NO_FAULTS, STATE_FAULTS };

static struct {
	enum rule rule;
	int code;
	uint64_t limit;
	_Atomic uint64_t calls;
	_Atomic uint64_t bytes;
} points[OS_FAULT_COUNT];

static const char *const point_names[OS_FAULT_COUNT] = {
	[OS_FAULT_WRITE] = "write",
	[OS_FAULT_SHORT_WRITE] = "short-write",
	[OS_FAULT_FSYNC] = "fsync",
	[OS_FAULT_RENAME] = "rename",
	[OS_FAULT_OPEN] = "open",
};

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "ENOSPC", ENOSPC },
	{ "EIO", EIO },
	{ "EROFS", EROFS },
	{ "EDQUOT", EDQUOT },
	{ "EMFILE", EMFILE },
	{ "EACCES", EACCES },
	{ "EINTR", EINTR },
};

static _Atomic int state = STATE_UNREAD;
static pthread_once_t environment_once = PTHREAD_ONCE_INIT;

static bool parse_rule(struct str text, enum rule *rule, uint64_t *limit)
{
	struct str value = text;
	struct str name;
	if (!text.p) {
		*rule = RULE_EVERY;
		*limit = 0;
		return true;
	}
	str_cut(&value, '=', &name);
	if (str_eq(name, STR("nth")))
		*rule = RULE_NTH;
	else if (str_eq(name, STR("from")))
		*rule = RULE_FROM;
	else if (str_eq(name, STR("after")))
		*rule = RULE_AFTER;
	else
		return false;
	return str_parse_u64(value, limit);
}

static bool parse_entry(struct str entry)
{
	struct str point_name;
	struct str code_name = STR_NULL;
	str_cut(&entry, ':', &point_name);
	str_cut(&entry, ':', &code_name);
	size_t point = 0;
	while (point < OS_FAULT_COUNT && !str_eq(point_name, str_from(point_names[point])))
		point++;
	size_t code = 0;
	while (code < sizeof(codes) / sizeof(codes[0]) &&
		!str_eq(code_name, str_from(codes[code].name)))
		code++;
	if (point == OS_FAULT_COUNT || code == sizeof(codes) / sizeof(codes[0]))
		return false;
	points[point].code = codes[code].code;
	return parse_rule(entry, &points[point].rule, &points[point].limit);
}

void os_fault_set(const char *specification)
{
	for (size_t i = 0; i < OS_FAULT_COUNT; i++) {
		points[i].rule = RULE_NONE;
		atomic_store(&points[i].calls, 0);
		atomic_store(&points[i].bytes, 0);
	}
	struct str rest = str_from(specification);
	if (rest.n == 0)
		rest = STR_NULL;
	int next = rest.p ? STATE_FAULTS : STATE_NO_FAULTS;
	struct str entry;
	while (str_cut(&rest, ',', &entry)) {
		if (!parse_entry(entry)) {
			fprintf(stderr, "LAZARET_FAULT: cannot read \"" STR_FMT "\"\n",
				STR_ARG(entry));
			_exit(2);
		}
	}
	atomic_store(&state, next);
}

static void read_environment(void)
{
	if (atomic_load(&state) == STATE_UNREAD)
		os_fault_set(getenv("LAZARET_FAULT"));
}

static int check_point(enum os_fault_point point, size_t bytes)
{
	uint64_t call = atomic_fetch_add(&points[point].calls, 1) + 1;
	uint64_t total = atomic_fetch_add(&points[point].bytes, bytes) + bytes;
	bool fails = false;
	switch (points[point].rule) {
	case RULE_NONE:
		break;
	case RULE_EVERY:
		fails = true;
		break;
	case RULE_NTH:
		fails = call == points[point].limit;
		break;
	case RULE_FROM:
		fails = call >= points[point].limit;
		break;
	case RULE_AFTER:
		fails = total > points[point].limit;
		break;
	}
	return fails ? points[point].code : 0;
}

static int current_state(void)
{
	int now = atomic_load_explicit(&state, memory_order_acquire);
	if (now != STATE_UNREAD)
		return now;
	pthread_once(&environment_once, read_environment);
	return atomic_load(&state);
}

bool os_fault_armed(void)
{
	return current_state() == STATE_FAULTS;
}

int os_fault(enum os_fault_point point, size_t bytes)
{
	CHECK(point < OS_FAULT_COUNT);
	if (__builtin_expect(current_state() == STATE_NO_FAULTS, 1))
		return 0;
	return check_point(point, bytes);
}
