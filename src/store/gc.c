/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table gc_candidate (contract in gc.h). Each answer is one look into an index within the
 * repository concerned, so that what a base layer costs does not depend on how many others use it.
 */
#include "store/sql.h"

static struct db_stmt *take_for(struct db_conn *c, enum sql id, enum store_gc_kind kind,
	int64_t repository, struct str digest)
{
	struct db_stmt *s = sql_take(c, id);
	db_bind_i64(s, 1, kind);
	db_bind_i64(s, 2, repository);
	sql_bind_text(s, 3, digest);
	return s;
}

int store_gc_add(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	uint64_t bytes, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = take_for(c, SQL_GC_ADD, kind, repository, digest);
	db_bind_i64(s, 4, now_us);
	sql_bind_u64(s, 5, bytes);
	return sql_run(s, err);
}

int store_gc_drop(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = take_for(c, SQL_GC_DROP, kind, repository, digest);
	return sql_run(s, err);
}

int store_gc_find(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	int64_t *since_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = take_for(c, SQL_GC_FIND, kind, repository, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*since_us = db_col_i64(s, 0);
	return 0;
}

int store_gc_renew(struct db_conn *c, enum store_gc_kind kind, int64_t repository,
	struct str digest, int64_t since_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = take_for(c, SQL_GC_RENEW, kind, repository, digest);
	db_bind_i64(s, 4, since_us);
	return sql_run(s, err);
}

/* only: one enum store_reference_kind, or 0 for all. */
static int add_named(struct db_conn *c, int64_t manifest, enum store_gc_kind kind, int64_t only,
	int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_ADD_NAMED);
	db_bind_i64(s, 1, manifest);
	db_bind_i64(s, 2, kind);
	db_bind_i64(s, 3, now_us);
	db_bind_i64(s, 4, only);
	return sql_run(s, err);
}

static int add_about(
	struct db_conn *c, int64_t repository, struct str subject, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_ADD_ABOUT);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, subject);
	db_bind_i64(s, 3, STORE_GC_ORPHAN);
	db_bind_i64(s, 4, now_us);
	return sql_run(s, err);
}

int store_gc_add_freed(struct db_conn *c, int64_t repository, int64_t manifest, struct str digest,
	const struct store_gc_rules *rules, struct err *err)
{
	/* An entry of an index may be a blob, too: what has no link is found to need none. */
	int rc = add_named(c, manifest, STORE_GC_LINK, 0, rules->now_us, err);
	if (rc == 0 && rules->untagged)
		rc = add_named(c, manifest, STORE_GC_UNTAGGED, STORE_REF_CHILD, rules->now_us, err);
	if (rc == 0 && rules->orphans)
		rc = add_about(c, repository, digest, rules->now_us, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_gc_add_tagged(struct db_conn *c, int64_t repository, struct str tag,
	const struct store_gc_rules *rules, struct err *err)
{
	if (!rules->untagged)
		return 0;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_ADD_TAGGED);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	db_bind_i64(s, 3, STORE_GC_UNTAGGED);
	db_bind_i64(s, 4, rules->now_us);
	return sql_run(s, err);
}

static int take_rows(struct db_stmt *s, struct arena *arena, enum store_gc_kind kind, size_t limit,
	struct store_gc_candidate *rows, size_t *count, struct err *err)
{
	*count = 0;
	while (*count < limit) {
		int rc = db_step(s, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			break;
		rows[(*count)++] = (struct store_gc_candidate){
			.kind = kind,
			.repository = db_col_i64(s, 0),
			.digest = sql_text_column(s, arena, 1),
			.first_us = db_col_i64(s, 2),
			.since_us = db_col_i64(s, 3),
			.bytes = sql_u64_column(s, 4),
		};
	}
	return 0;
}

int store_gc_due(struct db_conn *c, struct arena *arena, enum store_gc_kind kind, int64_t until_us,
	size_t limit, struct store_gc_candidate *rows, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_DUE);
	db_bind_i64(s, 1, kind);
	db_bind_i64(s, 2, until_us);
	sql_bind_u64(s, 3, limit);
	return take_rows(s, arena, kind, limit, rows, count, err);
}

int store_gc_after(struct db_conn *c, struct arena *arena, enum store_gc_kind kind,
	const struct store_gc_candidate *after, size_t limit, struct store_gc_candidate *rows,
	size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = take_for(c, SQL_GC_AFTER, kind,
		after ? after->repository : -1, after ? after->digest : STR(""));
	sql_bind_u64(s, 4, limit);
	return take_rows(s, arena, kind, limit, rows, count, err);
}

int store_gc_set_back(struct db_conn *c, enum store_gc_kind kind, int64_t now_us, size_t limit,
	size_t *changed, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_SET_BACK);
	db_bind_i64(s, 1, kind);
	db_bind_i64(s, 2, now_us);
	sql_bind_u64(s, 3, limit);
	int rc = sql_run(s, err);
	*changed = rc == 0 ? (size_t)db_changes(c) : 0;
	return rc;
}

int store_gc_named(struct db_conn *c, int64_t repository, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_NAMED);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	return sql_one(s, err);
}

int store_gc_uploading(struct db_conn *c, int64_t repository, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_UPLOADING);
	db_bind_i64(s, 1, repository);
	return sql_one(s, err);
}

int store_gc_last_holder(struct db_conn *c, int64_t repository, struct str digest, int64_t until_us,
	uint64_t *size, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_LAST_HOLDER);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	db_bind_i64(s, 3, until_us);
	db_bind_i64(s, 4, STORE_GC_LINK);
	int rc = sql_one(s, err);
	if (rc == 0)
		*size = sql_u64_column(s, 0);
	return rc;
}

int store_gc_manifest(struct db_conn *c, int64_t repository, struct str digest,
	struct store_gc_holders *holders, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_HOLDERS);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*holders = (struct store_gc_holders){
		.has_subject = db_col_i64(s, 1) != 0,
		.tagged = db_col_i64(s, 2) != 0,
		.named = db_col_i64(s, 3) != 0,
		.subject_there = db_col_i64(s, 4) != 0,
	};
	return 0;
}

static int delete_blob_row(struct db_conn *c, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_DELETE);
	sql_bind_text(s, 1, digest);
	return sql_run(s, err);
}

int store_gc_unheld(struct db_conn *c, struct str digest, uint64_t *size, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_ROW);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT || db_col_i64(s, 1))
		return STORE_GC_HELD;
	*size = sql_u64_column(s, 0);
	return 0;
}

int store_gc_free_blob(
	struct db_conn *c, struct str digest, int64_t now_us, uint64_t *size, struct err *err)
{
	int rc = store_gc_unheld(c, digest, size, err);
	if (rc)
		return rc;
	rc = delete_blob_row(c, digest, err);
	if (rc == 0)
		rc = store_layer_delete(c, digest, err);
	if (rc == 0)
		rc = store_gc_drop(c, STORE_GC_BLOB, 0, digest, err);
	if (rc == 0)
		rc = store_gc_add(c, STORE_GC_FILE, 0, digest, *size, now_us, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_gc_drop_repository(struct db_conn *c, int64_t repository, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_DELETE_EMPTY);
	db_bind_i64(s, 1, repository);
	return sql_run(s, err);
}
