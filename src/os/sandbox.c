/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource limits of the worker (contract in sandbox.h; the two other walls are landlock.c and
 * seccomp.c). The limits hold even where a wall has a hole: nothing can be written to a file, no
 * core is dumped with the content of an image in it, memory and descriptors are counted.
 *
 * Sanitizers reserve terabytes of address space, so their builds have no memory limit.
 */
#include "os/sandbox.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { DESCRIPTORS_MAX = 16 };

static int lower(int resource, const char *name, uint64_t value, struct err *err)
{
	struct rlimit limit;
	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return err_sys(err, "reading the limit of %s", name);
	rlim_t wanted = (rlim_t)value;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted)
		wanted = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = wanted;
	if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return err_sys(err, "limiting %s", name);
	return 0;
}

int sandbox_limit(const struct sandbox_limits *limits, struct err *err)
{
	const struct {
		int resource;
		const char *name;
		uint64_t value;
		bool wanted;
	} rows[] = {
		{ RLIMIT_CORE, "core dumps", 0, true },
		{ RLIMIT_FSIZE, "written files", 0, true },
		{ RLIMIT_NOFILE, "descriptors", DESCRIPTORS_MAX, true },
		{ RLIMIT_MEMLOCK, "locked memory", 0, true },
		{ RLIMIT_AS, "memory", limits->memory_bytes, limits->memory_bytes && !SANITIZED },
		{ RLIMIT_CPU, "processor time", limits->cpu_seconds, limits->cpu_seconds != 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = rows[i].wanted ? lower(rows[i].resource, rows[i].name, rows[i].value, err)
				       : 0;
		if (r < 0)
			return err_trace(err, r);
	}
	/* Words for a log file are lost then; better than being killed for them. */
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}
