/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contract in pipeline.h. What the reader produces goes in batches through a ring: the reader fills
 * a batch, a parser turns its bytes into records, the caller consumes it and gives it back. Batches
 * are taken in the order of the ring by all three, so the order of the feeds is kept. A batch owns
 * an arena with the bytes, the trees of their JSON and the records; while a thread has a batch
 * nobody else touches it, and the lock guards only the states and the three positions.
 *
 * A batch ends at BATCH_BYTES, so a feed of giants (LIMIT_ADVISORY_BYTES each) has at most BATCHES
 * of them in flight; to keep those few, a giant also waits until the ring is empty before it.
 */
#include "advisory/pipeline.h"

#include "advisory/reader.h"
#include "base/limits.h"
#include "os/thread.h"

#include <stdlib.h>

enum { BATCHES = 8, BATCH_ITEMS = 128, BATCH_BYTES = 256 << 10, PARSERS_MAX = 4 };

enum item_kind { ITEM_BEGIN, ITEM_RECORD, ITEM_BAD, ITEM_END };

struct item {
	enum item_kind kind;
	bool whole;	  /* of ITEM_BEGIN */
	const char *path; /* of ITEM_BEGIN */
	struct str place; /* of ITEM_BEGIN the name */
	struct str text;  /* the bytes, or the reason of ITEM_BAD */
	bool parsed;
	struct record record;
	char digest[DIGEST_TEXT_MAX];
};

enum batch_state { BATCH_FREE, BATCH_READ, BATCH_PARSING, BATCH_PARSED };

struct batch {
	enum batch_state state;
	size_t n;
	size_t bytes;
	struct arena *arena;
	struct item items[BATCH_ITEMS];
};

struct pipeline {
	const char *const *paths;
	size_t path_count;
	const char *path;    /* being read; the reader's */
	struct batch *open;  /* being filled; the reader's, NULL: none */
	struct err read_err; /* the reader's until `read` is set */
	int read_result;
	struct lock lock;
	struct lock_cond change;
	/* Under lock. Positions count batches from the start; the place in the ring is the rest. */
	uint64_t filled, taken, consumed;
	bool read; /* the reader has ended */
	bool stop; /* nobody wants more */
	struct batch batches[BATCHES];
};

/* --- reading */

static struct batch *at(struct pipeline *pipeline, uint64_t position)
{
	return &pipeline->batches[position % BATCHES];
}

/* Hands the open batch on. */
static void close_batch(struct pipeline *pipeline)
{
	if (!pipeline->open)
		return;
	lock_take(&pipeline->lock);
	pipeline->open->state = BATCH_READ;
	pipeline->filled++;
	lock_cond_broadcast(&pipeline->change);
	lock_release(&pipeline->lock);
	pipeline->open = NULL;
}

/* Waits for a free batch (alone: until all before it are consumed); false: stopped. */
static bool open_batch(struct pipeline *pipeline, bool alone)
{
	lock_take(&pipeline->lock);
	struct batch *batch = at(pipeline, pipeline->filled);
	while (!pipeline->stop &&
		(batch->state != BATCH_FREE || (alone && pipeline->consumed < pipeline->filled)))
		lock_cond_wait(&pipeline->change, &pipeline->lock);
	bool stopped = pipeline->stop;
	lock_release(&pipeline->lock);
	if (stopped)
		return false;
	batch->n = batch->bytes = 0;
	pipeline->open = batch;
	return true;
}

/* Appends one item to the feed; text is copied. */
static int push(struct pipeline *pipeline, struct item item, struct err *err)
{
	bool giant = item.text.n > BATCH_BYTES;
	if (giant)
		close_batch(pipeline);
	if (!pipeline->open && !open_batch(pipeline, giant))
		return err_set(err, ECANCELED, "the import was stopped");
	struct batch *batch = pipeline->open;
	item.place = arena_str(batch->arena, item.place);
	item.text = arena_str(batch->arena, item.text);
	batch->items[batch->n++] = item;
	batch->bytes += item.text.n;
	if (batch->n == BATCH_ITEMS || batch->bytes >= BATCH_BYTES)
		close_batch(pipeline);
	return 0;
}

static int push_begin(void *context, struct str name, bool whole, struct err *err)
{
	struct pipeline *pipeline = context;
	int r = push(pipeline,
		(struct item){
			.kind = ITEM_BEGIN, .whole = whole, .path = pipeline->path, .place = name },
		err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int push_record(void *context, struct str place, struct str bytes, struct err *err)
{
	int r = push(
		context, (struct item){ .kind = ITEM_RECORD, .place = place, .text = bytes }, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int push_bad(void *context, struct str place, struct str reason, struct err *err)
{
	int r = push(
		context, (struct item){ .kind = ITEM_BAD, .place = place, .text = reason }, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int push_end(void *context, struct err *err)
{
	int r = push(context, (struct item){ .kind = ITEM_END }, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static void read_thread(void *argument)
{
	struct pipeline *pipeline = argument;
	const struct reader_sink sink = {
		.context = pipeline,
		.begin = push_begin,
		.record = push_record,
		.bad = push_bad,
		.end = push_end,
	};
	int r = 0;
	for (size_t i = 0; i < pipeline->path_count && r == 0; i++) {
		pipeline->path = pipeline->paths[i];
		r = reader_path(pipeline->path, &sink, &pipeline->read_err);
	}
	close_batch(pipeline);
	lock_take(&pipeline->lock);
	pipeline->read_result = r;
	pipeline->read = true;
	lock_cond_broadcast(&pipeline->change);
	lock_release(&pipeline->lock);
}

/* --- parsing */

/* scratch: of the thread, emptied after each record. */
static void parse_item(struct arena *scratch, struct arena *arena, struct item *item)
{
	struct err why = ERR_INIT;
	item->parsed = record_parse(scratch, item->text, &item->record, &why) == 0;
	if (item->parsed) {
		record_keep(arena, &item->record);
		digest_bytes(DIGEST_SHA256, item->text, item->digest);
	} else {
		item->text = arena_printf(arena, "%s", err_text(&why));
	}
	arena_reset(scratch);
}

/* The next batch to parse; NULL: there will be none. Under lock. */
static struct batch *next_to_parse(struct pipeline *pipeline)
{
	while (!pipeline->stop && pipeline->taken == pipeline->filled && !pipeline->read)
		lock_cond_wait(&pipeline->change, &pipeline->lock);
	if (pipeline->stop || pipeline->taken == pipeline->filled)
		return NULL;
	struct batch *batch = at(pipeline, pipeline->taken++);
	batch->state = BATCH_PARSING;
	return batch;
}

static void parse_thread(void *argument)
{
	struct pipeline *pipeline = argument;
	struct arena *scratch = arena_new(0);
	struct batch *batch;
	lock_take(&pipeline->lock);
	while ((batch = next_to_parse(pipeline))) {
		lock_release(&pipeline->lock);
		for (size_t i = 0; i < batch->n; i++)
			if (batch->items[i].kind == ITEM_RECORD)
				parse_item(scratch, batch->arena, &batch->items[i]);
		lock_take(&pipeline->lock);
		batch->state = BATCH_PARSED;
		lock_cond_broadcast(&pipeline->change);
	}
	lock_release(&pipeline->lock);
	arena_free(&scratch);
}

/* --- consuming */

static int consume_item(const struct pipeline_sink *sink, const struct item *item, struct err *err)
{
	const struct pipeline_record record = {
		.place = item->place,
		.digest = str_from(item->digest),
		.bytes = item->text.n,
		.record = item->parsed ? &item->record : NULL,
		.reason = item->parsed ? STR_NULL : item->text,
	};
	switch (item->kind) {
	case ITEM_BEGIN:
		return sink->begin(sink->context, item->path, item->place, item->whole, err);
	case ITEM_RECORD:
		return sink->record(sink->context, &record, err);
	case ITEM_BAD:
		return sink->bad(sink->context, item->place, item->text, err);
	case ITEM_END:
		break;
	}
	return sink->end(sink->context, err);
}

/* The next batch in order; NULL: all are consumed. */
static struct batch *next_to_consume(struct pipeline *pipeline)
{
	lock_take(&pipeline->lock);
	struct batch *batch = at(pipeline, pipeline->consumed);
	while (batch->state != BATCH_PARSED &&
		!(pipeline->read && pipeline->consumed == pipeline->filled))
		lock_cond_wait(&pipeline->change, &pipeline->lock);
	bool any = pipeline->consumed < pipeline->filled;
	lock_release(&pipeline->lock);
	return any ? batch : NULL;
}

static void give_back(struct pipeline *pipeline, struct batch *batch)
{
	arena_reset(batch->arena);
	lock_take(&pipeline->lock);
	batch->state = BATCH_FREE;
	pipeline->consumed++;
	lock_cond_broadcast(&pipeline->change);
	lock_release(&pipeline->lock);
}

static int consume(struct pipeline *pipeline, const struct pipeline_sink *sink, struct err *err)
{
	struct batch *batch;
	int r = 0;
	while (r == 0 && (batch = next_to_consume(pipeline))) {
		for (size_t i = 0; i < batch->n && r == 0; i++)
			r = consume_item(sink, &batch->items[i], err);
		give_back(pipeline, batch);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static struct pipeline *pipeline_new(const char *const *paths, size_t count)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	CHECK(pipeline);
	pipeline->paths = paths;
	pipeline->path_count = count;
	pipeline->read_err = ERR_INIT;
	lock_init(&pipeline->lock, LOCK_LEAF);
	lock_cond_init(&pipeline->change);
	for (size_t i = 0; i < BATCHES; i++)
		pipeline->batches[i].arena = arena_new(0);
	return pipeline;
}

static void pipeline_free(struct pipeline *pipeline)
{
	for (size_t i = 0; i < BATCHES; i++)
		arena_free(&pipeline->batches[i].arena);
	lock_cond_destroy(&pipeline->change);
	lock_destroy(&pipeline->lock);
	free(pipeline);
}

static void stop(struct pipeline *pipeline)
{
	lock_take(&pipeline->lock);
	pipeline->stop = true;
	lock_cond_broadcast(&pipeline->change);
	lock_release(&pipeline->lock);
}

int pipeline_run(
	const char *const *paths, size_t count, const struct pipeline_sink *sink, struct err *err)
{
	struct pipeline *pipeline = pipeline_new(paths, count);
	pthread_t threads[1 + PARSERS_MAX];
	size_t started = 0;
	size_t parsers = processor_count() < PARSERS_MAX ? processor_count() : PARSERS_MAX;
	/* Before there are threads: the seed of jansson's tables is made at its first use. */
	json_object_seed(0);
	int r = thread_start("feed-read", read_thread, pipeline, &threads[0], err);
	if (r == 0)
		started++;
	for (size_t i = 0; i < parsers && r == 0; i++) {
		r = thread_start("feed-parse", parse_thread, pipeline, &threads[started], err);
		if (r == 0)
			started++;
	}
	if (r == 0)
		r = consume(pipeline, sink, err);
	stop(pipeline);
	for (size_t i = 0; i < started; i++)
		thread_join(threads[i]);
	if (r == 0 && pipeline->read_result < 0) {
		if (err)
			*err = pipeline->read_err;
		r = pipeline->read_result;
	}
	pipeline_free(pipeline);
	return r < 0 ? err_trace(err, r) : 0;
}
