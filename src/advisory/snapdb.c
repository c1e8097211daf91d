/* SPDX-License-Identifier: Apache-2.0 */
/* Thin adapter over SQLite; see snapdb.h. */
#include "advisory/snapdb.h"

/* -EIO for what the disk or another program did, -EPROTO for a damaged file. */
static int code_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR:
		return EPROTO;
	case SQLITE_NOMEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

int advisory_sql_fail(sqlite3 *db, const char *doing, struct err *err)
{
	int result = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
	return err_set(
		err, code_of(result), "%s: %s", doing, db ? sqlite3_errmsg(db) : "out of memory");
}

int advisory_sql_run(sqlite3 *db, const char *text, struct err *err)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		return advisory_sql_fail(db, "advisory snapshot", err);
	return 0;
}

int advisory_sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **st, struct err *err)
{
	if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
		return advisory_sql_fail(db, "advisory snapshot", err);
	return 0;
}

int advisory_sql_row(sqlite3_stmt *st, struct err *err)
{
	int result = sqlite3_step(st);
	if (result == SQLITE_ROW)
		return 1;
	int r = result == SQLITE_DONE
			? 0
			: advisory_sql_fail(sqlite3_db_handle(st), "advisory snapshot", err);
	sqlite3_reset(st);
	return r;
}

int advisory_sql_done(sqlite3_stmt *st, struct err *err)
{
	int r = advisory_sql_row(st, err);
	if (r > 0)
		sqlite3_reset(st);
	return r < 0 ? r : 0;
}

void advisory_sql_bind(sqlite3_stmt *st, int at, struct str text)
{
	int result =
		text.p ? sqlite3_bind_text64(st, at, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8)
		       : sqlite3_bind_null(st, at);
	CHECK(result == SQLITE_OK || result == SQLITE_TOOBIG);
}

void advisory_sql_bind_int(sqlite3_stmt *st, int at, int64_t value)
{
	CHECK(sqlite3_bind_int64(st, at, value) == SQLITE_OK);
}

struct str advisory_sql_text(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);
	return (struct str){ text ? text : "", (size_t)sqlite3_column_bytes(st, column) };
}

int64_t advisory_sql_int(sqlite3_stmt *st, int column, int64_t when_null)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? when_null
							      : sqlite3_column_int64(st, column);
}
