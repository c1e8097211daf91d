/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of repositories, tags and manifests: what may be done to them, when they came and last
 * changed. See store.h. What a lock forbids is decided in registry/; here it is only kept.
 */
#ifndef STORE_ATTRIBUTES_H
#define STORE_ATTRIBUTES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "db/db.h"
#include "store/content.h"

/* A set bit forbids. */
enum store_lock {
	STORE_LOCK_DELETE = 1 << 0,
	STORE_LOCK_WRITE = 1 << 1,
	STORE_LOCK_LIST = 1 << 2,
	STORE_LOCK_READ = 1 << 3,
};

/* --- locks */
int store_repository_locks(
	struct db_conn *c, int64_t repository, unsigned *locks, struct err *err) MUST_CHECK;
/* Locks of a tag, and of the manifest it points to. STORE_ABSENT: no such tag. */
struct store_tag_locks {
	unsigned tag;
	unsigned manifest;
	struct str digest; /* of the manifest */
};
int store_tag_locks(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct store_tag_locks *locks, struct err *err) MUST_CHECK;
/*
 * Whether the repository has a manifest that may not be deleted (by its own locks or by those of a
 * tag on it) and that is the digest, names it, or names an index that does: 0 or STORE_ABSENT.
 */
int store_lock_holds(
	struct db_conn *c, int64_t repository, struct str digest, struct err *err) MUST_CHECK;
/* Whether any tag or manifest of the repository may not be deleted: 0 or STORE_ABSENT. */
int store_lock_within(struct db_conn *c, int64_t repository, struct err *err) MUST_CHECK;

/* --- rows with everything the lists of attributes show */
struct store_repository_row {
	int64_t id;
	int64_t created_us;
	int64_t updated_us; /* newest change of it, of a manifest or of a tag */
	uint64_t manifest_count;
	uint64_t tag_count;
	unsigned locks;
};
/* STORE_ABSENT: no such repository, or it holds no manifest. */
int store_repository_row(struct db_conn *c, struct str name, struct store_repository_row *row,
	struct err *err) MUST_CHECK;

struct store_tag_row {
	struct str name;
	struct str digest;
	int64_t created_us;
	int64_t updated_us;
	unsigned locks;
};
struct store_manifest_row {
	int64_t id;
	struct str digest;
	struct str media_type;
	struct str config_media_type; /* empty: an index */
	struct str os, architecture;  /* empty: not known */
	enum store_manifest_kind kind;
	uint64_t size; /* manifest, configuration and layers */
	int64_t created_us;
	int64_t updated_us;
	unsigned locks;
};
int store_tag_row(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct store_tag_row *row, struct err *err) MUST_CHECK;
int store_manifest_row(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_manifest_row *row, struct err *err) MUST_CHECK;
/* Names of at most limit tags of a manifest, byte order. */
int store_manifest_tags(struct db_conn *c, struct arena *arena, int64_t manifest, size_t limit,
	struct str *tags, size_t *count, struct err *err) MUST_CHECK;

/* Pages: by name (tag or digest), or by time of the last change and then name. Rows whose lists are
 * locked are left out. */
enum store_order { STORE_BY_NAME, STORE_BY_TIME, STORE_BY_TIME_REVERSED };
struct store_page {
	enum store_order order;
	struct str last; /* exclusive start by name; empty: the beginning */
	int64_t last_us; /* by time: when the row named last had changed; without last: not read */
	size_t limit;
};
int store_tag_rows(struct db_conn *c, struct arena *arena, int64_t repository,
	const struct store_page *page, struct store_tag_row *rows, size_t *count,
	struct err *err) MUST_CHECK;
/* Tags of the manifest of one digest, by name whatever the order of the page. */
int store_tag_rows_of(struct db_conn *c, struct arena *arena, int64_t repository, struct str digest,
	const struct store_page *page, struct store_tag_row *rows, size_t *count,
	struct err *err) MUST_CHECK;
int store_manifest_rows(struct db_conn *c, struct arena *arena, int64_t repository,
	const struct store_page *page, struct store_manifest_row *rows, size_t *count,
	struct err *err) MUST_CHECK;

/* --- changes; STORE_ABSENT: nothing of that name */
int store_repository_set_locks(struct db_conn *c, int64_t repository, unsigned locks,
	int64_t now_us, struct err *err) MUST_CHECK;
int store_tag_set_locks(struct db_conn *c, int64_t repository, struct str tag, unsigned locks,
	int64_t now_us, struct err *err) MUST_CHECK;
int store_manifest_set_locks(struct db_conn *c, int64_t manifest, unsigned locks, int64_t now_us,
	struct err *err) MUST_CHECK;

/* --- the end of a repository, in steps that a transaction can take */
/* At most limit names, also of what no list shows. */
int store_every_tag(struct db_conn *c, struct arena *arena, int64_t repository, size_t limit,
	struct str *names, size_t *count, struct err *err) MUST_CHECK;
int store_every_manifest(struct db_conn *c, struct arena *arena, int64_t repository, size_t limit,
	struct str *digests, size_t *count, struct err *err) MUST_CHECK;
/* Removes its links to blobs and the row, and asks the garbage collector about the blobs; it must
 * hold no manifest. now_us: store/gc.h. */
int store_repository_remove(
	struct db_conn *c, int64_t repository, int64_t now_us, struct err *err) MUST_CHECK;

#endif
