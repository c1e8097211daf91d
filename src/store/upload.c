/* SPDX-License-Identifier: Apache-2.0 */
/* Table upload (contract in content.h). */
#include "store/sql.h"

int store_upload_insert(struct db_conn *c, const struct store_upload *upload, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_UPLOAD_INSERT);
	sql_bind_text(s, 1, upload->id);
	sql_bind_text(s, 2, upload->repository);
	sql_bind_u64(s, 3, upload->offset);
	db_bind_blob(s, 4, upload->digest_state.p ? upload->digest_state : STR(""));
	db_bind_i64(s, 5, upload->started_us);
	db_bind_i64(s, 6, upload->updated_us);
	return sql_run(s, err);
}

static void take_row(struct db_stmt *s, struct arena *arena, struct store_upload *upload)
{
	struct str digest_state = db_col_blob(s, 3);
	*upload = (struct store_upload){
		.id = sql_text_column(s, arena, 0),
		.repository = sql_text_column(s, arena, 1),
		.offset = sql_u64_column(s, 2),
		.digest_state = digest_state.n ? arena_str(arena, digest_state) : STR(""),
		.started_us = db_col_i64(s, 4),
		.updated_us = db_col_i64(s, 5),
	};
}

int store_upload_find(struct db_conn *c, struct arena *arena, struct str id,
	struct store_upload *upload, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_UPLOAD_FIND);
	sql_bind_text(s, 1, id);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	take_row(s, arena, upload);
	return 0;
}

int store_upload_update(struct db_conn *c, const struct store_upload *upload, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_UPLOAD_UPDATE);
	sql_bind_text(s, 1, upload->id);
	sql_bind_u64(s, 2, upload->offset);
	db_bind_blob(s, 3, upload->digest_state.p ? upload->digest_state : STR(""));
	db_bind_i64(s, 4, upload->updated_us);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

int store_upload_delete(struct db_conn *c, struct str id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_UPLOAD_DELETE);
	sql_bind_text(s, 1, id);
	return sql_run(s, err);
}

int store_upload_list(struct db_conn *c, struct arena *arena, struct str after, size_t limit,
	struct store_upload *uploads, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_UPLOAD_LIST);
	sql_bind_text(s, 1, after);
	sql_bind_u64(s, 2, limit);
	*count = 0;
	while (*count < limit) {
		int rc = db_step(s, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			break;
		take_row(s, arena, &uploads[(*count)++]);
	}
	return 0;
}
