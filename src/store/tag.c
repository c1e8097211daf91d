/* SPDX-License-Identifier: Apache-2.0 */
/* Table tag (contract in content.h). */
#include "store/sql.h"

int store_tag_put(struct db_conn *c, int64_t repository, struct str tag, int64_t manifest,
	int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_PUT);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	db_bind_i64(s, 3, manifest);
	db_bind_i64(s, 4, now_us);
	return sql_run(s, err);
}

int store_tag_delete(struct db_conn *c, int64_t repository, struct str tag, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_DELETE);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, tag);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

int store_tag_list(struct db_conn *c, struct arena *arena, int64_t repository, struct str last,
	size_t limit, struct str *tags, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAG_LIST);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, last);
	sql_bind_u64(s, 3, limit);
	return sql_texts(s, arena, limit, tags, count, err);
}

int store_tags_of(
	struct db_conn *c, struct arena *arena, int64_t manifest, struct str *tags, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TAGS_OF);
	AUTO_STRBUF struct strbuf joined = STRBUF(SIZE_MAX / 2);
	db_bind_i64(s, 1, manifest);
	int rc = db_step(s, err);
	for (; rc == DB_ROW; rc = db_step(s, err)) {
		if (joined.n)
			strbuf_add_char(&joined, ',');
		strbuf_add_str(&joined, db_col_str(s, 0));
	}
	if (rc < 0)
		return err_trace(err, rc);
	*tags = joined.n ? arena_str(arena, strbuf_view(&joined)) : STR("");
	return 0;
}
