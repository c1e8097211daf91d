/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named crash points for tests: with the environment LAZARET_CRASH="gc-file-unlinked:3" the process
 * ends itself by SIGKILL when it passes that point of crash_points.def for the third time (without
 * number: the first). Nothing is flushed, no handler runs: what is left is what a kill at that
 * place leaves. The variable is read once; without it a point costs one load and one branch that is
 * always predicted. Any thread, also under locks.
 */
#ifndef OS_CRASH_H
#define OS_CRASH_H

#include <stdatomic.h>

enum crash_point {
#define CRASH_POINT(id, name, where, doc) CRASH_##id,
#include "os/crash_points.def"
#undef CRASH_POINT
	CRASH_POINT_COUNT
};

enum crash_state { CRASH_UNREAD, CRASH_OFF, CRASH_ARMED };

/* Private to crash_point(): an enum crash_state. */
extern _Atomic int crash_state;
void crash_passed(enum crash_point point);

static inline void crash_point(enum crash_point point)
{
	if (__builtin_expect(
		    atomic_load_explicit(&crash_state, memory_order_relaxed) != CRASH_OFF, 0))
		crash_passed(point);
}

/* For unit tests: replaces what the environment said. NULL: no crash. Not while other threads run.
 */
void crash_set(const char *specification);

#endif
