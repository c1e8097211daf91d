/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads (contract in registry.h). The row says how many bytes are durable and what the running
 * digest was there; the staged file may hold more, which is cut off when the upload is opened.
 * Bytes go: stage → digest (intake.h), so the digest never knows of a byte the file lacks. A
 * suspended upload has its bytes synced before its row says so. A finished one is published, then
 * the database is told, then the staged bytes are discarded: so when the database cannot be told,
 * the upload is still there as its row says, and the closing request can be sent again. See sweep.c
 * for what a crash in between leaves.
 *
 * A write that failed spoils the open upload: nothing more is taken and its row stays at the last
 * durable offset, from where the client may go on when there is room again.
 */
#include "registry/private.h"

#include "base/cleanup.h"
#include "base/uuid.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "os/crash.h"
#include "os/file.h"

#include <stdlib.h>
#include <string.h>

enum { UPLOAD_MAGIC = 0x55706c64, REHASH_STEP = 256 << 10 };

struct registry_upload {
	unsigned magic;
	struct registry *registry;
	struct arena *arena; /* text of row */
	struct store_upload row;
	struct blob_stage *stage;
	struct intake intake; /* appends to stage, and holds the digest */
	uint64_t offset;
	uint64_t appended; /* so many of them are in the staged file */
	bool changed;	   /* bytes came that the row does not know */
	bool spoiled;	   /* a write failed */
};

struct row_request {
	struct arena *arena;
	struct str repository;
	struct str id;
	bool writing; /* asked for by a request that adds bytes */
	struct store_upload row;
};

static int insert_row(struct db_conn *c, void *argument, struct err *err)
{
	const struct store_upload *row = argument;
	int rc = registry_check_name(c, row->repository, STORE_LOCK_WRITE, err);
	return rc ? rc : store_upload_insert(c, row, err);
}

static int update_row(struct db_conn *c, void *argument, struct err *err)
{
	return store_upload_update(c, argument, err);
}

static int read_row(struct db_conn *c, void *argument, struct err *err)
{
	struct row_request *request = argument;
	int rc = store_upload_find(c, request->arena, request->id, &request->row, err);
	if (rc < 0)
		return err_trace(err, rc);
	/* An upload is known only under the repository it was started in. */
	if (rc == STORE_ABSENT || !str_eq(request->row.repository, request->repository))
		return REGISTRY_UPLOAD_UNKNOWN;
	return request->writing ? registry_check_name(c, request->repository, STORE_LOCK_WRITE, err)
				: 0;
}

static int find_row(struct registry *r, struct row_request *request, struct err *err)
{
	if (!oci_repository_valid(request->repository))
		return REGISTRY_NAME_INVALID;
	if (!uuid_valid(request->id))
		return REGISTRY_UPLOAD_UNKNOWN;
	return store_read(r->store, read_row, request, err);
}

int registry_upload_start(struct registry *r, struct str repository, char id[37], struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	uuid_random(id);
	int64_t now = clock_wall(r->clock);
	struct store_upload row = {
		.id = str_from(id),
		.repository = repository,
		.started_us = now,
		.updated_us = now,
	};
	/* Nothing is stored yet, so nothing is promised: an upload that a loss of power takes away
	 * is unknown, upon which clients start a new one. */
	int rc = store_write_relaxed(r->store, insert_row, &row, err);
	if (rc == 0)
		crash_point(CRASH_UPLOAD_STARTED);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

/* Called by the intake, on the thread that has the upload open. */
static int append_bytes(void *context, const void *bytes, size_t n, struct err *err)
{
	struct registry_upload *upload = context;
	const struct registry_hooks *hooks = &upload->registry->hooks;
	int rc = blob_stage_append(upload->stage, bytes, n, err);
	if (rc < 0)
		return err_trace(err, rc);
	crash_point(CRASH_UPLOAD_APPENDED);
	uint64_t before = upload->appended;
	upload->appended += n;
	if (hooks->upload_grew)
		hooks->upload_grew(
			hooks->context, upload->row.id, upload->stage, before, upload->appended);
	return 0;
}

static void free_upload(struct registry_upload *upload)
{
	intake_end(&upload->intake);
	if (upload->stage)
		blob_stage_close(&upload->stage);
	registry_busy_release(upload->registry, upload->row.id);
	arena_free(&upload->arena);
	upload->magic = 0;
	free(upload);
}

static int open_stage(struct registry_upload *upload, struct err *err)
{
	digest_init(&upload->intake.digest, DIGEST_SHA256);
	if (upload->row.digest_state.n) {
		int rc = digest_restore(&upload->intake.digest, upload->row.digest_state, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	upload->offset = upload->appended = upload->row.offset;
	struct registry *r = upload->registry;
	int rc = blob_stage_open(r->blobs, upload->row.id, upload->offset, &upload->stage, err);
	if (rc == BLOB_LOST) {
		/* The client is told that the upload is unknown, upon which clients start a new
		 * one. */
		rc = registry_upload_drop(r, upload->row.id, err);
		return rc < 0 ? err_trace(err, rc) : REGISTRY_UPLOAD_UNKNOWN;
	}
	return rc < 0 ? registry_storage(err_trace(err, rc)) : 0;
}

int registry_upload_open(struct registry *r, struct str repository, struct str id,
	struct registry_upload **upload, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct arena *arena = arena_new(0);
	struct row_request request = {
		.arena = arena, .repository = repository, .id = id, .writing = true
	};
	struct str own_id = arena_str(arena, id);
	/* Marked before the row is read, so that the row cannot change under the reader. */
	if (!registry_busy_take(r, own_id)) {
		arena_free(&arena);
		return REGISTRY_UPLOAD_BUSY;
	}
	int rc = find_row(r, &request, err);
	if (rc) {
		registry_busy_release(r, own_id);
		arena_free(&arena);
		return rc < 0 ? err_trace(err, rc) : rc;
	}
	struct registry_upload *opened = calloc(1, sizeof(*opened));
	CHECK(opened);
	opened->magic = UPLOAD_MAGIC;
	opened->registry = r;
	opened->arena = arena;
	opened->row = request.row;
	intake_init(&opened->intake, &r->intake, append_bytes, opened);
	rc = open_stage(opened, err);
	if (rc) {
		free_upload(opened);
		return rc;
	}
	*upload = opened;
	return 0;
}

uint64_t registry_upload_offset(const struct registry_upload *upload)
{
	CHECK_MAGIC(upload, UPLOAD_MAGIC);
	return upload->offset;
}

int registry_upload_write(
	struct registry_upload *upload, const void *bytes, size_t n, struct err *err)
{
	CHECK_MAGIC(upload, UPLOAD_MAGIC);
	if (upload->spoiled)
		return err_set(err, EIO, "a write to upload " STR_FMT " failed before",
			STR_ARG(upload->row.id));
	if (!n)
		return 0;
	int rc = intake_write(&upload->intake, bytes, n, err);
	if (rc < 0) {
		upload->spoiled = true;
		registry_upload_dropped(upload->registry, upload->row.id);
		return registry_storage(err_trace(err, rc));
	}
	upload->offset += n;
	upload->changed = true;
	return 0;
}

/* All bytes are in the staged file and in the digest then. */
static int settle(struct registry_upload *upload, struct err *err)
{
	int rc = intake_settle(&upload->intake, err);
	if (rc < 0) {
		upload->spoiled = true;
		registry_upload_dropped(upload->registry, upload->row.id);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int suspend(struct registry_upload *upload, struct err *err)
{
	if (upload->spoiled || !upload->changed)
		return 0;
	int rc = settle(upload, err);
	if (rc == 0)
		rc = blob_stage_sync(upload->stage, err);
	if (rc < 0)
		return registry_storage(err_trace(err, rc));
	crash_point(CRASH_UPLOAD_SYNCED);
	unsigned char state[DIGEST_STATE_MAX];
	size_t state_size = digest_save(&upload->intake.digest, state);
	upload->row.offset = upload->offset;
	upload->row.digest_state = (struct str){ (const char *)state, state_size };
	upload->row.updated_us = clock_wall(upload->registry->clock);
	rc = store_write(upload->registry->store, update_row, &upload->row, err);
	if (rc == 0)
		crash_point(CRASH_UPLOAD_SUSPENDED);
	if (rc < 0)
		return registry_storage(err_trace(err, rc));
	return rc == STORE_ABSENT ? REGISTRY_UPLOAD_UNKNOWN : 0;
}

int registry_upload_suspend(struct registry_upload **upload, struct err *err)
{
	CHECK_MAGIC(*upload, UPLOAD_MAGIC);
	struct registry_upload *taken = TAKE_PTR(*upload);
	int rc = suspend(taken, err);
	free_upload(taken);
	return rc;
}

/* The digest of an algorithm that was not known while the bytes came: they are read once more. */
static int rehash(struct registry_upload *upload, char out[DIGEST_TEXT_MAX], struct err *err)
{
	int fd = blob_stage_fd(upload->stage);
	if (fd < 0)
		return err_set(err, ENOTSUP, "this blob store cannot read an upload again");
	AUTO_FREE char *buffer = malloc(REHASH_STEP);
	CHECK(buffer);
	struct digest digest;
	digest_init(&digest, DIGEST_SHA512);
	for (uint64_t at = 0; at < upload->offset;) {
		uint64_t left = upload->offset - at;
		size_t n;
		int rc = file_read_at(
			fd, buffer, left < REHASH_STEP ? (size_t)left : REHASH_STEP, at, &n, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (!n)
			return err_set(err, EIO, "upload " STR_FMT " became shorter",
				STR_ARG(upload->row.id));
		digest_update(&digest, buffer, n);
		at += n;
	}
	digest_final(&digest, out);
	return 0;
}

/* 0: the bytes have this digest; REGISTRY_DIGEST_INVALID: they do not, or it is none. */
static int verify(struct registry_upload *upload, struct str asked, struct err *err)
{
	if (!oci_digest_valid(asked))
		return REGISTRY_DIGEST_INVALID;
	char actual[DIGEST_TEXT_MAX];
	if (str_eq(oci_digest_algorithm(asked), STR("sha256"))) {
		digest_final(&upload->intake.digest, actual);
	} else {
		int rc = rehash(upload, actual, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return str_eq(str_from(actual), asked) ? 0 : REGISTRY_DIGEST_INVALID;
}

struct blob_commit {
	struct registry_upload *upload;
	struct str digest;
};

static int commit_blob(struct db_conn *c, void *argument, struct err *err)
{
	const struct blob_commit *commit = argument;
	const struct registry_upload *upload = commit->upload;
	int64_t now = clock_wall(upload->registry->clock);
	int64_t repository;
	int rc = store_repository_ensure(c, upload->row.repository, now, &repository, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = registry_check_repository(c, repository, STORE_LOCK_WRITE, err);
	if (rc)
		return rc;
	rc = store_blob_put(c, repository, commit->digest, upload->offset, now, err);
	if (rc == 0)
		rc = store_gc_add(c, STORE_GC_LINK, repository, commit->digest, 0,
			registry_gc_now(upload->registry), err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = store_upload_delete(c, upload->row.id, err);
	if (rc == 0)
		crash_point(CRASH_BLOB_WRITTEN);
	return rc;
}

/* The digest is shared from before its file is there until its row is: so the collector cannot take
 * a file away that this upload found and relies on. */
static int publish(struct registry_upload *upload, struct str digest, struct err *err)
{
	struct registry *r = upload->registry;
	struct blob_commit commit = { .upload = upload, .digest = digest };
	registry_digest_share(r, digest);
	int rc = blob_publish(&upload->stage, digest, err);
	if (rc == 0) {
		crash_point(CRASH_PUBLISH_NAMED);
		rc = store_write(r->store, commit_blob, &commit, err);
	}
	registry_digest_unshare(r, digest);
	return rc;
}

static int finish(struct registry_upload *upload, struct str digest, struct err *err)
{
	struct registry *r = upload->registry;
	if (upload->spoiled)
		return err_set(err, EIO, "a write to upload " STR_FMT " failed before",
			STR_ARG(upload->row.id));
	int rc = settle(upload, err);
	if (rc < 0)
		return registry_storage(err_trace(err, rc));
	rc = verify(upload, digest, err);
	if (rc == REGISTRY_DIGEST_INVALID) {
		blob_stage_close(&upload->stage);
		rc = registry_upload_drop(r, upload->row.id, err);
		return rc < 0 ? err_trace(err, rc) : REGISTRY_DIGEST_INVALID;
	}
	if (rc < 0)
		return err_trace(err, rc);
	if (r->hooks.upload_verified)
		r->hooks.upload_verified(r->hooks.context, upload->row.id, upload->offset);
	crash_point(CRASH_UPLOAD_VERIFIED);
	rc = publish(upload, digest, err);
	if (rc == 0)
		crash_point(CRASH_BLOB_COMMITTED);
	if (rc) {
		registry_upload_dropped(r, upload->row.id);
		return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
	}
	/* What cannot be discarded now has no row any more, and the sweep finds it. */
	int ignored = blob_stage_discard(r->blobs, upload->row.id, NULL);
	(void)ignored;
	crash_point(CRASH_BLOB_SETTLED);
	return 0;
}

int registry_upload_finish(struct registry_upload **upload, struct str digest, struct err *err)
{
	CHECK_MAGIC(*upload, UPLOAD_MAGIC);
	struct registry_upload *taken = TAKE_PTR(*upload);
	struct registry *r = taken->registry;
	int rc = finish(taken, digest, err);
	if (rc == 0 && r->hooks.blob_committed)
		r->hooks.blob_committed(r->hooks.context, taken->row.id, digest, taken->offset);
	free_upload(taken);
	return rc;
}

int registry_upload_abandon(struct registry_upload **upload, struct err *err)
{
	CHECK_MAGIC(*upload, UPLOAD_MAGIC);
	struct registry_upload *taken = TAKE_PTR(*upload);
	blob_stage_close(&taken->stage);
	int rc = registry_upload_drop(taken->registry, taken->row.id, err);
	free_upload(taken);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : 0;
}

int registry_upload_cancel(
	struct registry *r, struct str repository, struct str id, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	if (!registry_busy_take(r, id))
		return REGISTRY_UPLOAD_BUSY;
	struct arena *arena = arena_new(0);
	struct row_request request = { .arena = arena, .repository = repository, .id = id };
	int rc = find_row(r, &request, err);
	if (rc == 0)
		rc = registry_upload_drop(r, id, err);
	registry_busy_release(r, id);
	arena_free(&arena);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

int registry_upload_status(
	struct registry *r, struct str repository, struct str id, uint64_t *offset, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct arena *arena = arena_new(0);
	struct row_request request = { .arena = arena, .repository = repository, .id = id };
	int rc = find_row(r, &request, err);
	if (rc == 0)
		*offset = request.row.offset;
	arena_free(&arena);
	return rc < 0 ? err_trace(err, rc) : rc;
}
