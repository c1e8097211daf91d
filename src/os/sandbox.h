/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box of lazaret-worker, in two steps because the worker has a hash thread:
 * sandbox_enter_files() (no_new_privs, Landlock with no rule at all = no file can be opened; before
 * threads start) and sandbox_enter_calls() (seccomp allow list on all threads; after threads
 * exist). seccomp is mandatory; Landlock may be missing in the kernel, which is reported, not
 * fatal.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

struct sandbox_limits {
	uint64_t memory_bytes; /* RLIMIT_AS; not applied in sanitizer builds */
	unsigned cpu_seconds;  /* hard ceiling over the life of the process; 0: none */
};

int sandbox_limit(const struct sandbox_limits *limits,
	struct err *err) MUST_CHECK; /* rlimits: no files written, no core … */
int sandbox_enter_files(
	int *landlock_abi, struct err *err) MUST_CHECK; /* 0 when Landlock is absent */
int sandbox_enter_calls(struct err *err) MUST_CHECK;

/* Tries what must fail (open, connect, exec, fork, ptrace …), one line "name: denied|ALLOWED" each;
 * returns how many were allowed. */
unsigned sandbox_probe(int report_fd);

#endif
