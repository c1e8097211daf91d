/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the coordinator: some that analyze layers (as many as workers, since each of them
 * blocks on one worker) and two that put images together. They are apart so that a pushed image
 * whose layers are all known gets its verdict at once, however many long layers are being read;
 * two, so that one image with an unusual number of packages does not hold up the others. Uploads
 * that are read while they come have threads of their own (follow.c).
 */
#include "scan/coordinator.h"

#include "base/log.h"
#include "scan/internal.h"

#include <stdlib.h>

enum { IMAGE_THREADS = 2, ATTEMPTS_MAX = 5, REFILL_PAGE = 500 };

/* --- layers */

static void layer_thread(void *argument)
{
	struct scan_coordinator *scan = argument;
	char digest[OCI_DIGEST_TEXT_MAX];
	bool wanted;
	while (scan_queue_take_layer(scan->queue, digest, &wanted)) {
		struct err err = ERR_INIT;
		int rc = scan_layer(scan, str_from(digest), wanted, &err);
		if (rc < 0 && !atomic_load(&scan->stopping))
			log_event(EV_SCAN_FAILED, F_CSTR("layer", digest), F_ERR(&err));
		scan_queue_layer_done(scan->queue, str_from(digest), rc == 0);
	}
}

/* --- images */

static void image_failed(
	struct scan_coordinator *scan, const struct scan_image_job *job, const struct err *why)
{
	struct err err = ERR_INIT;
	if (atomic_load(&scan->stopping)) {
		scan_queue_image_done(scan->queue, str_from(job->digest));
		return;
	}
	log_event(EV_SCAN_FAILED, F_CSTR("digest", job->digest),
		F_U64("attempt", job->attempts + 1), F_ERR(why));
	if (job->attempts + 1 < ATTEMPTS_MAX) {
		scan_queue_image_retry(scan->queue, str_from(job->digest));
		return;
	}
	/* When even this cannot be written the image stays pending: the next start tries again. */
	if (scan_image_give_up(scan, job, why, &err) < 0)
		log_event(EV_STORE_FAILED, F_CSTR("digest", job->digest), F_ERR(&err));
	scan_queue_image_done(scan->queue, str_from(job->digest));
}

struct refill {
	struct arena *arena;
	struct str after;
	struct str *digests;
	size_t count;
};

static int read_pending(struct db_conn *c, void *argument, struct err *err)
{
	struct refill *page = argument;
	return store_image_by_state(c, page->arena, IMAGE_PENDING, page->after, REFILL_PAGE,
		page->digests, &page->count, err);
}

/* Images that wait in the database: after a start, or when the queue was full. */
static void refill(struct scan_coordinator *scan)
{
	struct arena *arena = arena_new(0);
	struct refill page = {
		.arena = arena,
		.after = STR(""),
		.digests = ARENA_ARRAY(arena, REFILL_PAGE, struct str),
	};
	do {
		struct err err = ERR_INIT;
		page.count = 0;
		int rc = store_read(scan->settings.store, read_pending, &page, &err);
		if (rc < 0) {
			log_event(EV_STORE_FAILED, F_CSTR("work", "reading the scan queue"),
				F_ERR(&err));
			break;
		}
		for (size_t i = 0; i < page.count; i++)
			scan_queue_add_image(scan->queue, page.digests[i], false);
		if (page.count)
			page.after = page.digests[page.count - 1];
	} while (page.count == REFILL_PAGE && !atomic_load(&scan->stopping));
	arena_free(&arena);
}

static void run_image(struct scan_coordinator *scan, const struct scan_image_job *job)
{
	struct err err = ERR_INIT;
	int rc = scan_image(scan, job, &err);
	if (rc == SCAN_IMAGE_DONE)
		scan_queue_image_done(scan->queue, str_from(job->digest));
	else if (rc < 0)
		image_failed(scan, job, &err);
}

static void image_thread(void *argument)
{
	struct scan_coordinator *scan = argument;
	struct scan_image_job job;
	enum scan_take take;
	while ((take = scan_queue_take_image(scan->queue, &job)) != SCAN_TAKE_STOP) {
		if (take == SCAN_TAKE_REFILL)
			refill(scan);
		else
			run_image(scan, &job);
	}
}

/* --- life */

static int start_threads(struct scan_coordinator *scan, struct err *err)
{
	size_t layer_threads = scan->settings.threads ? scan->settings.threads : processor_count();
	size_t count = layer_threads + IMAGE_THREADS;
	scan->threads = calloc(count, sizeof(*scan->threads));
	CHECK(scan->threads);
	for (size_t i = 0; i < count; i++) {
		bool layers = i < layer_threads;
		int rc = thread_start(layers ? "scan-layer" : "scan-image",
			layers ? layer_thread : image_thread, scan, &scan->threads[i], err);
		if (rc < 0)
			return err_wrap(err, rc, "starting the scanner");
		scan->thread_count++;
	}
	int rc = scan_follows_start(scan, scan->settings.followers, &scan->follows, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int scan_start(const struct scan_settings *settings, struct scan_coordinator **out, struct err *err)
{
	struct scan_coordinator *scan = calloc(1, sizeof(*scan));
	CHECK(scan);
	scan->settings = *settings;
	scan->queue = scan_queue_new(settings->clock);
	scan->memory.failed = map_new();
	lock_init(&scan->memory.lock, LOCK_LEAF);
	*out = scan;
	int rc = start_threads(scan, err);
	if (rc < 0)
		scan_stop(out);
	return rc;
}

static void free_memory(struct scan_memory *memory)
{
	size_t cursor = 0;
	struct str key;
	void *value;
	while (map_next(memory->failed, &cursor, &key, &value))
		free(value);
	map_free(&memory->failed);
	lock_destroy(&memory->lock);
}

void scan_stop(struct scan_coordinator **slot)
{
	struct scan_coordinator *scan = *slot;
	if (!scan)
		return;
	atomic_store(&scan->stopping, true);
	scan_queue_stop(scan->queue);
	if (scan->follows)
		scan_follows_interrupt(scan->follows);
	if (scan->settings.workers)
		worker_pool_interrupt(scan->settings.workers);
	for (size_t i = 0; i < scan->thread_count; i++)
		thread_join(scan->threads[i]);
	scan_follows_stop(&scan->follows);
	scan_queue_free(&scan->queue);
	free_memory(&scan->memory);
	free(scan->threads);
	free(scan);
	*slot = NULL;
}

void scan_upload_grew(struct scan_coordinator *scan, struct str upload, struct blob_stage *stage,
	uint64_t before, uint64_t size)
{
	scan_follow_grew(scan->follows, upload, stage, before, size);
}

void scan_upload_verified(struct scan_coordinator *scan, struct str upload, uint64_t size)
{
	scan_follow_grown(scan->follows, upload, size);
}

void scan_upload_dropped(struct scan_coordinator *scan, struct str upload)
{
	scan_follow_give_up(scan->follows, upload);
}

void scan_blob_committed(
	struct scan_coordinator *scan, struct str upload, struct str digest, uint64_t size)
{
	if (!scan_follow_committed(scan->follows, upload, digest, size) && size >= 2)
		scan_queue_add_layer(scan->queue, digest);
}

void scan_manifest_committed(struct scan_coordinator *scan, struct str digest)
{
	scan_queue_add_image(scan->queue, digest, true);
}

size_t scan_backlog(struct scan_coordinator *scan)
{
	return scan_queue_backlog(scan->queue);
}
