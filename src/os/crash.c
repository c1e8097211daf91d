/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named crash points (contract in crash.h). The passages of the armed point are counted over all
 * threads. A specification that cannot be read ends the process at its first crash point: a test
 * whose crash never comes would pass for the wrong reason.
 */
#include "os/crash.h"

#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Atomic int crash_state = CRASH_UNREAD;

static const char *const point_names[CRASH_POINT_COUNT] = {
#define CRASH_POINT(id, name, where, doc) name,
#include "os/crash_points.def"
#undef CRASH_POINT
};

static enum crash_point armed;
static _Atomic uint64_t passages_left;
static pthread_once_t environment_once = PTHREAD_ONCE_INIT;

static void refuse(const char *specification)
{
	fprintf(stderr, "LAZARET_CRASH: cannot read \"%s\"\n", specification);
	_exit(2);
}

void crash_set(const char *specification)
{
	if (!specification || !*specification) {
		atomic_store(&crash_state, CRASH_OFF);
		return;
	}
	struct str number = str_from(specification);
	struct str name;
	uint64_t count = 1;
	str_cut(&number, ':', &name);
	if (number.p && (!str_parse_u64(number, &count) || !count))
		refuse(specification);
	size_t point = 0;
	while (point < CRASH_POINT_COUNT && !str_eq(name, str_from(point_names[point])))
		point++;
	if (point == CRASH_POINT_COUNT)
		refuse(specification);
	armed = (enum crash_point)point;
	atomic_store(&passages_left, count);
	atomic_store(&crash_state, CRASH_ARMED);
}

static void read_environment(void)
{
	if (atomic_load(&crash_state) == CRASH_UNREAD)
		crash_set(getenv("LAZARET_CRASH"));
}

void crash_passed(enum crash_point point)
{
	if (atomic_load(&crash_state) == CRASH_UNREAD)
		pthread_once(&environment_once, read_environment);
	/* Acquire, so that armed is seen; of the threads that come later all count below 0. */
	if (atomic_load(&crash_state) != CRASH_ARMED || point != armed)
		return;
	if (atomic_fetch_sub(&passages_left, 1) == 1) {
		kill(getpid(), SIGKILL);
		for (;;) /* no step further, however late the signal comes */
			pause();
	}
}
