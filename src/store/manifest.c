/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables manifest and manifest_reference (contract in content.h). The bytes stand in the row
 * itself, so that serving a manifest is one look into one index.
 */
#include "store/sql.h"

/* What the image takes in the registry: what lists show as its size. */
static uint64_t total_bytes(const struct store_manifest *manifest)
{
	uint64_t total = manifest->bytes.n;
	for (size_t i = 0; i < manifest->references.n; i++) {
		const struct store_reference *reference = &manifest->references.items[i];
		if (reference->kind == STORE_REF_CHILD)
			continue;
		/* Sizes are what a client wrote: their sum may be anything. */
		if (__builtin_add_overflow(total, reference->size, &total) || total > INT64_MAX)
			return INT64_MAX;
	}
	return total;
}

static int find_id(
	struct db_conn *c, int64_t repository, struct str digest, int64_t *id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_ID);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	return 0;
}

static int insert_references(
	struct db_conn *c, const struct store_manifest *manifest, struct err *err)
{
	for (size_t i = 0; i < manifest->references.n; i++) {
		const struct store_reference *reference = &manifest->references.items[i];
		AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REFERENCE_INSERT);
		db_bind_i64(s, 1, manifest->id);
		sql_bind_u64(s, 2, i);
		db_bind_i64(s, 3, reference->kind);
		sql_bind_text(s, 4, reference->digest);
		sql_bind_text(s, 5, reference->media_type);
		sql_bind_u64(s, 6, reference->size);
		sql_bind_text(s, 7, reference->os);
		sql_bind_text(s, 8, reference->architecture);
		sql_bind_text(s, 9, reference->variant);
		db_bind_i64(s, 10, manifest->repository);
		int rc = sql_run(s, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return 0;
}

static int insert_row(struct db_conn *c, const struct store_manifest *manifest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_INSERT);
	db_bind_i64(s, 1, manifest->repository);
	sql_bind_text(s, 2, manifest->digest);
	sql_bind_text(s, 3, manifest->media_type);
	db_bind_i64(s, 4, manifest->kind);
	sql_bind_text(s, 5, manifest->artifact_type);
	sql_bind_text(s, 6, manifest->subject);
	sql_bind_u64(s, 7, total_bytes(manifest));
	db_bind_i64(s, 8, manifest->pushed_us);
	db_bind_blob(s, 9, manifest->bytes);
	sql_bind_text(s, 10, manifest->referrer_type);
	sql_bind_text(s, 11, manifest->os);
	sql_bind_text(s, 12, manifest->architecture);
	return sql_run(s, err);
}

int store_manifest_put(struct db_conn *c, struct store_manifest *manifest, struct err *err)
{
	int rc = find_id(c, manifest->repository, manifest->digest, &manifest->id, err);
	if (rc != STORE_ABSENT)
		return rc;
	rc = insert_row(c, manifest, err);
	if (rc < 0)
		return err_trace(err, rc);
	manifest->id = db_last_id(c);
	return insert_references(c, manifest, err);
}

static int take_only_row(
	struct db_stmt *s, struct arena *arena, struct store_manifest *manifest, struct err *err)
{
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	struct str bytes = db_col_blob(s, 8);
	*manifest = (struct store_manifest){
		.id = db_col_i64(s, 0),
		.repository = db_col_i64(s, 1),
		.digest = sql_text_column(s, arena, 2),
		.media_type = sql_text_column(s, arena, 3),
		.kind = (enum store_manifest_kind)db_col_i64(s, 4),
		.artifact_type = sql_text_column(s, arena, 5),
		.subject = sql_text_column(s, arena, 6),
		.pushed_us = db_col_i64(s, 7),
		.bytes = bytes.n ? arena_str(arena, bytes) : STR(""),
		.locks = (unsigned)db_col_i64(s, 9),
	};
	return 0;
}

int store_manifest_by_digest(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_manifest *manifest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_BY_DIGEST);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	return take_only_row(s, arena, manifest, err);
}

int store_manifest_by_tag(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str tag, struct store_manifest *manifest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_BY_TAG);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	int rc = take_only_row(s, arena, manifest, err);
	if (rc == 0)
		manifest->tag_locks = (unsigned)db_col_i64(s, 10);
	return rc;
}

int store_manifest_anywhere(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_manifest *manifest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_ANYWHERE);
	sql_bind_text(s, 1, digest);
	return take_only_row(s, arena, manifest, err);
}

int store_manifest_references(struct db_conn *c, struct arena *arena, int64_t manifest,
	struct store_manifest *out, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REFERENCE_LIST);
	db_bind_i64(s, 1, manifest);
	out->references.items = NULL;
	out->references.n = out->references.capacity = 0;
	int rc = db_step(s, err);
	for (; rc == DB_ROW; rc = db_step(s, err)) {
		struct store_reference reference = {
			.kind = (enum store_reference_kind)db_col_i64(s, 0),
			.digest = sql_text_column(s, arena, 1),
			.media_type = sql_text_column(s, arena, 2),
			.size = sql_u64_column(s, 3),
			.os = sql_text_column(s, arena, 4),
			.architecture = sql_text_column(s, arena, 5),
			.variant = sql_text_column(s, arena, 6),
		};
		AVEC_PUSH(arena, &out->references, reference);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_manifest_exists(struct db_conn *c, int64_t repository, struct str digest, struct err *err)
{
	int64_t id;
	return find_id(c, repository, digest, &id, err);
}

int store_manifest_stored(struct db_conn *c, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_STORED);
	sql_bind_text(s, 1, digest);
	return sql_one(s, err);
}

static int run_with_id(struct db_conn *c, enum sql statement, int64_t id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, statement);
	db_bind_i64(s, 1, id);
	return sql_run(s, err);
}

/* What waits for a verdict or has one: nothing asks for it any more. */
static int delete_image(struct db_conn *c, struct str digest, struct err *err)
{
	int rc = store_manifest_stored(c, digest, err);
	if (rc != STORE_ABSENT)
		return rc; /* another repository holds it */
	rc = store_image_delete(c, digest, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_manifest_delete(struct db_conn *c, int64_t repository, struct str digest,
	const struct store_gc_rules *rules, struct err *err)
{
	/* What points to the row goes first. */
	static const enum sql steps[] = { SQL_TAGS_DELETE_OF, SQL_REFERENCE_DELETE,
		SQL_MANIFEST_DELETE };
	int64_t id;
	int rc = find_id(c, repository, digest, &id, err);
	if (rc)
		return rc;
	rc = store_gc_add_freed(c, repository, id, digest, rules, err);
	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = run_with_id(c, steps[i], id, err);
	if (rc == 0)
		rc = delete_image(c, digest, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
