/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child programs. A child gets exactly what its settings name: its arguments, an environment of its
 * own, /dev/null as standard input, our standard output and error, and the listed descriptors at
 * the numbers 3, 4, … Every other descriptor is closed in it. It starts with default signal
 * handling, nothing blocked, in its own process group (so that Ctrl-C reaches only us and we decide
 * when children end). Any thread; no code of ours runs between fork and exec.
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

struct process_settings {
	const char *program;	 /* path, not searched for */
	const char *const *argv; /* argv[0] … NULL; NULL: just the program */
	const char *const
		*environment; /* "NAME=value" … NULL; NULL: process_environment_minimal() */
	const int *fds;	      /* become 3, 4, …; stay open here */
	size_t fd_count;
};

enum { PROCESS_FDS_MAX = 16, PROCESS_FIRST_FD = 3, PROCESS_STATUS_TEXT = 80 };

int process_start(const struct process_settings *settings, pid_t *pid, struct err *err) MUST_CHECK;
/* Waits for the end of the child and takes its status (waitpid form). Blocking. */
int process_wait(pid_t pid, int *status, struct err *err) MUST_CHECK;
/* Ends the child at once; still to be waited for. A child that has ended already: 0. */
int process_kill(pid_t pid, struct err *err) MUST_CHECK;

/* Locale, time zone, search path and, for sanitizer builds, their options. Borrowed; read once. */
const char *const *process_environment_minimal(void);

/*
 * Lets this process open as many files as its hard limit allows, at most 65,536: the usual soft
 * limit of 1,024 is for programs that call select(), and a server would refuse its 500th client
 * with it. Returns how many it may open now. Before other threads start.
 */
uint64_t process_raise_file_limit(void);

/* "exited with code 3", "killed by signal 9 (Killed)"; out holds PROCESS_STATUS_TEXT at best. */
void process_describe_status(int status, char *out, size_t out_size);

/* Path of a program that lies in the directory of the running one (/proc/self/exe). */
int process_path_beside(
	struct arena *arena, const char *name, struct str *path, struct err *err) MUST_CHECK;

#endif
