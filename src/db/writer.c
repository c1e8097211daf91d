/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit (contract in writer.h). The thread takes waiting writes one by one into an open
 * transaction, each in a savepoint, until none waits or the batch is large or old enough; then one
 * COMMIT makes all of them durable and their callers are woken. While that fsync runs, the next
 * batch gathers by itself, so the batch size follows the load and nobody waits for a timer.
 *
 * A write that fails, or returns an outcome, is undone alone. Two things take a whole batch down:
 * a COMMIT that fails, and a failure after which the database has given up the transaction by
 * itself (full disk, I/O error). Then every caller of the batch whose write had been done gets that
 * error; nothing is run a second time behind the caller's back.
 *
 * Relaxed writes wait in a queue of their own and go first, in a transaction whose commit does not
 * sync: they pass between two syncs instead of waiting for the next. A stream of them cannot starve
 * the others, because after each of their batches a durable one has its turn.
 *
 * A request lives on its caller's stack; the writer must not touch it once it has set done.
 */
#include "db/writer.h"

#include "base/metrics.h"
#include "base/vec.h"
#include "os/clock.h"
#include "os/crash.h"
#include "os/thread.h"

#include <stdlib.h>

/* One transaction may hold so many writes and stay open for so long before it is committed. */
enum { BATCH_WRITES = 256, BATCH_US = 20000 };

struct request {
	db_fn fn;
	void *argument;
	struct err *err;
	int result;
	bool done;
	struct lock_cond woken;
	struct request *next;
};

struct db_writer {
	struct db_conn *conn;
	pthread_t thread;
	struct lock lock;
	struct lock_cond work;
	struct {
		struct request *first; /* waiting requests, oldest first */
		struct request **last;
	} queues[DB_WRITE_KINDS];
	bool stopping;
	bool durable;		     /* only the writer thread: how the connection commits */
	VEC(struct request *) batch; /* only the writer thread: taken, not answered yet */
};

static bool any_waits(const struct db_writer *writer)
{
	return writer->queues[DB_WRITE_RELAXED].first || writer->queues[DB_WRITE_DURABLE].first;
}

/* Waits until there is something to do. False: there is not, and there will not be. */
static bool wait_for_work(struct db_writer *writer)
{
	lock_take(&writer->lock);
	while (!any_waits(writer) && !writer->stopping)
		lock_cond_wait(&writer->work, &writer->lock);
	bool work = any_waits(writer);
	lock_release(&writer->lock);
	return work;
}

static struct request *take(struct db_writer *writer, enum db_write_kind kind)
{
	lock_take(&writer->lock);
	struct request *request = writer->queues[kind].first;
	if (request) {
		writer->queues[kind].first = request->next;
		if (!request->next)
			writer->queues[kind].last = &writer->queues[kind].first;
	}
	lock_release(&writer->lock);
	return request;
}

/* Wakes every caller of the batch; true when others wait already. */
static bool answer_all(struct db_writer *writer)
{
	lock_take(&writer->lock);
	for (size_t i = 0; i < writer->batch.n; i++) {
		struct request *request = writer->batch.items[i];
		request->done = true;
		lock_cond_signal(&request->woken);
	}
	bool busy = any_waits(writer);
	lock_release(&writer->lock);
	writer->batch.n = 0;
	return busy;
}

/* The writes done so far are lost; those that failed by themselves keep their own answer. */
static void fail_all(struct db_writer *writer, int result, const struct err *why)
{
	for (size_t i = 0; i < writer->batch.n; i++) {
		struct request *request = writer->batch.items[i];
		if (request->result != 0)
			continue;
		request->result = result;
		if (request->err)
			*request->err = *why;
	}
}

/* Runs one request in its savepoint. < 0: the transaction as a whole cannot go on. */
static int run_one(struct db_writer *writer, struct request *request, struct err *err)
{
	struct db_conn *conn = writer->conn;
	const struct db_driver *driver = conn->driver;
	int result = driver->savepoint(conn, err);
	if (result < 0)
		return err_trace(err, result);
	request->result = db_call(conn, request->fn, request->argument, request->err);
	if (!driver->in_transaction(conn))
		return request->result < 0
			       ? err_set(err, request->result,
					 "another write of the same commit failed: %s",
					 err_text(request->err))
			       : err_set(err, EIO, "the database gave up the transaction");
	if (request->result == 0)
		result = driver->savepoint_keep(conn, err);
	else
		result = driver->savepoint_undo(conn, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int choose_durability(struct db_writer *writer, bool durable, struct err *err)
{
	if (writer->durable == durable)
		return 0;
	int result = writer->conn->driver->set_durable(writer->conn, durable, err);
	if (result < 0)
		return err_trace(err, result);
	writer->durable = durable;
	return 0;
}

/* Fills one transaction, starting with first, and ends it. All of it is in writer->batch then. */
static void run_batch(struct db_writer *writer, enum db_write_kind kind, struct request *first)
{
	struct db_conn *conn = writer->conn;
	const struct db_driver *driver = conn->driver;
	struct err err = ERR_INIT;
	int64_t began = clock_monotonic(os_clock());
	struct request *request = first;
	int result = choose_durability(writer, kind == DB_WRITE_DURABLE, &err);
	if (result == 0)
		result = driver->begin(conn, DB_ROLE_WRITER, &err);
	for (;;) {
		VEC_PUSH(&writer->batch, request);
		if (result == 0)
			result = run_one(writer, request, &err);
		if (result < 0 || writer->batch.n >= BATCH_WRITES ||
			clock_monotonic(os_clock()) - began >= BATCH_US)
			break;
		request = take(writer, kind);
		if (!request)
			break;
	}
	if (result == 0) {
		crash_point(CRASH_COMMIT_FILLED);
		result = driver->commit(conn, &err);
	}
	if (result < 0) {
		driver->abandon(conn);
		fail_all(writer, result, &err);
		return;
	}
	crash_point(CRASH_COMMIT_DONE);
	metric_add(M_DB_COMMITS, 0, kind, 1);
}

static void writer_main(void *argument)
{
	struct db_writer *writer = argument;
	while (wait_for_work(writer)) {
		bool busy = false;
		for (int kind = 0; kind < DB_WRITE_KINDS; kind++) {
			struct request *first = take(writer, (enum db_write_kind)kind);
			if (!first)
				continue;
			run_batch(writer, (enum db_write_kind)kind, first);
			busy = answer_all(writer);
		}
		writer->conn->driver->housekeeping(writer->conn, busy);
	}
}

static void destroy(struct db_writer *writer)
{
	writer->conn->driver->disconnect(writer->conn);
	lock_cond_destroy(&writer->work);
	lock_destroy(&writer->lock);
	VEC_FREE(&writer->batch);
	free(writer);
}

int db_writer_start(struct db_conn *conn, struct db_writer **writer, struct err *err)
{
	struct db_writer *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->conn = conn;
	made->durable = true;
	for (int kind = 0; kind < DB_WRITE_KINDS; kind++)
		made->queues[kind].last = &made->queues[kind].first;
	lock_init(&made->lock, LOCK_DB_WRITER);
	lock_cond_init(&made->work);
	int result = thread_start("db-writer", writer_main, made, &made->thread, err);
	if (result < 0) {
		destroy(made);
		return err_trace(err, result);
	}
	*writer = made;
	return 0;
}

int db_writer_run(struct db_writer *writer, enum db_write_kind kind, db_fn fn, void *argument,
	struct err *err)
{
	/* Words of a failure are needed for others of the batch even when the caller wants none. */
	struct err own = ERR_INIT;
	struct request request = { .fn = fn, .argument = argument, .err = err ? err : &own };
	int64_t began = clock_monotonic(os_clock());
	lock_cond_init(&request.woken);
	lock_take(&writer->lock);
	CHECK(!writer->stopping);
	*writer->queues[kind].last = &request;
	writer->queues[kind].last = &request.next;
	lock_cond_signal(&writer->work);
	while (!request.done)
		lock_cond_wait(&request.woken, &writer->lock);
	lock_release(&writer->lock);
	lock_cond_destroy(&request.woken);
	metric_observe(M_DB_WRITE_SECONDS, 0, kind, clock_monotonic(os_clock()) - began);
	return request.result;
}

void db_writer_stop(struct db_writer **writer)
{
	struct db_writer *ending = *writer;
	*writer = NULL;
	if (!ending)
		return;
	lock_take(&ending->lock);
	ending->stopping = true;
	lock_cond_signal(&ending->work);
	lock_release(&ending->lock);
	thread_join(ending->thread);
	destroy(ending);
}
