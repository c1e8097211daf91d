/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs as one repository sees them (contract in registry.h). What exists is what the database
 * says; a row whose file is missing is damage and an error, never "unknown", because a client that
 * is told "unknown" would push again and hide the loss.
 */
#include "registry/private.h"

#include "oci/digest.h"
#include "oci/reference.h"
#include "os/crash.h"

#include <unistd.h>

struct blob_request {
	struct registry *registry;
	struct str repository;
	struct str from; /* of a mount; STR_NULL: any repository */
	struct str digest;
	bool pulled; /* its bytes are asked for */
	uint64_t size;
	struct gc_touch touch; /* of a look that renews the grace */
};

static int find_blob(struct db_conn *c, struct str repository, struct blob_request *request,
	int64_t *id, struct err *err)
{
	int rc = registry_find_repository(c, repository, id, err);
	if (rc)
		return rc;
	rc = store_blob_find(c, *id, request->digest, &request->size, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT)
		return REGISTRY_BLOB_UNKNOWN;
	return request->pulled ? registry_check_repository(c, *id, STORE_LOCK_READ, err) : 0;
}

static int read_blob(struct db_conn *c, void *argument, struct err *err)
{
	struct blob_request *request = argument;
	int64_t id;
	return find_blob(c, request->repository, request, &id, err);
}

static int read_for_push(struct db_conn *c, void *argument, struct err *err)
{
	struct blob_request *request = argument;
	int64_t id;
	int rc = find_blob(c, request->repository, request, &id, err);
	return rc ? rc : gc_touch_look(request->registry, c, id, &request->touch, err);
}

static int read_source(struct db_conn *c, void *argument, struct err *err)
{
	struct blob_request *request = argument;
	int rc;
	if (request->from.p) {
		int64_t id;
		rc = find_blob(c, request->from, request, &id, err);
		/* A source that may not be read offers nothing. */
		return rc > 0 ? REGISTRY_BLOB_UNKNOWN : rc;
	}
	rc = store_blob_held(c, request->digest, &request->size, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? REGISTRY_BLOB_UNKNOWN : 0;
}

static int link_blob(struct db_conn *c, void *argument, struct err *err)
{
	struct blob_request *request = argument;
	/* Again, in the transaction that relies on it. */
	int rc = read_source(c, request, err);
	if (rc)
		return rc;
	int64_t now = clock_wall(request->registry->clock);
	int64_t repository;
	rc = store_repository_ensure(c, request->repository, now, &repository, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = registry_check_repository(c, repository, STORE_LOCK_WRITE, err);
	if (rc)
		return rc;
	rc = store_blob_put(c, repository, request->digest, request->size, now, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = store_gc_add(c, STORE_GC_LINK, repository, request->digest, 0,
		registry_gc_now(request->registry), err);
	if (rc == 0)
		crash_point(CRASH_MOUNT_WRITTEN);
	return rc;
}

static int check_names(struct str repository, struct str digest)
{
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	return oci_digest_valid(digest) ? 0 : REGISTRY_DIGEST_INVALID;
}

static int stat_blob(struct registry *r, struct blob_request *request, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	int rc = check_names(request->repository, request->digest);
	if (rc)
		return rc;
	rc = store_read(r->store, read_blob, request, err);
	return rc < 0 ? err_trace(err, rc) : rc;
}

int registry_blob_stat(struct registry *r, struct str repository, struct str digest, uint64_t *size,
	struct err *err)
{
	struct blob_request request = { .repository = repository, .digest = digest };
	int rc = stat_blob(r, &request, err);
	if (rc == 0)
		*size = request.size;
	return rc;
}

int registry_blob_check(struct registry *r, struct str repository, struct str digest,
	uint64_t *size, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	int rc = check_names(repository, digest);
	if (rc)
		return rc;
	struct blob_request request = {
		.registry = r,
		.repository = repository,
		.digest = digest,
		.touch = { STORE_GC_LINK, repository, digest, false },
	};
	rc = store_read(r->store, read_for_push, &request, err);
	if (rc == 0 && request.touch.stale && !gc_touch_renew(r, &request.touch))
		rc = store_read(r->store, read_blob, &request, err);
	if (rc == 0)
		*size = request.size;
	return rc < 0 ? err_trace(err, rc) : rc;
}

int registry_blob_open(struct registry *r, struct str repository, struct str digest, int *fd,
	uint64_t *size, struct err *err)
{
	struct blob_request request = {
		.repository = repository, .digest = digest, .pulled = true
	};
	int rc = stat_blob(r, &request, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	uint64_t promised = request.size;
	rc = blob_open(r->blobs, digest, fd, size, err);
	if (rc == BLOB_ABSENT) {
		/* Between the two looks it may have been collected, and even put again. */
		rc = registry_blob_stat(r, repository, digest, &promised, err);
		if (rc > 0)
			return rc;
		if (rc == 0)
			rc = blob_open(r->blobs, digest, fd, size, err);
	}
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == BLOB_ABSENT)
		return err_set(
			err, EIO, "the bytes of blob " STR_FMT " are missing", STR_ARG(digest));
	if (*size != promised) {
		close(*fd);
		*fd = -1;
		return err_set(err, EIO, "blob " STR_FMT " has %llu bytes instead of %llu",
			STR_ARG(digest), (unsigned long long)*size, (unsigned long long)promised);
	}
	return 0;
}

int registry_blob_mount(struct registry *r, struct str repository, struct str from,
	struct str digest, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	int rc = check_names(repository, digest);
	if (rc)
		return rc;
	if (from.p && !oci_repository_valid(from))
		return REGISTRY_BLOB_UNKNOWN;
	struct blob_request request = {
		.registry = r,
		.repository = repository,
		.from = from,
		.digest = digest,
		.pulled = true,
	};
	/* Read first: most mounts that clients try on suspicion fail, and a read queues behind
	 * nobody. */
	rc = store_read(r->store, read_source, &request, err);
	if (rc == 0) {
		rc = store_write(r->store, link_blob, &request, err);
		if (rc == 0)
			crash_point(CRASH_MOUNT_COMMITTED);
	}
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

static int unlink_blob(struct db_conn *c, void *argument, struct err *err)
{
	struct blob_request *request = argument;
	int64_t repository;
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	rc = registry_check_kept(c, repository, request->digest, err);
	if (rc)
		return rc;
	rc = store_blob_unlink(c, repository, request->digest, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT)
		return REGISTRY_BLOB_UNKNOWN;
	/* The one about the repository finds no link, and then perhaps an empty repository. */
	int64_t now = registry_gc_now(request->registry);
	rc = store_gc_add(c, STORE_GC_LINK, repository, request->digest, 0, now, err);
	if (rc == 0)
		rc = store_gc_add(c, STORE_GC_BLOB, 0, request->digest, 0, now, err);
	if (rc == 0)
		crash_point(CRASH_BLOB_UNLINKED);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int registry_blob_delete(
	struct registry *r, struct str repository, struct str digest, struct err *err)
{
	uint64_t size;
	/* Read first: what is not there needs no writer. */
	int rc = registry_blob_stat(r, repository, digest, &size, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	struct blob_request request = { .registry = r, .repository = repository, .digest = digest };
	rc = store_write(r->store, unlink_blob, &request, err);
	if (rc == 0)
		crash_point(CRASH_BLOB_DELETED);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}
