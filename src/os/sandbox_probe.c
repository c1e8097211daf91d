/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to leave the sandbox, made from inside it. Each row is one attempt by system call
 * number, past any wrapper of the C library. "denied" means that the kernel refused by the sandbox
 * (EPERM, EACCES); any other outcome, also an error of another kind, counts as allowed, because
 * then it was not the sandbox that stopped it.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The socket the worker is given; in a process without it the attempts fail with EBADF. */
enum { PASSED_SOCKET = 3 };

static long try_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_open_old(void)
{
#ifdef SYS_open
	return syscall(SYS_open, "/etc/passwd", O_RDONLY | O_CLOEXEC);
#else
	return try_open();
#endif
}

static long try_open_proc(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/proc/self/fd/3", O_RDWR | O_CLOEXEC);
}

static long try_create(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/tmp/lazaret-sandbox-probe",
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static long try_stat(void)
{
	char result[512];
	return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", result, 0);
}

static long try_unlink(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "/tmp/lazaret-sandbox-probe", 0);
}

static long try_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long try_unix_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return syscall(SYS_connect, PASSED_SOCKET, &to, sizeof(to));
}

static long try_bind(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	return syscall(SYS_bind, PASSED_SOCKET, &to, sizeof(to));
}

static long try_exec(void)
{
	char *const arguments[] = { NULL };
	return syscall(SYS_execve, "/bin/true", arguments, arguments);
}

static long try_exec_at(void)
{
	char *const arguments[] = { NULL };
	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, arguments, 0);
}

/* A child that does come to life must not go on as a second worker. */
static long child_is_gone(long r)
{
	if (r == 0)
		_exit(0);
	return r;
}

static long try_fork(void)
{
	return child_is_gone(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static long try_clone3(void)
{
	uint64_t arguments[8] = { 0 };
	arguments[4] = SIGCHLD;
	return child_is_gone(syscall(SYS_clone3, arguments, sizeof(arguments)));
}

static long try_ptrace(void)
{
	return syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_read_parent(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static long try_kill(void)
{
	return syscall(SYS_kill, (pid_t)syscall(SYS_getpid), 0);
}

static long try_tgkill_other(void)
{
	return syscall(SYS_tgkill, 1, 1, 0);
}

static long try_mount(void)
{
	return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static long try_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long try_executable_memory(void)
{
	void *p = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static long try_make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static long try_io_uring(void)
{
	char parameters[120] = { 0 };
	return syscall(SYS_io_uring_setup, 4, parameters);
}

static long try_bpf(void)
{
	char attributes[120] = { 0 };
	return syscall(SYS_bpf, 0, attributes, sizeof(attributes));
}

static long try_perf(void)
{
	char attributes[120] = { 0 };
	return syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}

static long try_keyring(void)
{
	return syscall(SYS_keyctl, 0, -3, 0);
}

static long try_ioctl(void)
{
	return syscall(SYS_ioctl, STDERR_FILENO, 0x5412 /* TIOCSTI */, "x");
}

static long try_raise_limit(void)
{
	uint64_t limit[2] = { 1 << 20, 1 << 20 };
	return syscall(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, limit, NULL);
}

static long try_chroot(void)
{
	return syscall(SYS_chroot, "/tmp");
}

static long try_userfault(void)
{
	return syscall(SYS_userfaultfd, 0);
}

static const struct {
	const char *name;
	long (*attempt)(void);
} attempts[] = {
	{ "open a file", try_open },
	{ "open a file by the old call", try_open_old },
	{ "reopen a descriptor through /proc", try_open_proc },
	{ "create a file", try_create },
	{ "look at a file", try_stat },
	{ "remove a file", try_unlink },
	{ "make an internet socket", try_socket },
	{ "make a Unix socket", try_unix_socket },
	{ "connect", try_connect },
	{ "bind", try_bind },
	{ "execute a program", try_exec },
	{ "execute a program by descriptor", try_exec_at },
	{ "fork", try_fork },
	{ "fork by clone3", try_clone3 },
	{ "ptrace", try_ptrace },
	{ "read the memory of the parent", try_read_parent },
	{ "signal a process", try_kill },
	{ "signal a thread of another process", try_tgkill_other },
	{ "mount", try_mount },
	{ "make a user namespace", try_unshare },
	{ "map executable memory", try_executable_memory },
	{ "make memory executable", try_make_executable },
	{ "set up io_uring", try_io_uring },
	{ "load a BPF object", try_bpf },
	{ "open a performance counter", try_perf },
	{ "read a keyring", try_keyring },
	{ "push input into a terminal", try_ioctl },
	{ "raise a limit", try_raise_limit },
	{ "change the root", try_chroot },
	{ "handle page faults", try_userfault },
};

unsigned sandbox_probe(int report_fd)
{
	unsigned open = 0;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		char line[128];
		errno = 0;
		bool denied = attempts[i].attempt() < 0 && (errno == EPERM || errno == EACCES);
		int n = snprintf(line, sizeof(line), "%s: %s\n", attempts[i].name,
			denied ? "denied" : "ALLOWED");
		if (write(report_fd, line, (size_t)n) != n)
			return open + 1;
		open += denied ? 0 : 1;
	}
	return open;
}
