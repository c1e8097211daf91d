/* SPDX-License-Identifier: Apache-2.0 */
/* Tables blob and repository_blob (contract in content.h). */
#include "store/sql.h"

static int insert_blob(
	struct db_conn *c, struct str digest, uint64_t size, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_INSERT);
	sql_bind_text(s, 1, digest);
	sql_bind_u64(s, 2, size);
	db_bind_i64(s, 3, now_us);
	return sql_run(s, err);
}

int store_blob_put(struct db_conn *c, int64_t repository, struct str digest, uint64_t size,
	int64_t now_us, struct err *err)
{
	int rc = insert_blob(c, digest, size, now_us, err);
	if (rc < 0)
		return err_trace(err, rc);
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_LINK);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	db_bind_i64(s, 3, now_us);
	return sql_run(s, err);
}

int store_blob_find(
	struct db_conn *c, int64_t repository, struct str digest, uint64_t *size, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_FIND);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*size = sql_u64_column(s, 0);
	return 0;
}

int store_blob_size(struct db_conn *c, struct str digest, uint64_t *size, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_SIZE);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*size = sql_u64_column(s, 0);
	return 0;
}

int store_blob_held(struct db_conn *c, struct str digest, uint64_t *size, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_HELD);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*size = sql_u64_column(s, 0);
	return 0;
}

int store_blob_unlink(struct db_conn *c, int64_t repository, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_UNLINK);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}
