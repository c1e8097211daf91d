/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Injected faults for tests: the environment
 * LAZARET_FAULT="write:ENOSPC:after=1048576,fsync:EIO:nth=3" makes the named operation fail. Read
 * once; without the variable every check is one branch. Names: write, short-write (half of the
 * bytes are written, then the error comes), fsync, rename, open. Rules: nth=N only the N-th call,
 * from=N that and every later one, after=N every call that passes N bytes in total, none: every
 * call. Any thread.
 */
#ifndef OS_FAULT_H
#define OS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum os_fault_point {
	OS_FAULT_WRITE,
	OS_FAULT_SHORT_WRITE,
	OS_FAULT_FSYNC,
	OS_FAULT_RENAME,
	OS_FAULT_OPEN,
	OS_FAULT_COUNT
};

/* 0, or the errno to fail with; bytes is how much the operation would write (0 for others). */
int os_fault(enum os_fault_point point, size_t bytes);
/* Whether any fault is asked for; what wraps a library's own file access only does so then. */
bool os_fault_armed(void);
/* For unit tests: replaces what the environment said. NULL: no faults. Not while other threads run.
 */
void os_fault_set(const char *specification);

#endif
