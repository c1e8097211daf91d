/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clearing away uploads. A row is written before its file is made, and a file is removed before its
 * row, so every staged file has a row that leads to it, unless the power failed before the removal
 * of the file was on disk, or an older copy of the database was put back; such files are found by
 * their list. A row whose bytes are gone is what a crash between publishing a blob and
 * its commit leaves: the blob's file is then without a row, which harms nobody, and the next push
 * of the same content adopts it.
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
	int rc = blob_stage_discard(r->blobs, id, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = store_write(r->store, delete_row, &id, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static bool bytes_are_lost(struct registry *r, const struct store_upload *upload)
{
	if (!upload->offset)
		return false; /* nothing was promised */
	struct blob_stage *stage;
	if (blob_stage_open(r->blobs, upload->id, upload->offset, &stage, NULL) < 0)
		return true;
	blob_stage_close(&stage);
	return false;
}

static int sweep_page(struct registry *r, const struct page *page, struct err *err)
{
	int64_t oldest = clock_wall(r->clock) - keep_us;
	for (size_t i = 0; i < page->count; i++) {
		const struct store_upload *upload = &page->uploads[i];
		if (upload->updated_us >= oldest && !bytes_are_lost(r, upload))
			continue;
		int rc = registry_upload_drop(r, upload->id, err);
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

int registry_sweep_uploads(struct registry *r, struct err *err)
{
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
