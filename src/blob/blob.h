/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-addressed storage of bytes behind a driver table: files (driver "fs"), memory (for tests)
 * and a wrapper that injects faults. A blob becomes visible only by blob_publish(), which makes
 * bytes and name durable (fsync file, name it, fsync directory) before it returns. The store holds
 * no opinion on who may see a blob: the database says what exists. Nor does it hash: the caller has
 * verified the digest it publishes under. Upload ids are 1 to 64 of [A-Za-z0-9-]; digests are
 * "sha256:" or "sha512:" and lower-case hex; anything else is -EINVAL.
 *
 * Threads: any thread; one staged upload belongs to one thread at a time.
 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct blob_store;
struct blob_stage; /* bytes on their way in; named by upload id, survives a restart */

int blob_store_open_fs(const char *root, struct blob_store **store, struct err *err) MUST_CHECK;
int blob_store_open_memory(struct blob_store **store, struct err *err) MUST_CHECK;
void blob_store_close(struct blob_store **store);

enum { BLOB_ABSENT = 1 };

/*
 * Opens the stage of an upload for appending, created when absent. offset is how many bytes the
 * database says are there: a longer file is cut to it. Outcome BLOB_LOST: fewer bytes are there.
 */
enum { BLOB_LOST = 1 };
int blob_stage_open(struct blob_store *store, struct str upload_id, uint64_t offset,
	struct blob_stage **stage, struct err *err) MUST_CHECK;
/* After a failure the stage holds what it held before the call; where even that could not be had,
 * every further call on it fails. */
int blob_stage_append(
	struct blob_stage *stage, const void *bytes, size_t n, struct err *err) MUST_CHECK;
/* Bytes so far, and the stage itself, are durable. After a failure nobody can know which of them
 * are: they are dropped, so that no later success can hide the loss, and the upload starts again.
 */
int blob_stage_sync(struct blob_stage *stage, struct err *err) MUST_CHECK;
/* A descriptor to read the staged bytes from, owned by the stage; -1 where the driver has none. */
int blob_stage_fd(struct blob_stage *stage);
/* Another one, read-only, with a position of its own and owned by the caller, for a reader that
 * goes along while the stage grows. Outcome BLOB_ABSENT: the driver has none. */
int blob_stage_reader(struct blob_stage *stage, int *fd, struct err *err) MUST_CHECK;
void blob_stage_close(struct blob_stage **stage); /* keeps the bytes */
/* Removes the bytes of a closed stage; absent: 0. */
int blob_stage_discard(struct blob_store *store, struct str upload_id, struct err *err) MUST_CHECK;

/*
 * For stages that are given up: *shared says whether a published blob has the same bytes, *fd (the
 * caller's) reads them then, else it is -1. Changes nothing; absent: not shared.
 */
int blob_stage_peek(struct blob_store *store, struct str upload_id, bool *shared, int *fd,
	struct err *err) MUST_CHECK;

/* Ids of all stages there are, in no order, in arena. For clearing away what nobody continues. */
int blob_stage_list(struct blob_store *store, struct arena *arena, struct str **ids, size_t *count,
	struct err *err) MUST_CHECK;

/*
 * Durable publication under "sha256:<hex>". An existing blob is success. Closes *stage in every
 * case. The staged bytes stay for blob_stage_open() and another try until the caller discards them,
 * which it does when its own record of the blob is durable; they are gone only when their fsync
 * failed (see blob_stage_sync). What is done to such a stage later never changes the blob.
 */
int blob_publish(struct blob_stage **stage, struct str digest, struct err *err) MUST_CHECK;

/* A read-only descriptor owned by the caller, and the size. Outcome BLOB_ABSENT. */
int blob_open(struct blob_store *store, struct str digest, int *fd, uint64_t *size,
	struct err *err) MUST_CHECK;
int blob_delete(
	struct blob_store *store, struct str digest, struct err *err) MUST_CHECK; /* absent: 0 */
/* An earlier blob_delete() of that digest is durable. */
int blob_delete_sync(struct blob_store *store, struct str digest, struct err *err) MUST_CHECK;

/*
 * --- for a check of everything while nobody else uses the store
 *
 * All names there are, in parts from 0 to BLOB_PARTS - 1 (so that nobody holds them all at once),
 * in no order, in arena. -ENOTSUP: the driver has no names but those of blobs.
 */
enum { BLOB_PARTS = 2 * 257 };
struct blob_file {
	struct str path;   /* below blobs/, for people */
	struct str digest; /* STR_NULL: no blob is kept under such a name */
	bool shared;	   /* with an upload that is not finished */
};
int blob_files(struct blob_store *store, struct arena *arena, unsigned part,
	struct blob_file **files, size_t *count, struct err *err) MUST_CHECK;
/*
 * Moves what lies under the digest of file, or without one under its path, out of the way and
 * durably, never over anything: *name (in arena) is what it is called in quarantine/. Outcome
 * BLOB_ABSENT. -ENOTSUP as above.
 */
int blob_quarantine(struct blob_store *store, struct arena *arena, const struct blob_file *file,
	struct str *name, struct err *err) MUST_CHECK;

#endif
