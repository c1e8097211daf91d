/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of what the registry stores: repositories, blobs, uploads, manifests, tags. See store.h.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "db/db.h"

/* --- repositories */
int store_repository_find(
	struct db_conn *c, struct str name, int64_t *id, struct err *err) MUST_CHECK;
int store_repository_ensure(struct db_conn *c, struct str name, int64_t now_us, int64_t *id,
	struct err *err) MUST_CHECK;
/* Names after last (exclusive), byte order, only repositories that hold a manifest. */
int store_repository_list(struct db_conn *c, struct arena *arena, struct str last, size_t limit,
	struct str *names, size_t *count, struct err *err) MUST_CHECK;

/* --- blobs: global rows, visible in a repository through a link. A blob that was found damaged is
 * visible nowhere until it is put again, which makes it visible wherever it is linked. */
/* Also takes back an order to remove the file of that digest (store/gc.h). */
int store_blob_put(struct db_conn *c, int64_t repository, struct str digest, uint64_t size,
	int64_t now_us, struct err *err) MUST_CHECK;
int store_blob_find(struct db_conn *c, int64_t repository, struct str digest, uint64_t *size,
	struct err *err) MUST_CHECK;
int store_blob_size(struct db_conn *c, struct str digest, uint64_t *size,
	struct err *err) MUST_CHECK; /* any repository */
int store_blob_held(struct db_conn *c, struct str digest, uint64_t *size,
	struct err *err) MUST_CHECK; /* visible in any repository */
/* The blob is no longer visible in the repository; its row and its bytes stay, because others may
 * hold it. STORE_ABSENT: it was not. */
int store_blob_unlink(
	struct db_conn *c, int64_t repository, struct str digest, struct err *err) MUST_CHECK;
/* Its bytes are not what they should be. STORE_ABSENT: no such blob. */
int store_blob_condemn(struct db_conn *c, struct str digest, struct err *err) MUST_CHECK;
/* Its bytes were looked at and are right after all. STORE_ABSENT: no such blob. */
int store_blob_pardon(struct db_conn *c, struct str digest, struct err *err) MUST_CHECK;
struct store_blob_row {
	struct str digest;
	uint64_t size;
	bool damaged;
};
/* All blobs by digest, exclusive after (empty: from the start). */
int store_blob_list(struct db_conn *c, struct arena *arena, struct str after, size_t limit,
	struct store_blob_row *rows, size_t *count, struct err *err) MUST_CHECK;

/* --- what hangs on a digest; in arena, each once */
struct store_holder {
	int64_t repository;
	struct str name;
};
/* Repositories that hold the blob. */
int store_blob_holders(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_holder **holders, size_t *count, struct err *err) MUST_CHECK;
struct store_namer {
	int64_t manifest;
	struct str digest;
};
/* Manifests of a repository that name the digest as configuration, layer or child. */
int store_manifests_naming(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_namer **namers, size_t *count, struct err *err) MUST_CHECK;
struct store_stored_manifest {
	int64_t id;
	struct str digest;
	int64_t repository;
	struct str repository_name;
	struct str bytes;
};
/* All manifests of all repositories by id, exclusive after (0: from the start). */
int store_manifests_after(struct db_conn *c, struct arena *arena, int64_t after, size_t limit,
	struct store_stored_manifest *rows, size_t *count, struct err *err) MUST_CHECK;

/* --- totals; each costs one look-up */
struct store_totals {
	int64_t blobs;
	int64_t blob_bytes;
	int64_t uploads; /* neither finished nor given up */
};
int store_totals(struct db_conn *c, struct store_totals *totals, struct err *err) MUST_CHECK;

/* --- uploads */
struct store_upload {
	struct str id;
	struct str repository;	 /* by name: its row may not exist yet */
	uint64_t offset;	 /* durable bytes */
	struct str digest_state; /* saved state of the running digest (crypto/digest.h) */
	int64_t started_us;
	int64_t updated_us;
};
int store_upload_insert(
	struct db_conn *c, const struct store_upload *upload, struct err *err) MUST_CHECK;
int store_upload_find(struct db_conn *c, struct arena *arena, struct str id,
	struct store_upload *upload, struct err *err) MUST_CHECK;
/* offset, digest_state and updated_us. STORE_ABSENT: no such upload. */
int store_upload_update(
	struct db_conn *c, const struct store_upload *upload, struct err *err) MUST_CHECK;
int store_upload_delete(struct db_conn *c, struct str id, struct err *err) MUST_CHECK;
/* Uploads by id, exclusive after (empty: from the start). */
int store_upload_list(struct db_conn *c, struct arena *arena, struct str after, size_t limit,
	struct store_upload *uploads, size_t *count, struct err *err) MUST_CHECK;

/* --- manifests */
enum store_manifest_kind { STORE_IMAGE = 1, STORE_ARTIFACT = 2, STORE_INDEX = 3 };
enum store_reference_kind { STORE_REF_CONFIG = 1, STORE_REF_LAYER = 2, STORE_REF_CHILD = 3 };

struct store_reference {
	enum store_reference_kind kind;
	struct str digest;
	struct str media_type;
	uint64_t size;
	struct str os, architecture, variant; /* of an index entry */
};

struct store_manifest {
	int64_t id;
	int64_t repository;
	struct str digest;
	struct str media_type;
	enum store_manifest_kind kind;
	struct str artifact_type;
	struct str subject;
	struct str referrer_type; /* of insert: artifactType in the lists of its subject */
	struct str bytes;
	int64_t pushed_us;
	struct str os, architecture; /* of insert: as its configuration says, empty: not known */
	unsigned locks;		     /* enum store_lock, read */
	unsigned tag_locks;	     /* of the tag it was found by, read */
	VEC(struct store_reference)
	references; /* in order; filled on insert, read by _references */
};
/* Inserts unless (repository, digest) exists; sets manifest->id either way; outcome 0. */
int store_manifest_put(
	struct db_conn *c, struct store_manifest *manifest, struct err *err) MUST_CHECK;
int store_manifest_by_digest(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_manifest *manifest, struct err *err) MUST_CHECK;
int store_manifest_by_tag(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str tag, struct store_manifest *manifest, struct err *err) MUST_CHECK;
/* The manifest of that digest in any repository (scans work on digests). */
int store_manifest_anywhere(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_manifest *manifest, struct err *err) MUST_CHECK;
int store_manifest_references(struct db_conn *c, struct arena *arena, int64_t manifest,
	struct store_manifest *out, struct err *err) MUST_CHECK;
int store_manifest_exists(
	struct db_conn *c, int64_t repository, struct str digest, struct err *err) MUST_CHECK;
/* Whether any repository holds a manifest of that digest: 0 or STORE_ABSENT. */
int store_manifest_stored(struct db_conn *c, struct str digest, struct err *err) MUST_CHECK;
/* Removes the manifest, its references and the tags that point to it, and asks the garbage
 * collector about what it named. With the last manifest of a digest its image goes too: state and
 * package set. STORE_ABSENT: the repository has none of that digest. */
struct store_gc_rules;
int store_manifest_delete(struct db_conn *c, int64_t repository, struct str digest,
	const struct store_gc_rules *rules, struct err *err) MUST_CHECK;

/* Manifests of a repository about one subject, by digest. */
struct store_referrer {
	struct str digest;
	struct str media_type;
	struct str type; /* artifactType for its descriptor; empty: none */
	struct str bytes;
};
struct store_referrer_query {
	int64_t repository;
	struct str subject;
	struct str type;   /* only these; STR_NULL: all */
	struct str after;  /* exclusive; empty: from the start */
	size_t limit;	   /* rows */
	size_t byte_limit; /* no more rows once their bytes together reach this */
};
/* *more: there are rows behind the last one. */
int store_referrers(struct db_conn *c, struct arena *arena,
	const struct store_referrer_query *query, struct store_referrer *rows, size_t *count,
	bool *more, struct err *err) MUST_CHECK;

/* --- tags */
int store_tag_put(struct db_conn *c, int64_t repository, struct str tag, int64_t manifest,
	int64_t now_us, struct err *err) MUST_CHECK;
int store_tag_delete(struct db_conn *c, int64_t repository, struct str tag,
	struct err *err) MUST_CHECK; /* the tag alone; STORE_ABSENT */
int store_tag_list(struct db_conn *c, struct arena *arena, int64_t repository, struct str last,
	size_t limit, struct str *tags, size_t *count, struct err *err) MUST_CHECK;
/* Tags of one manifest, byte order, comma separated (empty when none). */
int store_tags_of(struct db_conn *c, struct arena *arena, int64_t manifest, struct str *tags,
	struct err *err) MUST_CHECK;

/* One row per (repository, manifest), for lists of images; ordered by (repository name, digest). */
struct store_image_row {
	struct str repository;
	struct str digest;
	struct str media_type;
	struct str artifact_type;
	enum store_manifest_kind kind;
	struct str tags;
	int64_t pushed_us;
	int64_t manifest;
	uint64_t size; /* manifest, config and layers */
};
struct store_image_cursor {
	struct str repository; /* exclusive start; empty: the beginning */
	struct str digest;
};
/* only_repository: STR_NULL for all. */
int store_image_rows(struct db_conn *c, struct arena *arena, struct str only_repository,
	const struct store_image_cursor *after, size_t limit, struct store_image_row *rows,
	size_t *count, struct err *err) MUST_CHECK;

#endif
