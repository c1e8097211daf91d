/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clearing away uploads (contract in registry.h). A row is written before its file is made, and
 * normally a file is removed before its row, so every staged file has a row that leads to it,
 * unless the server ended or the power failed between a commit and the removal, or an older copy of
 * the database was put back; such files are found by their list. A crash between publishing a blob
 * and its commit leaves the upload as its row says, to be continued, and the blob's file without a
 * row, which harms nobody: the next push of the same content adopts it.
 *
 * Requests may run meanwhile. An upload is marked busy while it is looked at and removed; one that
 * is busy is in use and therefore not old.
 */
#include "registry/private.h"

#include "base/uuid.h"

enum { SWEEP_PAGE = 256 };

static const int64_t keep_us = (int64_t)7 * 24 * 3600 * 1000000;

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

int registry_upload_drop(struct registry *r, struct str id, struct err *err)
{
	registry_upload_dropped(r, id);
	int rc = blob_stage_discard(r->blobs, id, err);
	if (rc < 0)
		return err_trace(err, rc);
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
static int drop_if_old(
	struct registry *r, struct arena *arena, struct str id, int64_t oldest, struct err *err)
{
	if (!registry_busy_take(r, id))
		return 0;
	struct row_request request = { .arena = arena, .id = id };
	int rc = store_read(r->store, read_row, &request, err);
	if (rc == 0 && request.row.updated_us < oldest)
		rc = registry_upload_drop(r, id, err);
	registry_busy_release(r, id);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int sweep_page(struct registry *r, const struct page *page, struct err *err)
{
	int64_t oldest = clock_wall(r->clock) - keep_us;
	for (size_t i = 0; i < page->count; i++) {
		if (page->uploads[i].updated_us >= oldest)
			continue;
		int rc = drop_if_old(r, page->arena, page->uploads[i].id, oldest, err);
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
		rc = blob_stage_discard(r->blobs, orphans.ids[i], err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int registry_sweep(struct registry *r, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct page page = { .arena = arena_new(0), .after = STR("") };
	int rc;
	do {
		rc = store_read(r->store, read_page, &page, err);
		if (rc == 0)
			rc = sweep_page(r, &page, err);
		if (page.count)
			page.after = page.uploads[page.count - 1].id;
	} while (rc == 0 && page.count == SWEEP_PAGE);
	if (rc == 0)
		rc = sweep_orphans(r, page.arena, err);
	arena_free(&page.arena);
	return rc < 0 ? err_trace(err, rc) : 0;
}
