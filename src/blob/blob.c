/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front of blob/ (contract in blob.h): checks every name before a driver sees it, then passes
 * on. Names become file names or object keys, so this is the one place that must not let "../" or
 * an empty name through; drivers rely on it.
 */
#include "blob/blob.h"

#include "base/hex.h"
#include "blob/driver.h"

enum { UPLOAD_ID_MAX = 64 };

static bool upload_id_valid(struct str id)
{
	if (id.n == 0 || id.n > UPLOAD_ID_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

static bool digest_valid(struct str digest)
{
	struct str algorithm;
	if (!str_cut(&digest, ':', &algorithm) || !hex_is_lower(digest))
		return false;
	return (str_eq(algorithm, STR("sha256")) && digest.n == 64) ||
	       (str_eq(algorithm, STR("sha512")) && digest.n == 128);
}

static int check_upload_id(struct str id, struct err *err)
{
	return upload_id_valid(id) ? 0
				   : err_set(err, EINVAL, "not an upload id: \"%.*s\"",
					     id.n > 80 ? 80 : (int)id.n, id.p ? id.p : "");
}

static int check_digest(struct str digest, struct err *err)
{
	return digest_valid(digest)
		       ? 0
		       : err_set(err, EINVAL, "not a digest: \"%.*s\"",
				 digest.n > 150 ? 150 : (int)digest.n, digest.p ? digest.p : "");
}

void blob_store_close(struct blob_store **store)
{
	if (*store)
		(*store)->driver->close(*store);
	*store = NULL;
}

int blob_stage_open(struct blob_store *store, struct str upload_id, uint64_t offset,
	struct blob_stage **stage, struct err *err)
{
	int result = check_upload_id(upload_id, err);
	if (result == 0)
		result = store->driver->stage_open(store, upload_id, offset, stage, err);
	if (result)
		return result < 0 ? err_trace(err, result) : result;
	CHECK((*stage)->store == store);
	return 0;
}

int blob_stage_append(struct blob_stage *stage, const void *bytes, size_t n, struct err *err)
{
	return stage->store->driver->stage_append(stage, bytes, n, err);
}

int blob_stage_sync(struct blob_stage *stage, struct err *err)
{
	return stage->store->driver->stage_sync(stage, err);
}

int blob_stage_fd(struct blob_stage *stage)
{
	return stage->store->driver->stage_fd(stage);
}

int blob_stage_reader(struct blob_stage *stage, int *fd, struct err *err)
{
	return stage->store->driver->stage_reader(stage, fd, err);
}

void blob_stage_close(struct blob_stage **stage)
{
	if (*stage)
		(*stage)->store->driver->stage_close(*stage);
	*stage = NULL;
}

int blob_stage_discard(struct blob_store *store, struct str upload_id, struct err *err)
{
	int result = check_upload_id(upload_id, err);
	return result < 0 ? err_trace(err, result)
			  : store->driver->stage_discard(store, upload_id, err);
}

int blob_stage_list(struct blob_store *store, struct arena *arena, struct str **ids, size_t *count,
	struct err *err)
{
	int result = store->driver->stage_list(store, arena, ids, count, err);
	return result < 0 ? err_trace(err, result) : 0;
}

int blob_publish(struct blob_stage **stage, struct str digest, struct err *err)
{
	CHECK(*stage);
	int result = check_digest(digest, err);
	if (result < 0) {
		blob_stage_close(stage);
		return err_trace(err, result);
	}
	struct blob_stage *publishing = *stage;
	*stage = NULL;
	return publishing->store->driver->publish(publishing, digest, err);
}

int blob_open(struct blob_store *store, struct str digest, int *fd, uint64_t *size, struct err *err)
{
	int result = check_digest(digest, err);
	return result < 0 ? err_trace(err, result)
			  : store->driver->open(store, digest, fd, size, err);
}

int blob_delete(struct blob_store *store, struct str digest, struct err *err)
{
	int result = check_digest(digest, err);
	return result < 0 ? err_trace(err, result) : store->driver->delete (store, digest, err);
}

int blob_delete_sync(struct blob_store *store, struct str digest, struct err *err)
{
	int result = check_digest(digest, err);
	return result < 0 ? err_trace(err, result) : store->driver->delete_sync(store, digest, err);
}

int blob_stage_peek(
	struct blob_store *store, struct str upload_id, bool *shared, int *fd, struct err *err)
{
	*shared = false;
	*fd = -1;
	int result = check_upload_id(upload_id, err);
	return result < 0 ? err_trace(err, result)
			  : store->driver->stage_peek(store, upload_id, shared, fd, err);
}

static int refuse_names(struct err *err)
{
	return err_set(err, ENOTSUP, "this blob store has no names but those of blobs");
}

int blob_files(struct blob_store *store, struct arena *arena, unsigned part,
	struct blob_file **files, size_t *count, struct err *err)
{
	CHECK(part < BLOB_PARTS);
	*files = NULL;
	*count = 0;
	if (!store->driver->files)
		return refuse_names(err);
	int result = store->driver->files(store, arena, part, files, count, err);
	for (size_t i = 0; i < *count; i++)
		if (!digest_valid((*files)[i].digest))
			(*files)[i].digest = STR_NULL;
	return result < 0 ? err_trace(err, result) : 0;
}

/* What blob_files() can have said: two or three names, none of them a way out. */
static bool path_valid(struct str path)
{
	struct str rest = path, name;
	unsigned depth = 0;
	while (str_cut(&rest, '/', &name)) {
		if (!name.n || str_eq(name, STR(".")) || str_eq(name, STR("..")) || ++depth > 3)
			return false;
	}
	return depth >= 2;
}

int blob_quarantine(struct blob_store *store, struct arena *arena, const struct blob_file *file,
	struct str *name, struct err *err)
{
	int result = 0;
	if (file->digest.n)
		result = check_digest(file->digest, err);
	else if (!path_valid(file->path))
		result = err_set(err, EINVAL, "not a path below blobs: \"" STR_FMT "\"",
			STR_ARG(file->path));
	if (result < 0)
		return err_trace(err, result);
	if (!store->driver->quarantine)
		return refuse_names(err);
	return store->driver->quarantine(store, arena, file, name, err);
}
