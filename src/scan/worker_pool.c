/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed number of seats, each with at most one worker process, which is started when the seat is
 * used for the first time and again after its worker was lost or has served its requests. A request
 * takes a free seat (or waits for one), has the conversation alone, and gives the seat back; the
 * seats behind the first ones are for requests that follow an upload. The
 * lock is held to take and give seats only, never during a conversation.
 *
 * What a worker says is not believed: results are decoded with all checks before they are used, and
 * a worker that breaks a rule is ended.
 */
#include "scan/worker_pool.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "os/process.h"
#include "os/thread.h"
#include "scan/worker_process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bounds what a slow leak in a library can cost; a start takes some milliseconds. */
enum { REQUESTS_PER_WORKER = 500, PROGRAM_MAX = 4096 };

static const struct worker_process none = { .socket = -1, .words = -1 };

struct seat {
	struct worker_process process;
	bool taken;
};

struct worker_pool {
	char program[PROGRAM_MAX];
	struct worker_budget budget;
	unsigned requests_per_worker;
	char sandbox[WORKER_WORDS_MAX];

	struct lock lock; /* protects what follows, and seats[].taken */
	struct lock_cond given;
	bool stopping;
	unsigned callers; /* threads inside a request */
	size_t count;	  /* of all seats */
	size_t followers; /* the last so many */
	struct seat *seats;
};

struct worker_budget worker_budget_default(void)
{
	return (struct worker_budget){
		.inflated_bytes = LIMIT_LAYER_INFLATED,
		.entries = LIMIT_LAYER_ENTRIES,
		.database_bytes = LIMIT_DATABASE_BYTES,
		.file_bytes = LIMIT_SPOOL_BYTES,
		.nested_bytes = LIMIT_NESTED_BYTES,
		.nested_entries = LIMIT_NESTED_ENTRIES,
		.nested_depth = LIMIT_NESTED_DEPTH,
		.memory_bytes = LIMIT_WORKER_BYTES,
		.wall_seconds = LIMIT_LAYER_SECONDS,
		.cpu_seconds = LIMIT_LAYER_SECONDS,
	};
}

static int find_program(struct worker_pool *pool, const char *program, struct err *err)
{
	struct arena *arena = arena_new(0);
	struct str path = str_from(program);
	int r = program ? 0 : process_path_beside(arena, "lazaret-worker", &path, err);
	if (r == 0)
		snprintf(pool->program, sizeof(pool->program), STR_FMT, STR_ARG(path));
	arena_free(&arena);
	if (r < 0)
		return err_wrap(err, r, "looking for lazaret-worker");
	if (access(pool->program, X_OK) < 0)
		return err_sys(err, "the worker program %s", pool->program);
	return 0;
}

int worker_pool_start(
	const struct worker_settings *settings, struct worker_pool **result, struct err *err)
{
	struct worker_pool *pool = calloc(1, sizeof(*pool));
	CHECK(pool);
	int r = find_program(pool, settings->program, err);
	if (r < 0) {
		free(pool);
		return err_trace(err, r);
	}
	pool->budget = settings->budget;
	pool->requests_per_worker =
		settings->requests_per_worker ? settings->requests_per_worker : REQUESTS_PER_WORKER;
	pool->followers = settings->followers;
	pool->count = (settings->count ? settings->count : processor_count()) + settings->followers;
	pool->seats = calloc(pool->count, sizeof(*pool->seats));
	CHECK(pool->seats);
	for (size_t i = 0; i < pool->count; i++)
		pool->seats[i].process = none;
	lock_init(&pool->lock, LOCK_WORKER_POOL);
	lock_cond_init(&pool->given);
	*result = pool;
	return 0;
}

void worker_pool_interrupt(struct worker_pool *pool)
{
	lock_take(&pool->lock);
	pool->stopping = true;
	lock_cond_broadcast(&pool->given);
	for (size_t i = 0; i < pool->count; i++)
		if (pool->seats[i].taken)
			worker_process_disturb(&pool->seats[i].process);
	lock_release(&pool->lock);
}

void worker_pool_stop(struct worker_pool **result)
{
	struct worker_pool *pool = *result;
	char reason[WORKER_WORDS_MAX];
	if (!pool)
		return;
	worker_pool_interrupt(pool);
	lock_take(&pool->lock);
	while (pool->callers)
		lock_cond_wait(&pool->given, &pool->lock);
	lock_release(&pool->lock);
	for (size_t i = 0; i < pool->count; i++)
		worker_process_end(&pool->seats[i].process, &pool->budget, reason);
	lock_cond_destroy(&pool->given);
	lock_destroy(&pool->lock);
	free(pool->seats);
	free(pool);
	*result = NULL;
}

static struct seat *free_seat(struct worker_pool *pool, bool follower)
{
	struct seat *found = NULL;
	size_t split = pool->count - pool->followers;
	for (size_t i = follower ? split : 0; i < (follower ? pool->count : split); i++) {
		struct seat *seat = &pool->seats[i];
		/* One that runs already is better than one that must be started. */
		if (!seat->taken && (!found || (seat->process.pid && !found->process.pid)))
			found = seat;
	}
	return found;
}

static int stopping(struct err *err)
{
	return err_set(err, ECANCELED, "the worker pool is stopping");
}

static int take_seat(struct worker_pool *pool, bool follower, struct seat **seat, struct err *err)
{
	lock_take(&pool->lock);
	pool->callers++;
	while (!pool->stopping && !(*seat = free_seat(pool, follower)))
		lock_cond_wait(&pool->given, &pool->lock);
	bool refused = pool->stopping;
	if (refused) {
		pool->callers--;
		lock_cond_broadcast(&pool->given);
	} else {
		(*seat)->taken = true;
	}
	lock_release(&pool->lock);
	if (refused)
		(void)stopping(err);
	return refused ? -ECANCELED : 0;
}

static void give_seat(struct worker_pool *pool, struct seat *seat)
{
	lock_take(&pool->lock);
	seat->taken = false;
	pool->callers--;
	lock_cond_broadcast(&pool->given);
	lock_release(&pool->lock);
}

static bool is_stopping(struct worker_pool *pool)
{
	lock_take(&pool->lock);
	bool answer = pool->stopping;
	lock_release(&pool->lock);
	return answer;
}

/* The process of a seat changes under the lock, because stopping looks at the seats of others. */
static void replace_process(
	struct worker_pool *pool, struct seat *seat, const struct worker_process *process)
{
	lock_take(&pool->lock);
	seat->process = *process;
	/* Started while the pool was being stopped: nobody would disturb its conversation. */
	if (pool->stopping)
		worker_process_disturb(&seat->process);
	lock_release(&pool->lock);
}

static void end_process(struct worker_pool *pool, struct seat *seat, char *reason)
{
	struct worker_process process = seat->process;
	replace_process(pool, seat, &none);
	worker_process_end(&process, &pool->budget, reason);
}

static void note_sandbox(struct worker_pool *pool, const char *words)
{
	lock_take(&pool->lock);
	bool first = !pool->sandbox[0];
	if (first)
		snprintf(pool->sandbox, sizeof(pool->sandbox), "%s", words);
	lock_release(&pool->lock);
	if (first && str_contains(str_from(words), STR("no landlock")))
		log_event(EV_SANDBOX_DEGRADED, F_CSTR("sandbox", words));
}

/* Makes sure that a worker sits there. */
static int staff_seat(struct worker_pool *pool, struct seat *seat, struct err *err)
{
	char reason[WORKER_WORDS_MAX];
	struct worker_process process = none;
	if (seat->process.pid && seat->process.requests >= pool->requests_per_worker)
		end_process(pool, seat, reason);
	if (seat->process.pid)
		return 0;
	int r = worker_process_start(&process, pool->program, &pool->budget, err);
	if (r < 0)
		return err_trace(err, r);
	note_sandbox(pool, process.sandbox);
	replace_process(pool, seat, &process);
	metric_add(M_WORKER_STARTS, 0, 0, 1);
	log_event(EV_WORKER_START, F_CSTR("sandbox", process.sandbox),
		F_U64("pid", (uint64_t)process.pid));
	return 0;
}

struct str worker_pool_sandbox(struct worker_pool *pool)
{
	struct seat *seat;
	struct err err = ERR_INIT;
	lock_take(&pool->lock);
	bool known = pool->sandbox[0] != '\0';
	lock_release(&pool->lock);
	if (!known && take_seat(pool, false, &seat, &err) == 0) {
		int r = staff_seat(pool, seat, &err);
		give_seat(pool, seat);
		if (r < 0)
			return STR("unknown: no worker can be started");
	}
	return str_from(pool->sandbox);
}

/* Sends the request; a worker that died while it was idle is replaced once. */
static int send_request(struct worker_pool *pool, struct seat *seat, enum worker_request_kind kind,
	int fd, struct str name, struct err *err)
{
	char reason[WORKER_WORDS_MAX];
	const struct worker_request request = {
		.kind = kind,
		.inflated_bytes = pool->budget.inflated_bytes,
		.entries = pool->budget.entries,
		.database_bytes = pool->budget.database_bytes,
		.file_bytes = pool->budget.file_bytes,
		.nested_bytes = pool->budget.nested_bytes,
		.nested_entries = pool->budget.nested_entries,
		.nested_depth = pool->budget.nested_depth,
		.name = name,
	};
	AUTO_STRBUF struct strbuf payload = STRBUF((size_t)frame_payload_max(FRAME_REQUEST));
	worker_request_encode(&request, &payload);
	int r = 0;
	for (int attempt = 0; attempt < 2; attempt++) {
		r = staff_seat(pool, seat, err);
		if (r < 0)
			return err_trace(err, r);
		seat->process.requests++;
		r = frame_send(seat->process.socket, FRAME_REQUEST, strbuf_view(&payload), fd, err);
		if (r == 0)
			return 0;
		end_process(pool, seat, reason);
	}
	return err_trace(err, r);
}

/*
 * What a request makes of an answer frame; socket is for words back to the worker. ANSWER_MORE:
 * there will be more frames. < 0: the frame breaks the protocol.
 */
enum { ANSWER_MORE = 1 };
typedef int answer_fn(void *context, int socket, const struct frame *frame, struct err *err);

struct request {
	enum worker_request_kind kind;
	int fd;
	struct str name;
	answer_fn *answer;
	void *context;
};

/* Ends the worker and words why. r is what the conversation came to. */
static void lose_worker(struct worker_pool *pool, struct seat *seat, int r, struct str name,
	const struct err *why, char *reason)
{
	char end[WORKER_WORDS_MAX];
	end_process(pool, seat, end);
	if (r == FRAME_LATE)
		snprintf(reason, WORKER_WORDS_MAX, "the worker took longer than %u s",
			pool->budget.wall_seconds);
	else if (r == FRAME_END || r == -EPIPE || r == -ECONNRESET)
		snprintf(reason, WORKER_WORDS_MAX, "%s", end);
	else
		snprintf(reason, WORKER_WORDS_MAX, "the worker broke its protocol: %.180s",
			err_text(why));
	metric_add(M_WORKER_LOST, 0, 0, 1);
	log_event(EV_WORKER_LOST, F_STR("name", name), F_CSTR("reason", reason));
}

/* 0: answered; 1: the worker was lost, reason says how; < 0: no worker. */
static int converse(struct worker_pool *pool, struct seat *seat, const struct request *request,
	char *reason, struct err *err)
{
	AUTO_STRBUF struct strbuf buffer = STRBUF((size_t)frame_payload_max(FRAME_ENTRY));
	struct err why = ERR_INIT;
	int r = send_request(pool, seat, request->kind, request->fd, request->name, err);
	if (r < 0)
		return err_trace(err, r);
	struct frame_deadline deadline = worker_process_allow(&seat->process, &pool->budget);
	do {
		struct frame frame;
		AUTO_CLOSE int passed = -1;
		int socket = seat->process.socket;
		r = frame_receive(socket, &deadline, &buffer, &frame, &passed, &why);
		if (r > 0)
			break;
		int64_t received = clock_monotonic(deadline.clock);
		if (r == 0)
			r = request->answer(request->context, socket, &frame, &why);
		/* An archive has the budget for each of its layers, a followed layer has it once:
		 * less what it waited for the client. */
		if (request->kind == WORKER_REQUEST_FOLLOW)
			deadline.at_us += clock_monotonic(deadline.clock) - received;
		else if (r == ANSWER_MORE)
			deadline = worker_process_allow(&seat->process, &pool->budget);
	} while (r == ANSWER_MORE);
	if (r == 0)
		return 0;
	if (is_stopping(pool))
		return stopping(err);
	lose_worker(pool, seat, r, request->name, &why, reason);
	return 1;
}

static int serve(
	struct worker_pool *pool, const struct request *request, char *reason, struct err *err)
{
	struct seat *seat;
	int r = take_seat(pool, request->kind == WORKER_REQUEST_FOLLOW, &seat, err);
	if (r < 0)
		return err_trace(err, r);
	r = converse(pool, seat, request, reason, err);
	give_seat(pool, seat);
	return r < 0 ? err_trace(err, r) : r;
}

struct layer_answer {
	struct arena *arena;
	struct layer_inventory *inventory;
	const struct worker_feed *feed; /* of a followed layer */
	struct worker_growth growth;	/* what the worker was told last */
};

/* A worker asks when it has read all it was told of, and only then. */
static int take_want(
	struct layer_answer *answer, int socket, const struct frame *frame, struct err *err)
{
	uint64_t have;
	AUTO_STRBUF struct strbuf payload = STRBUF((size_t)frame_payload_max(FRAME_GROWTH));
	int r = worker_want_decode(frame->payload, &have, err);
	if (r == 0 && (have != answer->growth.bytes || answer->growth.state != WORKER_GROWING))
		r = err_set(err, EPROTO, "it asks for what it was not told of");
	if (r < 0)
		return err_trace(err, r);
	answer->growth = answer->feed->more(answer->feed->context, have);
	worker_growth_encode(&answer->growth, &payload);
	r = frame_send(socket, FRAME_GROWTH, strbuf_view(&payload), -1, err);
	return r < 0 ? err_trace(err, r) : ANSWER_MORE;
}

static int take_layer(void *context, int socket, const struct frame *frame, struct err *err)
{
	struct layer_answer *answer = context;
	if (frame->kind == FRAME_WANT && answer->feed)
		return take_want(answer, socket, frame, err);
	if (frame->kind != FRAME_LAYER)
		return err_set(err, EPROTO, "an unexpected frame");
	int r = layer_inventory_decode(answer->arena, frame->payload, answer->inventory, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int serve_layer(struct worker_pool *pool, enum worker_request_kind kind, int fd,
	struct str name, struct layer_answer *answer, struct err *err)
{
	char reason[WORKER_WORDS_MAX];
	const struct request request = { kind, fd, name, take_layer, answer };
	int r = serve(pool, &request, reason, err);
	if (r < 0)
		return err_trace(err, r);
	if (r)
		*answer->inventory = (struct layer_inventory){ .state = LAYER_FAILED,
			.reason = arena_str(answer->arena, str_from(reason)) };
	return 0;
}

int worker_analyze_layer(struct worker_pool *pool, int fd, struct arena *arena, struct str name,
	struct layer_inventory *inventory, struct err *err)
{
	struct layer_answer answer = { .arena = arena, .inventory = inventory };
	return serve_layer(pool, WORKER_REQUEST_LAYER, fd, name, &answer, err);
}

int worker_follow_layer(struct worker_pool *pool, int fd, const struct worker_feed *feed,
	struct arena *arena, struct str name, struct layer_inventory *inventory, struct err *err)
{
	struct layer_answer answer = { .arena = arena, .inventory = inventory, .feed = feed };
	CHECK(pool->followers);
	return serve_layer(pool, WORKER_REQUEST_FOLLOW, fd, name, &answer, err);
}

struct archive_answer {
	struct arena *arena;
	struct archive_contents *contents;
	uint64_t bytes;
};

static int take_entry(struct archive_answer *answer, struct str payload, struct err *err)
{
	struct arena *arena = answer->arena;
	struct worker_entry entry;
	int r = worker_entry_decode(payload, &entry, err);
	if (r < 0)
		return err_trace(err, r);
	answer->bytes += payload.n;
	if (answer->contents->entries.n > LIMIT_ARCHIVE_ENTRIES ||
		answer->bytes > LIMIT_ARCHIVE_BYTES)
		return err_set(err, EPROTO, "more than an archive may hold");
	struct archive_entry made = {
		.path = arena_str(arena, entry.path),
		.link = arena_str(arena, entry.link),
		.json = arena_str(arena, entry.document),
	};
	if (entry.layer.n) {
		struct layer_inventory *layer = ARENA_NEW(arena, struct layer_inventory);
		r = layer_inventory_decode(arena, entry.layer, layer, err);
		if (r < 0)
			return err_trace(err, r);
		made.layer = layer;
	}
	AVEC_PUSH(arena, &answer->contents->entries, made);
	return ANSWER_MORE;
}

static int take_archive(void *context, int socket, const struct frame *frame, struct err *err)
{
	struct archive_answer *answer = context;
	(void)socket;
	struct worker_archive archive;
	if (frame->kind == FRAME_ENTRY)
		return take_entry(answer, frame->payload, err);
	if (frame->kind != FRAME_ARCHIVE)
		return err_set(err, EPROTO, "an unexpected frame");
	int r = worker_archive_decode(frame->payload, &archive, err);
	if (r < 0)
		return err_trace(err, r);
	answer->contents->state = archive.state;
	answer->contents->reason = arena_str(answer->arena, archive.reason);
	return 0;
}

int worker_analyze_archive(struct worker_pool *pool, int fd, struct arena *arena, struct str name,
	struct archive_contents *contents, struct err *err)
{
	char reason[WORKER_WORDS_MAX];
	struct archive_answer answer = { .arena = arena, .contents = contents };
	const struct request request = { WORKER_REQUEST_ARCHIVE, fd, name, take_archive, &answer };
	*contents = (struct archive_contents){ .state = LAYER_FAILED };
	int r = serve(pool, &request, reason, err);
	if (r < 0)
		return err_trace(err, r);
	if (r) {
		contents->state = LAYER_FAILED;
		contents->reason = arena_str(arena, str_from(reason));
	}
	return 0;
}
