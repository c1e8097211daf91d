/* SPDX-License-Identifier: Apache-2.0 */
/* The statement table and the helpers every table's file uses (contract in sql.h). */
#include "store/sql.h"

/* Columns that several statements read in one order, so that one function can take the row. */
#define UPLOAD_COLUMNS "id, repository, durable_bytes, digest_state, started_us, updated_us"
#define MANIFEST_COLUMNS                                                                           \
	"m.id, m.repository_id, m.digest, m.media_type, m.kind, m.artifact_type, m.subject,"       \
	" m.pushed_us, m.bytes, m.locks"
#define TAG_ROW_COLUMNS                                                                            \
	"t.name, m.digest, t.created_us, t.updated_us, t.locks FROM tag t"                         \
	" JOIN manifest m ON m.id = t.manifest_id"
#define MANIFEST_ROW_COLUMNS                                                                       \
	"m.id, m.digest, m.media_type, m.kind, m.total_bytes, m.pushed_us, m.updated_us, m.locks," \
	" m.os, m.architecture, coalesce((SELECT r.media_type FROM manifest_reference r"           \
	" WHERE r.manifest_id = m.id AND r.position = 0 AND r.kind = 1), '') FROM manifest m"
#define REFERRER_COLUMNS "m.digest, m.media_type, m.referrer_type, m.bytes"
#define JUDGEMENT_COLUMNS                                                                          \
	"j.package_id, j.platform_id, j.snapshot_id, j.not_evaluated, j.unknown_count,"            \
	" j.low_count, j.medium_count, j.high_count, j.critical_count, j.fixable_count"
#define IMAGE_ROW_COLUMNS                                                                          \
	"r.name, m.digest, m.media_type, m.artifact_type, m.kind, m.pushed_us, m.id, "             \
	"m.total_bytes"

static const char *const statements[] = {
#define STATEMENT(id, text) text,
#include "store/statements.def"
#undef STATEMENT
};

const char *sql_text(enum sql id)
{
	CHECK(id < SQL_COUNT);
	return statements[id];
}

struct db_stmt *sql_take(struct db_conn *c, enum sql id)
{
	return db_stmt(c, sql_text(id));
}

void sql_bind_text(struct db_stmt *stmt, int index, struct str text)
{
	db_bind_str(stmt, index, text.p ? text : STR(""));
}

void sql_bind_u64(struct db_stmt *stmt, int index, uint64_t value)
{
	CHECK(value <= INT64_MAX);
	db_bind_i64(stmt, index, (int64_t)value);
}

void sql_bind_time(struct db_stmt *stmt, int index, int64_t us)
{
	if (us == TIME_NONE)
		db_bind_null(stmt, index);
	else
		db_bind_i64(stmt, index, us);
}

struct str sql_text_column(struct db_stmt *stmt, struct arena *arena, int column)
{
	struct str text = db_col_str(stmt, column);
	return text.n ? arena_str(arena, text) : STR("");
}

uint64_t sql_u64_column(struct db_stmt *stmt, int column)
{
	int64_t value = db_col_i64(stmt, column);
	return value < 0 ? 0 : (uint64_t)value;
}

int64_t sql_time_column(struct db_stmt *stmt, int column)
{
	return db_col_null(stmt, column) ? TIME_NONE : db_col_i64(stmt, column);
}

int sql_run(struct db_stmt *stmt, struct err *err)
{
	int rc = db_step(stmt, err);
	CHECK(rc != DB_ROW);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int sql_one(struct db_stmt *stmt, struct err *err)
{
	int rc = db_step(stmt, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == DB_ROW ? 0 : STORE_ABSENT;
}

int sql_texts(struct db_stmt *stmt, struct arena *arena, size_t limit, struct str *texts,
	size_t *count, struct err *err)
{
	*count = 0;
	while (*count < limit) {
		int rc = db_step(stmt, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			break;
		texts[(*count)++] = sql_text_column(stmt, arena, 0);
	}
	return 0;
}
