/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls a worker may make once it has all its descriptors and threads. Everything else
 * is answered with EPERM (so that a library's attempt to look at a file is a failed attempt, not a
 * dead worker); calls of another architecture kill the process, because their numbers mean other
 * things. No call can make memory executable, open, connect, or reach another process.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(undefined_behavior_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const int allowed[] = {
	/* the passed descriptors and the conversation */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmsg),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(close),
	/* memory; mmap and mprotect have argument rules below */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	/* threads, signals, end */
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* clock and random numbers */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(getrandom),
};

/* What the run-time libraries of sanitizers need to work and to report. */
static const int allowed_sanitized[] = {
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getuid),
	SCMP_SYS(mincore),
};

static int allow_list(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/* Calls that are harmless with the right argument only. */
static int allow_by_argument(scmp_filter_ctx filter)
{
	const struct {
		int call;
		struct scmp_arg_cmp argument;
	} rows[] = {
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		/* sendto with an address would be a connect; a stream socket's send has none */
		{ SCMP_SYS(sendto), SCMP_A4(SCMP_CMP_EQ, 0, 0) },
		/* abort() */
		{ SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0) },
	};
	int r = 0;
	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rows[i].call, 1, rows[i].argument);
	return r;
}

int sandbox_enter_calls(struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return err_set(err, ENOMEM, "making a seccomp filter failed");
	int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = allow_list(filter, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (r == 0 && SANITIZED)
		r = allow_list(filter, allowed_sanitized,
			sizeof(allowed_sanitized) / sizeof(allowed_sanitized[0]));
	if (r == 0)
		r = allow_by_argument(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r < 0)
		return err_set(err, r, "entering the seccomp filter failed (%d)", -r);
	return 0;
}
