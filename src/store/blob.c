/* SPDX-License-Identifier: Apache-2.0 */
/* Tables blob, repository_blob and total (contract in content.h). */
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
	if (rc == 0)
		rc = store_gc_drop(c, STORE_GC_FILE, 0, digest, err);
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

static int read_total(struct db_conn *c, const char *name, int64_t *value, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_TOTAL);
	sql_bind_text(s, 1, str_from(name));
	int rc = sql_one(s, err);
	if (rc == STORE_ABSENT)
		return err_set(err, EPROTO, "the database has no total of %s", name);
	if (rc < 0)
		return err_trace(err, rc);
	*value = db_col_i64(s, 0);
	return 0;
}

int store_totals(struct db_conn *c, struct store_totals *totals, struct err *err)
{
	int rc = read_total(c, "blobs", &totals->blobs, err);
	if (rc == 0)
		rc = read_total(c, "blob_bytes", &totals->blob_bytes, err);
	if (rc == 0)
		rc = read_total(c, "uploads", &totals->uploads, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_blob_condemn(struct db_conn *c, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_CONDEMN);
	sql_bind_text(s, 1, digest);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

int store_blob_pardon(struct db_conn *c, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_PARDON);
	sql_bind_text(s, 1, digest);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

int store_blob_list(struct db_conn *c, struct arena *arena, struct str after, size_t limit,
	struct store_blob_row *rows, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_LIST);
	sql_bind_text(s, 1, after);
	sql_bind_u64(s, 2, limit);
	*count = 0;
	while (*count < limit) {
		int rc = db_step(s, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			break;
		rows[(*count)++] = (struct store_blob_row){
			.digest = sql_text_column(s, arena, 0),
			.size = sql_u64_column(s, 1),
			.damaged = db_col_i64(s, 2) != 0,
		};
	}
	return 0;
}
