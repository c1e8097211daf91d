/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes (contract in attributes.h): columns of repository, tag and manifest. A page by time
 * continues behind (time, name), so it loses and repeats nothing that stays as it is; a row that
 * changes meanwhile moves to the end of the list.
 */
#include "store/sql.h"

int store_repository_locks(struct db_conn *c, int64_t repository, unsigned *locks, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_LOCKS);
	db_bind_i64(s, 1, repository);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*locks = (unsigned)db_col_i64(s, 0);
	return 0;
}

int store_tag_locks(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct store_tag_locks *locks, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_LOCKS);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*locks = (struct store_tag_locks){
		.tag = (unsigned)db_col_i64(s, 0),
		.manifest = (unsigned)db_col_i64(s, 1),
		.digest = sql_text_column(s, arena, 2),
	};
	return 0;
}

int store_lock_holds(struct db_conn *c, int64_t repository, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_LOCK_HOLDS);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	return sql_one(s, err);
}

int store_lock_within(struct db_conn *c, int64_t repository, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_LOCK_WITHIN);
	db_bind_i64(s, 1, repository);
	return sql_one(s, err);
}

int store_repository_row(
	struct db_conn *c, struct str name, struct store_repository_row *row, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_ROW);
	sql_bind_text(s, 1, name);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*row = (struct store_repository_row){
		.id = db_col_i64(s, 0),
		.created_us = db_col_i64(s, 1),
		.updated_us = db_col_i64(s, 2),
		.locks = (unsigned)db_col_i64(s, 3),
		.manifest_count = sql_u64_column(s, 4),
		.tag_count = sql_u64_column(s, 5),
	};
	return row->manifest_count ? 0 : STORE_ABSENT;
}

static void take_tag(struct db_stmt *s, struct arena *arena, struct store_tag_row *row)
{
	*row = (struct store_tag_row){
		.name = sql_text_column(s, arena, 0),
		.digest = sql_text_column(s, arena, 1),
		.created_us = db_col_i64(s, 2),
		.updated_us = db_col_i64(s, 3),
		.locks = (unsigned)db_col_i64(s, 4),
	};
}

static void take_manifest(struct db_stmt *s, struct arena *arena, struct store_manifest_row *row)
{
	*row = (struct store_manifest_row){
		.id = db_col_i64(s, 0),
		.digest = sql_text_column(s, arena, 1),
		.media_type = sql_text_column(s, arena, 2),
		.kind = (enum store_manifest_kind)db_col_i64(s, 3),
		.size = sql_u64_column(s, 4),
		.created_us = db_col_i64(s, 5),
		.updated_us = db_col_i64(s, 6),
		.locks = (unsigned)db_col_i64(s, 7),
		.os = sql_text_column(s, arena, 8),
		.architecture = sql_text_column(s, arena, 9),
		.config_media_type = sql_text_column(s, arena, 10),
	};
}

int store_tag_row(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct store_tag_row *row, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_ROW);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	int rc = sql_one(s, err);
	if (rc == 0)
		take_tag(s, arena, row);
	return rc;
}

int store_manifest_row(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_manifest_row *row, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_ROW);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	int rc = sql_one(s, err);
	if (rc == 0)
		take_manifest(s, arena, row);
	return rc;
}

int store_manifest_tags(struct db_conn *c, struct arena *arena, int64_t manifest, size_t limit,
	struct str *tags, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_TAGS);
	db_bind_i64(s, 1, manifest);
	sql_bind_u64(s, 2, limit);
	return sql_texts(s, arena, limit, tags, count, err);
}

/* Parameters 1 to 3 of every page (4: the time), and the time where a list from its end begins. */
static void bind_page(struct db_stmt *s, int64_t repository, const struct store_page *page)
{
	bool from_end = page->order == STORE_BY_TIME_REVERSED && !page->last.n;
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, page->last);
	sql_bind_u64(s, 3, page->limit);
	if (page->order != STORE_BY_NAME)
		db_bind_i64(s, 4, from_end ? INT64_MAX : page->last.n ? page->last_us : INT64_MIN);
}

int store_tag_rows(struct db_conn *c, struct arena *arena, int64_t repository,
	const struct store_page *page, struct store_tag_row *rows, size_t *count, struct err *err)
{
	static const enum sql statements[] = { SQL_TAG_ROWS, SQL_TAG_ROWS_BY_TIME,
		SQL_TAG_ROWS_BY_TIME_REVERSED };
	AUTO_STMT struct db_stmt *s = sql_take(c, statements[page->order]);
	bind_page(s, repository, page);
	int rc = DB_ROW;
	for (*count = 0; *count < page->limit && (rc = db_step(s, err)) == DB_ROW;)
		take_tag(s, arena, &rows[(*count)++]);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_tag_rows_of(struct db_conn *c, struct arena *arena, int64_t repository, struct str digest,
	const struct store_page *page, struct store_tag_row *rows, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_ROWS_OF);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, page->last);
	sql_bind_u64(s, 3, page->limit);
	sql_bind_text(s, 4, digest);
	int rc = DB_ROW;
	for (*count = 0; *count < page->limit && (rc = db_step(s, err)) == DB_ROW;)
		take_tag(s, arena, &rows[(*count)++]);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_manifest_rows(struct db_conn *c, struct arena *arena, int64_t repository,
	const struct store_page *page, struct store_manifest_row *rows, size_t *count,
	struct err *err)
{
	static const enum sql statements[] = { SQL_MANIFEST_ROWS, SQL_MANIFEST_ROWS_BY_TIME,
		SQL_MANIFEST_ROWS_BY_TIME_REVERSED };
	AUTO_STMT struct db_stmt *s = sql_take(c, statements[page->order]);
	bind_page(s, repository, page);
	int rc = DB_ROW;
	for (*count = 0; *count < page->limit && (rc = db_step(s, err)) == DB_ROW;)
		take_manifest(s, arena, &rows[(*count)++]);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int run_change(struct db_conn *c, struct db_stmt *s, struct err *err)
{
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

int store_repository_set_locks(
	struct db_conn *c, int64_t repository, unsigned locks, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_SET_LOCKS);
	db_bind_i64(s, 1, repository);
	db_bind_i64(s, 2, locks);
	db_bind_i64(s, 3, now_us);
	return run_change(c, s, err);
}

int store_tag_set_locks(struct db_conn *c, int64_t repository, struct str tag, unsigned locks,
	int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_SET_LOCKS);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	db_bind_i64(s, 3, locks);
	db_bind_i64(s, 4, now_us);
	return run_change(c, s, err);
}

int store_manifest_set_locks(
	struct db_conn *c, int64_t manifest, unsigned locks, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFEST_SET_LOCKS);
	db_bind_i64(s, 1, manifest);
	db_bind_i64(s, 2, locks);
	db_bind_i64(s, 3, now_us);
	return run_change(c, s, err);
}

int store_every_tag(struct db_conn *c, struct arena *arena, int64_t repository, size_t limit,
	struct str *names, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_EVERY_TAG);
	db_bind_i64(s, 1, repository);
	sql_bind_u64(s, 2, limit);
	return sql_texts(s, arena, limit, names, count, err);
}

int store_every_manifest(struct db_conn *c, struct arena *arena, int64_t repository, size_t limit,
	struct str *digests, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_EVERY_MANIFEST);
	db_bind_i64(s, 1, repository);
	sql_bind_u64(s, 2, limit);
	return sql_texts(s, arena, limit, digests, count, err);
}

static int ask_about_blobs(struct db_conn *c, int64_t repository, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_GC_ADD_LINKED);
	db_bind_i64(s, 1, repository);
	db_bind_i64(s, 2, STORE_GC_BLOB);
	db_bind_i64(s, 3, now_us);
	return sql_run(s, err);
}

int store_repository_remove(struct db_conn *c, int64_t repository, int64_t now_us, struct err *err)
{
	int asked = ask_about_blobs(c, repository, now_us, err);
	if (asked < 0)
		return err_trace(err, asked);
	static const enum sql steps[] = { SQL_REPOSITORY_UNLINK, SQL_REPOSITORY_DELETE };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		AUTO_STMT struct db_stmt *s = sql_take(c, steps[i]);
		db_bind_i64(s, 1, repository);
		int rc = sql_run(s, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return 0;
}
