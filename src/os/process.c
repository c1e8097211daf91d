/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and ending child programs (contract in process.h). posix_spawn, because the parent is
 * threaded: between fork and exec nothing but the C library's own prepared steps may run.
 *
 * Descriptors are first duplicated above the range they shall get, then moved down in the child;
 * otherwise placing one could overwrite another that has not been placed yet. dup2 also drops the
 * close-on-exec mark, which it would not if number and target were the same.
 */
#include "os/process.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Options of the sanitizers' run times, so that a sanitizer build's child reports like its parent.
 */
static const char *const passed_on[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
	"LSAN_OPTIONS" };
static const char *const fixed[] = { "LC_ALL=C.UTF-8", "TZ=UTC", "PATH=/usr/bin:/bin" };

enum {
	PASSED_ON_COUNT = sizeof(passed_on) / sizeof(passed_on[0]),
	FIXED_COUNT = sizeof(fixed) / sizeof(fixed[0]),
};

static const char *minimal[FIXED_COUNT + PASSED_ON_COUNT + 1];
static pthread_once_t minimal_once = PTHREAD_ONCE_INIT;

static void build_minimal(void)
{
	size_t n = 0;
	for (size_t i = 0; i < FIXED_COUNT; i++)
		minimal[n++] = fixed[i];
	for (size_t i = 0; i < PASSED_ON_COUNT; i++) {
		const char *value = getenv(passed_on[i]);
		char *entry;
		if (!value)
			continue;
		CHECK(asprintf(&entry, "%s=%s", passed_on[i], value) >= 0);
		minimal[n++] = entry; /* kept for the life of the process */
	}
	minimal[n] = NULL;
}

const char *const *process_environment_minimal(void)
{
	pthread_once(&minimal_once, build_minimal);
	return minimal;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static int raise_fds(const struct process_settings *settings, int *raised, struct err *err)
{
	int floor = PROCESS_FIRST_FD + (int)settings->fd_count;
	for (size_t i = 0; i < settings->fd_count; i++) {
		raised[i] = fcntl(settings->fds[i], F_DUPFD_CLOEXEC, floor);
		if (raised[i] < 0) {
			int result = err_sys(err, "passing descriptor %d to %s", settings->fds[i],
				settings->program);
			close_all(raised, i);
			return result;
		}
	}
	return 0;
}

static void set_actions(posix_spawn_file_actions_t *actions, const int *raised, size_t count)
{
	CHECK(posix_spawn_file_actions_init(actions) == 0);
	CHECK(posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ==
		0);
	for (size_t i = 0; i < count; i++)
		CHECK(posix_spawn_file_actions_adddup2(
			      actions, raised[i], PROCESS_FIRST_FD + (int)i) == 0);
	CHECK(posix_spawn_file_actions_addclosefrom_np(actions, PROCESS_FIRST_FD + (int)count) ==
		0);
}

static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	sigemptyset(&none);
	sigfillset(&all);
	CHECK(posix_spawnattr_init(attributes) == 0);
	CHECK(posix_spawnattr_setsigmask(attributes, &none) == 0);
	CHECK(posix_spawnattr_setsigdefault(attributes, &all) == 0);
	CHECK(posix_spawnattr_setpgroup(attributes, 0) == 0);
	CHECK(posix_spawnattr_setflags(attributes,
		      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP) == 0);
}

/* posix_spawn takes arrays of char * for historical reasons and does not write to them. */
static char *const *unconst(const char *const *list)
{
	union {
		const char *const *from;
		char *const *to;
	} cast = { .from = list };
	return cast.to;
}

int process_start(const struct process_settings *settings, pid_t *pid, struct err *err)
{
	CHECK(settings->program && settings->fd_count <= PROCESS_FDS_MAX);
	int raised[PROCESS_FDS_MAX];
	int result = raise_fds(settings, raised, err);
	if (result < 0)
		return err_trace(err, result);
	const char *const own_name[] = { settings->program, NULL };
	const char *const *argv = settings->argv ? settings->argv : own_name;
	const char *const *environment =
		settings->environment ? settings->environment : process_environment_minimal();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	set_actions(&actions, raised, settings->fd_count);
	set_attributes(&attributes);
	int failure = posix_spawn(
		pid, settings->program, &actions, &attributes, unconst(argv), unconst(environment));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close_all(raised, settings->fd_count);
	if (failure != 0) {
		errno = failure;
		return err_sys(err, "starting %s", settings->program);
	}
	return 0;
}

int process_wait(pid_t pid, int *status, struct err *err)
{
	pid_t got;
	do {
		got = waitpid(pid, status, 0);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? err_sys(err, "waiting for process %d", (int)pid) : 0;
}

int process_kill(pid_t pid, struct err *err)
{
	CHECK(pid > 0);
	if (kill(pid, SIGKILL) != 0 && errno != ESRCH)
		return err_sys(err, "ending process %d", (int)pid);
	return 0;
}

uint64_t process_raise_file_limit(void)
{
	enum { ENOUGH = 65536 };
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	rlim_t wanted = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	limit.rlim_cur = wanted;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) ==
		0); /* below the hard limit it is always allowed */
	return wanted;
}

void process_describe_status(int status, char *out, size_t out_size)
{
	if (WIFEXITED(status)) {
		snprintf(out, out_size, "exited with code %d", WEXITSTATUS(status));
	} else if (WIFSIGNALED(status)) {
		const char *name = sigdescr_np(WTERMSIG(status));
		snprintf(out, out_size, "killed by signal %d (%s)", WTERMSIG(status),
			name ? name : "unknown");
	} else {
		snprintf(out, out_size, "ended with wait status 0x%x", (unsigned)status);
	}
}

int process_path_beside(struct arena *arena, const char *name, struct str *path, struct err *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	if (n < 0)
		return err_sys(err, "reading /proc/self/exe");
	size_t slash = str_rfind((struct str){ self, (size_t)n }, '/');
	if ((size_t)n >= sizeof(self) || slash == STR_NONE)
		return err_set(err, ENAMETOOLONG, "the path of the running program is too long");
	*path = arena_printf(arena, "%.*s/%s", (int)slash, self, name);
	return 0;
}
