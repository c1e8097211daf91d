/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, limiting and ending worker processes, and the words for how one ended. Memory is
 * limited by the worker itself as it starts; processor time from here before each request (what it
 * has used so far, plus the budget), because a worker serves many requests and its sandbox does not
 * let it move its own limits.
 *
 * Its stdout and stderr are a pipe of ours: in its box it can write to no file, so words for a log
 * file would be lost, and what a worker says in the terminal or log of the server must not pass for
 * the server's own. The pipe is read when the worker has ended; it never blocks the worker, and
 * what does not fit is lost.
 */
#include "scan/worker_process.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* From start to hello: process start, linking, a sanitizer's preparations on a busy machine. */
enum { START_SECONDS = 30, ENVIRONMENT_MAX = 64, SAID_MAX = 2000 };

/* The test switch of the worker is the only variable of ours that it gets. */
static void fill_environment(const char *environment[ENVIRONMENT_MAX], struct arena *arena)
{
	const char *const *minimal = process_environment_minimal();
	const char *fault = getenv("LAZARET_WORKER_FAULT");
	size_t n = 0;
	for (; n < ENVIRONMENT_MAX - 2 && minimal[n]; n++)
		environment[n] = minimal[n];
	if (fault)
		environment[n++] = arena_printf(arena, "LAZARET_WORKER_FAULT=%s", fault).p;
	environment[n] = NULL;
}

static int spawn(struct worker_process *process, const char *program,
	const struct worker_budget *budget, struct err *err)
{
	const char *environment[ENVIRONMENT_MAX];
	char memory[24];
	int pair[2];
	int pipe_ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "making a socket pair");
	AUTO_CLOSE int theirs = pair[1];
	AUTO_CLOSE int ours = pair[0];
	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "making a pipe");
	AUTO_CLOSE int words = pipe_ends[0];
	AUTO_CLOSE int their_words = pipe_ends[1];
	const int passed[] = { theirs, their_words };
	snprintf(memory, sizeof(memory), "%" PRIu64, budget->memory_bytes);
	const char *const arguments[] = { program, "--memory", memory, NULL };
	struct arena *arena = arena_new(0);
	fill_environment(environment, arena);
	const struct process_settings settings = {
		.program = program,
		.argv = arguments,
		.environment = environment,
		.fds = passed,
		.fd_count = sizeof(passed) / sizeof(passed[0]),
	};
	int r = process_start(&settings, &process->pid, err);
	arena_free(&arena);
	if (r < 0)
		return err_wrap(err, r, "starting %s", program);
	process->socket = TAKE_FD(ours);
	process->words = TAKE_FD(words);
	process->requests = 0;
	return 0;
}

static int hear_hello(struct worker_process *process, struct err *err)
{
	const struct clock *clock = os_clock();
	const struct frame_deadline deadline = { clock,
		clock_monotonic(clock) + (int64_t)START_SECONDS * 1000000 };
	AUTO_STRBUF struct strbuf buffer = STRBUF((size_t)frame_payload_max(FRAME_HELLO));
	AUTO_CLOSE int passed = -1;
	struct frame frame;
	int r = frame_receive(process->socket, &deadline, &buffer, &frame, &passed, err);
	if (r < 0)
		return err_trace(err, r);
	if (r == FRAME_LATE)
		return err_set(err, ETIMEDOUT, "it did not get ready in %d s", START_SECONDS);
	if (r == FRAME_END || frame.kind != FRAME_HELLO)
		return err_set(err, EPROTO, "it ended before it was ready");
	snprintf(process->sandbox, sizeof(process->sandbox), STR_FMT, STR_ARG(frame.payload));
	return 0;
}

int worker_process_start(struct worker_process *process, const char *program,
	const struct worker_budget *budget, struct err *err)
{
	char reason[WORKER_WORDS_MAX];
	int r = spawn(process, program, budget, err);
	if (r < 0)
		return err_trace(err, r);
	r = hear_hello(process, err);
	if (r < 0) {
		worker_process_end(process, budget, reason);
		return err_wrap(err, r, "the worker %s (%s)", program, reason);
	}
	return 0;
}

static void describe_end(int status, const struct worker_budget *budget, char *reason)
{
	char words[PROCESS_STATUS_TEXT];
	if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_MEMORY) {
		snprintf(reason, WORKER_WORDS_MAX,
			"the worker used more than its %" PRIu64 " MiB of memory",
			budget->memory_bytes >> 20);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
		snprintf(reason, WORKER_WORDS_MAX,
			"the worker used more than its %u s of processor time",
			budget->cpu_seconds);
	} else {
		process_describe_status(status, words, sizeof(words));
		snprintf(reason, WORKER_WORDS_MAX, "the worker %s%s",
			WIFSIGNALED(status) ? "was " : "", words);
	}
}

/* The beginning of what it wrote; a sanitizer's report says the most there. */
static void pass_words_on(struct worker_process *process)
{
	char text[SAID_MAX];
	ssize_t n = process->words < 0 ? -1 : read(process->words, text, sizeof(text));
	if (n > 0)
		log_event(EV_WORKER_SAID, F_U64("pid", (uint64_t)process->pid),
			F_STR("words", str_trim((struct str){ text, (size_t)n })));
	if (process->words >= 0)
		close(process->words);
	process->words = -1;
}

void worker_process_end(
	struct worker_process *process, const struct worker_budget *budget, char *reason)
{
	struct err ignored = ERR_INIT;
	int status = 0;
	reason[0] = '\0';
	if (process->socket >= 0)
		close(process->socket);
	process->socket = -1;
	if (!process->pid)
		return;
	/* One that has ended by itself keeps its own status: the signal changes nothing then. */
	if (process_kill(process->pid, &ignored) == 0 &&
		process_wait(process->pid, &status, &ignored) == 0)
		describe_end(status, budget, reason);
	pass_words_on(process);
	process->pid = 0;
}

void worker_process_disturb(struct worker_process *process)
{
	if (process->socket >= 0)
		shutdown(process->socket, SHUT_RDWR);
}

static void allow_processor_time(pid_t pid, unsigned seconds)
{
	clockid_t processor;
	struct timespec used;
	struct rlimit limit;
	if (!seconds || clock_getcpuclockid(pid, &processor) != 0 ||
		clock_gettime(processor, &used) < 0 || prlimit(pid, RLIMIT_CPU, NULL, &limit) < 0)
		return;
	limit.rlim_cur = (rlim_t)used.tv_sec + 1 + seconds;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	/* A worker that is gone already shows itself in the conversation. */
	(void)prlimit(pid, RLIMIT_CPU, &limit, NULL);
}

struct frame_deadline worker_process_allow(
	const struct worker_process *process, const struct worker_budget *budget)
{
	const struct clock *clock = os_clock();
	allow_processor_time(process->pid, budget->cpu_seconds);
	return (struct frame_deadline){ clock,
		clock_monotonic(clock) + (int64_t)budget->wall_seconds * 1000000 };
}
