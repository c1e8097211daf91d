/* SPDX-License-Identifier: Apache-2.0 */
/* What this process takes of the machine, as the kernel says. Any thread. */
#ifndef OS_USAGE_H
#define OS_USAGE_H

#include "base/err.h"

struct os_usage {
	int64_t cpu_us; /* user and system time of the process, without its children */
	int64_t resident_bytes;
	int64_t open_fds;
	int64_t fd_limit;
	int64_t threads;
};

int os_usage(struct os_usage *usage, struct err *err) MUST_CHECK;

#endif
