/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clearing away uploads: the first step of a round of the collector (gc.c). A row is written before
 * its file is made, and normally a file is removed before its row, so every staged file has a row
 * that leads to it, unless the server ended or the power failed between a commit and the removal,
 * or an older copy of the database was put back; such files are found by their list. A crash
 * between publishing a blob and its commit leaves the upload as its row says, to be continued, and
 * the blob's file without a row. The next push of the same content adopts it; when the upload is
 * given up instead, its file still has the blob's name as a second one, which tells that there is
 * something to find: its digest is computed, and the collector is ordered to remove the file,
 * unless a row wants it.
 *
 * Requests may run meanwhile. An upload is marked busy while it is looked at and removed; one that
 * is busy is in use and therefore not old.
 */
#include "registry/private.h"

#include "base/cleanup.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "os/crash.h"
#include "os/file.h"

#include <stdlib.h>
#include <unistd.h>

enum { SWEEP_PAGE = 256, READ_STEP = 256 << 10 };

struct page {
	struct arena *arena;
	struct str after;
	struct store_upload uploads[SWEEP_PAGE];
	size_t count;
};

static int read_page(struct db_conn *c, void *argument, struct err *err)
{
	struct page *page = argument;
	return store_upload_list(
		c, page->arena, page->after, SWEEP_PAGE, page->uploads, &page->count, err);
}

static int delete_row(struct db_conn *c, void *argument, struct err *err)
{
	const struct str *id = argument;
	return store_upload_delete(c, *id, err);
}

struct order {
	struct registry *registry;
	struct str digest;
	uint64_t bytes;
};

static int write_order(struct db_conn *c, void *argument, struct err *err)
{
	const struct order *order = argument;
	uint64_t size;
	int rc = store_blob_size(c, order->digest, &size, err);
	if (rc != STORE_ABSENT)
		return rc < 0 ? err_trace(err, rc) : 0;
	return store_gc_add(c, STORE_GC_FILE, 0, order->digest, order->bytes,
		registry_gc_now(order->registry), err);
}

/* The file of that digest, if there is one, has no row: then it must go. */
static int order_removal(struct registry *r, struct digest *digest, struct err *err)
{
	char text[DIGEST_TEXT_MAX];
	AUTO_CLOSE int fd = -1;
	digest_final(digest, text);
	struct order order = { .registry = r, .digest = str_from(text) };
	int rc = blob_open(r->blobs, order.digest, &fd, &order.bytes, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : 0;
	rc = store_write(r->store, write_order, &order, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int find_published(struct registry *r, int fd, struct err *err)
{
	AUTO_FREE char *buffer = malloc(READ_STEP);
	CHECK(buffer);
	struct digest sha256;
	struct digest sha512;
	digest_init(&sha256, DIGEST_SHA256);
	digest_init(&sha512, DIGEST_SHA512);
	size_t n;
	uint64_t at = 0;
	do {
		int rc = file_read_at(fd, buffer, READ_STEP, at, &n, err);
		if (rc < 0)
			return err_trace(err, rc);
		digest_update(&sha256, buffer, n);
		digest_update(&sha512, buffer, n);
		at += n;
	} while (n == READ_STEP);
	int rc = order_removal(r, &sha256, err);
	return rc < 0 ? rc : order_removal(r, &sha512, err);
}

/* The staged bytes of an upload that is given up, and what of it was published without a row. */
static int discard(struct registry *r, struct str id, struct err *err)
{
	bool shared;
	AUTO_CLOSE int fd = -1;
	int rc = blob_stage_peek(r->blobs, id, &shared, &fd, err);
	if (rc == 0 && shared)
		rc = find_published(r, fd, err);
	if (rc == 0)
		rc = blob_stage_discard(r->blobs, id, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int registry_upload_drop(struct registry *r, struct str id, struct err *err)
{
	registry_upload_dropped(r, id);
	int rc = discard(r, id, err);
	if (rc < 0)
		return err_trace(err, rc);
	crash_point(CRASH_UPLOAD_DROPPED);
	rc = store_write(r->store, delete_row, &id, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

struct row_request {
	struct arena *arena;
	struct str id;
	struct store_upload row;
};

static int read_row(struct db_conn *c, void *argument, struct err *err)
{
	struct row_request *request = argument;
	return store_upload_find(c, request->arena, request->id, &request->row, err);
}

/* The page may be older than the last request to the upload: its row decides. */
static int drop_if_old(struct registry *r, struct arena *arena, struct str id, int64_t oldest,
	uint64_t *dropped, struct err *err)
{
	if (!registry_busy_take(r, id))
		return 0;
	struct row_request request = { .arena = arena, .id = id };
	int rc = store_read(r->store, read_row, &request, err);
	if (rc == 0 && request.row.updated_us < oldest) {
		rc = registry_upload_drop(r, id, err);
		*dropped += rc == 0;
	}
	registry_busy_release(r, id);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int sweep_page(
	struct registry *r, const struct page *page, uint64_t *dropped, struct err *err)
{
	int64_t oldest = registry_gc_now(r) - r->policy.upload_us;
	for (size_t i = 0; i < page->count; i++) {
		if (page->uploads[i].updated_us >= oldest)
			continue;
		int rc = drop_if_old(r, page->arena, page->uploads[i].id, oldest, dropped, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return 0;
}

struct orphans {
	struct arena *arena;
	struct str *ids; /* of staged files; after the read, of those without a row */
	size_t count;
};

static int keep_orphans(struct db_conn *c, void *argument, struct err *err)
{
	struct orphans *orphans = argument;
	size_t kept = 0;
	for (size_t i = 0; i < orphans->count; i++) {
		struct store_upload upload;
		struct str id = orphans->ids[i];
		int rc = store_upload_find(c, orphans->arena, id, &upload, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == STORE_ABSENT && uuid_valid(id)) /* what is not ours is left alone */
			orphans->ids[kept++] = id;
	}
	orphans->count = kept;
	return 0;
}

static int sweep_orphans(struct registry *r, struct arena *arena, struct err *err)
{
	struct orphans orphans = { .arena = arena };
	int rc = blob_stage_list(r->blobs, arena, &orphans.ids, &orphans.count, err);
	if (rc == 0)
		rc = store_read(r->store, keep_orphans, &orphans, err);
	for (size_t i = 0; rc == 0 && i < orphans.count; i++)
		rc = discard(r, orphans.ids[i], err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int registry_sweep_uploads(struct registry *r, uint64_t *dropped, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct page page = { .arena = arena_new(0), .after = STR("") };
	int rc;
	do {
		rc = store_read(r->store, read_page, &page, err);
		if (rc == 0)
			rc = sweep_page(r, &page, dropped, err);
		if (page.count)
			page.after = page.uploads[page.count - 1].id;
	} while (rc == 0 && page.count == SWEEP_PAGE);
	if (rc == 0)
		rc = sweep_orphans(r, page.arena, err);
	arena_free(&page.arena);
	return rc < 0 ? err_trace(err, rc) : 0;
}
