/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lazaret-worker: the program that reads hostile bytes. It is started by lazaret with one end of a
 * socket pair as descriptor 3, shuts itself in (limits, Landlock, seccomp; in this order, because
 * the hash thread must exist before threads are forbidden), says hello with words about the box it
 * is in, and then answers requests one after the other until the socket ends. All it ever gets are
 * open descriptors, all it ever gives are frames.
 *
 * The worker ends when the server ends: its socket closes. A parent-death signal would be wrong
 * here, because it is sent when the *thread* that started the worker ends.
 *
 * It is linked without the network, database and storage code of the project, so that a worker that
 * has been taken over has nothing to work with.
 */
#include "base/cleanup.h"
#include "base/limits.h"
#include "cmd/worker.h"
#include "os/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_BROKEN = 3, PROBE_EXIT_MAX = 100 };

/* Memory one layer's inventory may take in the arena; the rest of the worker needs some 200 MiB. */
#define ARENA_CEILING ((size_t)512 << 20)

static const char usage[] = "usage: lazaret-worker [--memory BYTES]   (started by lazaret, with a "
			    "socket as descriptor 3)\n"
			    "       lazaret-worker --probe-sandbox    try to leave the sandbox; "
			    "exit status: ways found\n"
			    "       lazaret-worker --version | --help\n";

/* A failed allocation ends in abort(); the server shall say "memory", not "crash". */
static void on_abort(int signal_number)
{
	(void)signal_number;
	if (errno == ENOMEM)
		_exit(WORKER_EXIT_MEMORY);
}

static int complain(const char *what, const struct err *err)
{
	dprintf(STDERR_FILENO, "lazaret-worker: %s: %s\n", what, err_text(err));
	return EXIT_BROKEN;
}

/* From here on words about this worker go to whoever started it, not to the server's own output. */
static void use_words_pipe(void)
{
	struct stat status;
	if (fstat(WORKER_WORDS, &status) < 0 || !S_ISFIFO(status.st_mode))
		return;
	dup2(WORKER_WORDS, STDOUT_FILENO);
	dup2(WORKER_WORDS, STDERR_FILENO);
	close(WORKER_WORDS);
}

struct options {
	uint64_t memory_bytes;
	bool probe;
};

/* Everything up to the point where only descriptors that are open already are of use. */
static int enter_box(const struct options *options, struct worker *worker, char *words,
	size_t words_size, struct err *err)
{
	struct sandbox_limits limits = { .memory_bytes = options->memory_bytes };
	int abi = 0;
	struct sigaction action = { .sa_handler = on_abort };
	sigaction(SIGABRT, &action, NULL);
	prctl(PR_SET_NAME, "lazaret-worker", 0, 0, 0);
	worker->fault_plan = getenv("LAZARET_WORKER_FAULT");
	int r = sandbox_limit(&limits, err);
	if (r == 0)
		r = sandbox_enter_files(&abi, err);
	if (r == 0)
		r = hasher_start(&worker->hasher, err);
	if (r == 0)
		r = sandbox_enter_calls(err);
	if (r < 0)
		return err_trace(err, r);
	if (abi)
		snprintf(words, words_size, "seccomp, landlock %d, rlimits", abi);
	else
		snprintf(words, words_size, "seccomp, no landlock, rlimits");
	return 0;
}

void worker_inventory(struct worker *worker, const struct worker_request *request,
	const struct analyze_input *input)
{
	const struct analyze_budget budget = {
		.inflated_bytes = request->inflated_bytes,
		.entries = request->entries,
		.database_bytes = request->database_bytes,
		.file_bytes = request->file_bytes,
		.nested_bytes = request->nested_bytes,
		.nested_entries = request->nested_entries,
		.nested_depth = request->nested_depth,
	};
	struct layer_inventory inventory;
	arena_reset(worker->arena);
	analyze_layer(worker->arena, worker->hasher, input, &budget, &inventory);
	strbuf_clear(&worker->text);
	layer_inventory_encode(&inventory, &worker->text);
	if (!strbuf_failed(&worker->text))
		return;
	struct layer_inventory failed = { .state = LAYER_FAILED,
		.reason = STR("its inventory is larger than an inventory may be"),
		.digest = inventory.digest,
		.analyzers = inventory.analyzers };
	strbuf_clear(&worker->text);
	layer_inventory_encode(&failed, &worker->text);
}

int worker_layer(
	struct worker *worker, const struct worker_request *request, int fd, struct err *err)
{
	const struct analyze_input input = { .fd = fd };
	worker_inventory(worker, request, &input);
	int r = frame_send(worker->socket, FRAME_LAYER, strbuf_view(&worker->text), -1, err);
	return r < 0 ? err_trace(err, r) : 0;
}

typedef int request_fn(
	struct worker *worker, const struct worker_request *request, int fd, struct err *err);

static int answer(struct worker *worker, const struct frame *frame, int fd, struct err *err)
{
	static request_fn *const requests[] = {
		[WORKER_REQUEST_LAYER] = worker_layer,
		[WORKER_REQUEST_ARCHIVE] = worker_archive,
		[WORKER_REQUEST_FOLLOW] = worker_follow,
	};
	struct worker_request request;
	if (frame->kind != FRAME_REQUEST || fd < 0)
		return err_set(err, EPROTO, "not a request with a descriptor");
	int r = worker_request_decode(frame->payload, &request, err);
	if (r < 0)
		return err_trace(err, r);
	worker_fault(worker, request.name);
	r = requests[request.kind](worker, &request, fd, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int converse(struct worker *worker, struct err *err)
{
	AUTO_STRBUF struct strbuf buffer = STRBUF((size_t)frame_payload_max(FRAME_REQUEST));
	for (;;) {
		struct frame frame;
		AUTO_CLOSE int fd = -1;
		int r = frame_receive(worker->socket, NULL, &buffer, &frame, &fd, err);
		if (r == FRAME_END)
			return 0;
		if (r == 0)
			r = answer(worker, &frame, fd, err);
		if (r < 0)
			return err_trace(err, r);
	}
}

static int run(const struct options *options)
{
	struct err err = ERR_INIT;
	char words[64];
	struct worker worker = {
		.socket = WORKER_SOCKET,
		.text = STRBUF(LIMIT_INVENTORY_BYTES),
		.payload = STRBUF((size_t)frame_payload_max(FRAME_ENTRY)),
	};
	if (enter_box(options, &worker, words, sizeof(words), &err) < 0)
		return complain("cannot shut itself in", &err);
	if (options->probe) {
		unsigned open = sandbox_probe(WORKER_SOCKET);
		return (int)(open < PROBE_EXIT_MAX ? open : PROBE_EXIT_MAX);
	}
	worker.arena = arena_new(ARENA_CEILING);
	if (frame_send(worker.socket, FRAME_HELLO, str_from(words), -1, &err) < 0 ||
		converse(&worker, &err) < 0)
		return complain("the conversation broke", &err);
	return 0;
}

/*
 * The probe runs in a child that is shut in exactly like a worker, with a socket as descriptor 3;
 * this process passes on what it reports, because inside nothing can be written to a file.
 */
static int probe(const struct options *options)
{
	int pair[2];
	int status;
	char text[512];
	ssize_t n;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return EXIT_BROKEN;
	pid_t child = fork();
	if (child < 0)
		return EXIT_BROKEN;
	if (child == 0) {
		dup2(pair[1], WORKER_SOCKET);
		for (int fd = WORKER_SOCKET + 1; fd <= pair[0] || fd <= pair[1]; fd++)
			close(fd);
		_exit(run(options));
	}
	close(pair[1]);
	while ((n = read(pair[0], text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, (size_t)n) != n)
			return EXIT_BROKEN;
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return EXIT_BROKEN;
	return WEXITSTATUS(status);
}

static bool is_socket(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

int main(int argc, char **argv)
{
	struct options options = { .memory_bytes = LIMIT_WORKER_BYTES };
	struct str first = argc > 1 ? str_from(argv[1]) : STR_NULL;
	bool usable = argc == 1;

	if (argc == 2 && (str_eq(first, STR("--help")) || str_eq(first, STR("--version")))) {
		bool help = str_eq(first, STR("--help"));
		printf("%s", help ? usage : "lazaret-worker " LAZARET_VERSION "\n");
		return 0;
	}
	if (argc == 2 && str_eq(first, STR("--probe-sandbox")))
		usable = options.probe = true;
	if (argc == 3 && str_eq(first, STR("--memory")))
		usable = str_parse_u64(str_from(argv[2]), &options.memory_bytes);
	if (!usable || (!options.probe && !is_socket(WORKER_SOCKET))) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (options.probe)
		return probe(&options);
	use_words_pipe();
	/* Straight out: exit handlers of libraries expect calls that are forbidden by now. */
	_exit(run(&options));
}
