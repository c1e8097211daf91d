/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry semantics without HTTP: uploads, blobs, manifests, tags (OCI distribution
 * specification). Outcomes > 0 are the specification's error conditions (enum registry_outcome);
 * api/ turns them into wire errors. Any thread; no lock is wider than one upload or one repository
 * name.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"
#include "blob/blob.h"
#include "oci/manifest.h"
#include "store/store.h"

enum registry_outcome {
	REGISTRY_NAME_INVALID = 1,
	REGISTRY_NAME_UNKNOWN,
	REGISTRY_BLOB_UNKNOWN,
	REGISTRY_UPLOAD_UNKNOWN,
	REGISTRY_UPLOAD_BUSY,	 /* another request is writing to it */
	REGISTRY_RANGE_INVALID,	 /* chunk does not start where the upload ends */
	REGISTRY_DIGEST_INVALID, /* not a digest, or not the digest of the bytes */
	REGISTRY_SIZE_INVALID,
	REGISTRY_TAG_INVALID,
	REGISTRY_MANIFEST_INVALID,
	REGISTRY_MANIFEST_UNKNOWN,
	REGISTRY_MANIFEST_BLOB_UNKNOWN, /* names content that is not in the repository */
	REGISTRY_MANIFEST_TOO_LARGE,
	REGISTRY_LOCKED,       /* an attribute forbids it (attributes.h) */
	REGISTRY_STORAGE_FULL, /* ENOSPC or EDQUOT on the way in; nothing was changed */
};

struct registry; /* space: registry/gc.h */

struct registry_hooks {
	void *context;
	/* After a blob became durable (any blob: the caller decides what is worth analyzing).
	 * upload: the id of the upload it came by. */
	void (*blob_committed)(void *context, struct str upload, struct str digest, uint64_t size);
	/* After an image, artifact or index manifest was committed. */
	void (*manifest_committed)(void *context, struct str digest);
	/*
	 * For who reads an upload while it comes: bytes from before to size were taken (stage is
	 * borrowed); all size bytes are there and have the digest that the client named, durable or
	 * not; they will not become a blob after all. An upload that is left alone, or cut back to
	 * what is durable, is not told of: the next before shows it.
	 */
	void (*upload_grew)(void *context, struct str upload, struct blob_stage *stage,
		uint64_t before, uint64_t size);
	void (*upload_verified)(void *context, struct str upload, uint64_t size);
	void (*upload_dropped)(void *context, struct str upload);
};

int registry_new(struct store *store, struct blob_store *blobs, const struct clock *clock,
	const struct registry_hooks *hooks, struct registry **registry, struct err *err) MUST_CHECK;
void registry_free(struct registry **registry);
/* --- uploads. An open upload is exclusive: one request at a time. */
struct registry_upload;
int registry_upload_start(
	struct registry *r, struct str repository, char id[37], struct err *err) MUST_CHECK;
int registry_upload_open(struct registry *r, struct str repository, struct str id,
	struct registry_upload **upload,
	struct err *err) MUST_CHECK; /* NAME_INVALID, UPLOAD_UNKNOWN, UPLOAD_BUSY */
uint64_t registry_upload_offset(const struct registry_upload *upload);
int registry_upload_write(struct registry_upload *upload, const void *bytes, size_t n,
	struct err *err) MUST_CHECK; /* STORAGE_FULL */
/* Makes what came durable and leaves the upload open for later requests. Frees *upload in any case.
 */
int registry_upload_suspend(struct registry_upload **upload, struct err *err) MUST_CHECK;
/* Verifies, publishes, commits. On DIGEST_INVALID the bytes are dropped. Frees *upload in any case.
 */
int registry_upload_finish(
	struct registry_upload **upload, struct str digest, struct err *err) MUST_CHECK;
/* Removes an upload of whose id no client knows. Frees *upload in any case. */
int registry_upload_abandon(struct registry_upload **upload, struct err *err) MUST_CHECK;
int registry_upload_cancel(
	struct registry *r, struct str repository, struct str id, struct err *err) MUST_CHECK;
int registry_upload_status(struct registry *r, struct str repository, struct str id,
	uint64_t *offset, struct err *err) MUST_CHECK;

/* --- blobs, as seen from one repository */
int registry_blob_stat(struct registry *r, struct str repository, struct str digest, uint64_t *size,
	struct err *err) MUST_CHECK;
/* The same for a client that may rely on the blob in a push: renews its grace (registry/gc.h). */
int registry_blob_check(struct registry *r, struct str repository, struct str digest,
	uint64_t *size, struct err *err) MUST_CHECK;
int registry_blob_open(struct registry *r, struct str repository, struct str digest, int *fd,
	uint64_t *size, struct err *err) MUST_CHECK;
/*
 * from STR_NULL: from any repository that has it. Today everybody may read every repository, so
 * this shows nobody what they could not see; with access rights it must ask only what the client
 * may read.
 */
int registry_blob_mount(struct registry *r, struct str repository, struct str from,
	struct str digest, struct err *err) MUST_CHECK; /* BLOB_UNKNOWN */
/* The repository loses the blob, also when manifests in it name it: their pulls then fail. Other
 * repositories keep it, and its bytes stay until they are collected. NAME_UNKNOWN, BLOB_UNKNOWN */
int registry_blob_delete(
	struct registry *r, struct str repository, struct str digest, struct err *err) MUST_CHECK;

/* --- manifests */
struct registry_manifest {
	struct str digest;
	struct str media_type;
	struct str bytes;
	struct str subject; /* digest; empty: none */
	bool unreadable;    /* of _get: an attribute forbids to hand out the bytes */
};
struct registry_tags {
	const struct str *items;
	size_t count;
};
/* reference is a tag or a digest; tags (may be NULL) are set with a push by digest, all or none.
 * why (arena text) says what is wrong for the client on outcomes. */
int registry_manifest_put(struct registry *r, struct arena *arena, struct str repository,
	struct str reference, const struct registry_tags *tags, struct str content_type,
	struct str bytes, struct registry_manifest *stored, struct str *why,
	struct err *err) MUST_CHECK;
int registry_manifest_get(struct registry *r, struct arena *arena, struct str repository,
	struct str reference, struct registry_manifest *manifest, struct err *err) MUST_CHECK;
/* By digest: the manifest and every tag that points to it. By tag: that tag only. NAME_UNKNOWN,
 * MANIFEST_UNKNOWN */
int registry_manifest_delete(struct registry *r, struct str repository, struct str reference,
	struct err *err) MUST_CHECK;

/* --- lists: byte order, exclusive last (empty: from the start), at most limit; *more when there is
 * a next page */
struct str_list {
	VEC(struct str) items;
	bool more;
};
int registry_tags(struct registry *r, struct arena *arena, struct str repository, struct str last,
	size_t limit, struct str_list *tags, struct err *err) MUST_CHECK; /* NAME_UNKNOWN */
/*
 * Descriptors (JSON objects as text) of the manifests about a digest, by their own digests; type:
 * only of that artifactType, STR_NULL for all. A repository or digest nobody knows has none. The
 * page also ends where its manifests together reach the size one manifest may have. last_digest: of
 * the last descriptor, for the next page. DIGEST_INVALID
 */
int registry_referrers(struct registry *r, struct arena *arena, struct str repository,
	struct str subject, struct str type, struct str last, size_t limit,
	struct str_list *descriptors, struct str *last_digest, struct err *err) MUST_CHECK;
int registry_catalog(struct registry *r, struct arena *arena, struct str last, size_t limit,
	struct str_list *names, struct err *err) MUST_CHECK;

#endif
