/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector's last steps (idea in gc.c): files whose row is gone are unlinked, their
 * directories synced, then the orders withdrawn, in batches, so that one sync of the file system's
 * journal and one commit serve many. Each digest of the batch is taken meanwhile: an upload of it
 * waits these moments and then publishes its own file. One that an upload holds is left for the
 * next round; the upload will have withdrawn the order by then.
 */
#include "registry/gc_private.h"

#include "base/log.h"
#include "os/crash.h"

enum { BATCH = 64 };

/* A file that could not be removed is tried again after this. */
static const int64_t retry_us = (int64_t)600 * 1000000;

enum file_state { FILE_BUSY, FILE_KEPT, FILE_ORDERED, FILE_GONE, FILE_FAILED };

struct batch {
	struct gc_round *round;
	struct arena *arena;
	struct store_gc_candidate rows[BATCH];
	enum file_state states[BATCH];
	size_t count;
};

static int read_due(struct db_conn *c, void *argument, struct err *err)
{
	struct batch *batch = argument;
	return store_gc_due(c, batch->arena, STORE_GC_FILE, gc_until(batch->round, STORE_GC_FILE),
		BATCH, batch->rows, &batch->count, err);
}

/* Now that nobody can publish them: which orders still stand? */
static int read_orders(struct db_conn *c, void *argument, struct err *err)
{
	struct batch *batch = argument;
	for (size_t i = 0; i < batch->count; i++) {
		int64_t since;
		if (batch->states[i] == FILE_BUSY)
			continue;
		int rc = store_gc_find(c, STORE_GC_FILE, 0, batch->rows[i].digest, &since, err);
		if (rc < 0)
			return err_trace(err, rc);
		batch->states[i] = rc == 0 ? FILE_ORDERED : FILE_KEPT;
	}
	return 0;
}

static void failed(struct batch *batch, size_t i, const struct err *err)
{
	batch->states[i] = FILE_FAILED;
	batch->round->result->failures++;
	log_event(EV_GC_FAILED, F_STR("digest", batch->rows[i].digest), F_ERR(err));
}

static void remove_files(struct batch *batch)
{
	struct blob_store *blobs = batch->round->registry->blobs;
	for (size_t i = 0; i < batch->count; i++) {
		struct err err = ERR_INIT;
		if (batch->states[i] != FILE_ORDERED)
			continue;
		crash_point(CRASH_GC_FILE_CHOSEN);
		if (blob_delete(blobs, batch->rows[i].digest, &err) < 0) {
			failed(batch, i, &err);
			continue;
		}
		batch->states[i] = FILE_GONE;
		crash_point(CRASH_GC_FILE_UNLINKED);
	}
	/* After all of them: the first sync makes most of the others free. */
	for (size_t i = 0; i < batch->count; i++) {
		struct err err = ERR_INIT;
		if (batch->states[i] == FILE_GONE &&
			blob_delete_sync(blobs, batch->rows[i].digest, &err) < 0)
			failed(batch, i, &err);
		if (batch->states[i] == FILE_GONE)
			crash_point(CRASH_GC_FILE_SYNCED);
	}
}

static int write_orders(struct db_conn *c, void *argument, struct err *err)
{
	const struct batch *batch = argument;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < batch->count; i++) {
		struct str digest = batch->rows[i].digest;
		if (batch->states[i] == FILE_GONE)
			rc = store_gc_drop(c, STORE_GC_FILE, 0, digest, err);
		else if (batch->states[i] == FILE_FAILED)
			rc = store_gc_renew(c, STORE_GC_FILE, 0, digest,
				registry_gc_now(batch->round->registry) + retry_us, err);
		else if (batch->states[i] == FILE_BUSY)
			rc = store_gc_renew(
				c, STORE_GC_FILE, 0, digest, batch->round->now_us + 1, err);
	}
	if (rc == 0)
		crash_point(CRASH_GC_ORDER_WRITTEN);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static void count_gone(const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->states[i] != FILE_GONE)
			continue;
		batch->round->result->blobs++;
		batch->round->result->bytes += batch->rows[i].bytes;
	}
}

static int run_batch(struct batch *batch, struct err *err)
{
	struct registry *r = batch->round->registry;
	int rc = store_read(r->store, read_due, batch, err);
	if (rc < 0 || !batch->count)
		return rc;
	for (size_t i = 0; i < batch->count; i++)
		batch->states[i] =
			registry_digest_take(r, batch->rows[i].digest) ? FILE_KEPT : FILE_BUSY;
	bool taken[BATCH] = { false };
	for (size_t i = 0; i < batch->count; i++)
		taken[i] = batch->states[i] != FILE_BUSY;
	rc = store_read(r->store, read_orders, batch, err);
	if (rc == 0) {
		remove_files(batch);
		rc = store_write(r->store, write_orders, batch, err);
		if (rc == 0)
			crash_point(CRASH_GC_ORDER_GONE);
	}
	for (size_t i = 0; i < batch->count; i++)
		if (taken[i])
			registry_digest_give(r, batch->rows[i].digest);
	if (rc == 0)
		count_gone(batch);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int gc_remove_files(struct gc_round *round, struct err *err)
{
	struct batch batch = { .round = round };
	int rc = 0;
	do {
		batch.arena = arena_new(0);
		batch.count = 0;
		rc = run_batch(&batch, err);
		arena_free(&batch.arena);
	} while (rc == 0 && batch.count == BATCH);
	return rc < 0 ? err_trace(err, rc) : 0;
}
