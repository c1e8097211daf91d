/* SPDX-License-Identifier: Apache-2.0 */
/* Table repository (contract in content.h). */
#include "store/sql.h"

int store_repository_find(struct db_conn *c, struct str name, int64_t *id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_FIND);
	sql_bind_text(s, 1, name);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	return 0;
}

int store_repository_ensure(
	struct db_conn *c, struct str name, int64_t now_us, int64_t *id, struct err *err)
{
	int rc = store_repository_find(c, name, id, err);
	if (rc != STORE_ABSENT)
		return rc;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_INSERT);
	sql_bind_text(s, 1, name);
	db_bind_i64(s, 2, now_us);
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	*id = db_last_id(c);
	return 0;
}

int store_repository_list(struct db_conn *c, struct arena *arena, struct str last, size_t limit,
	struct str *names, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_REPOSITORY_LIST);
	sql_bind_text(s, 1, last);
	sql_bind_u64(s, 2, limit);
	return sql_texts(s, arena, limit, names, count, err);
}
