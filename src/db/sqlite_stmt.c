/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of the SQLite driver. Preparing costs more than most of our statements do, so each
 * connection keeps the ones it has prepared and looks them up by the hash and the text of their SQL
 * (not by its address: SQL built at run time may reuse one). A statement that is still stepping is
 * not handed out twice; the same SQL gets a second one.
 *
 * Failures of prepare and bind are kept in the statement and reported by its next step, so callers
 * check one result.
 */
#include "db/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* Our fixed statements are fewer; what is built at run time (filters, orders) takes turns. */
enum { STATEMENTS_KEPT = 192 };

static struct sqlite_conn *conn_of(struct sqlite_stmt *stmt)
{
	return (struct sqlite_conn *)(void *)stmt->base.conn;
}

static struct sqlite_stmt *stmt_of(struct db_stmt *stmt)
{
	return (struct sqlite_stmt *)(void *)stmt;
}

static void drop(struct sqlite_stmt *stmt)
{
	sqlite3_finalize(stmt->handle);
	free(stmt->sql);
	free(stmt);
}

/* Makes room by dropping the free statement that was used longest ago. */
static void evict(struct sqlite_conn *conn)
{
	size_t oldest = conn->statements.n;
	for (size_t i = 0; i < conn->statements.n; i++) {
		struct sqlite_stmt *stmt = conn->statements.items[i];
		if (!stmt->in_use &&
			(oldest == conn->statements.n ||
				stmt->last_used < conn->statements.items[oldest]->last_used))
			oldest = i;
	}
	if (oldest == conn->statements.n)
		return;
	drop(conn->statements.items[oldest]);
	conn->statements.items[oldest] = conn->statements.items[--conn->statements.n];
}

static bool only_blanks(const char *tail)
{
	return str_trim(str_from(tail)).n == 0;
}

static void prepare(struct sqlite_conn *conn, struct sqlite_stmt *stmt)
{
	const char *tail = NULL;
	int code = sqlite3_prepare_v3(
		conn->handle, stmt->sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, &tail);
	if (code != SQLITE_OK)
		stmt->failure = sqlite_failure(conn->handle, conn->path, code, &stmt->words);
	else if (!stmt->handle || !only_blanks(tail))
		stmt->failure = err_set(&stmt->words, EINVAL,
			"SQL must be exactly one statement: %.80s", stmt->sql);
}

static struct sqlite_stmt *make(struct sqlite_conn *conn, const char *sql, uint64_t hash)
{
	if (conn->statements.n >= STATEMENTS_KEPT)
		evict(conn);
	struct sqlite_stmt *stmt = calloc(1, sizeof(*stmt));
	CHECK(stmt);
	stmt->base.conn = &conn->base;
	stmt->sql = strdup(sql);
	CHECK(stmt->sql);
	stmt->hash = hash;
	prepare(conn, stmt);
	VEC_PUSH(&conn->statements, stmt);
	return stmt;
}

struct db_stmt *sqlite_stmt(struct db_conn *base, const char *sql)
{
	struct sqlite_conn *conn = (struct sqlite_conn *)(void *)base;
	uint64_t hash = str_hash(str_from(sql));
	struct sqlite_stmt *found = NULL;
	for (size_t i = 0; i < conn->statements.n && !found; i++) {
		struct sqlite_stmt *stmt = conn->statements.items[i];
		if (stmt->hash == hash && !stmt->in_use && strcmp(stmt->sql, sql) == 0)
			found = stmt;
	}
	if (!found)
		found = make(conn, sql, hash);
	found->in_use = true;
	found->last_used = ++conn->uses;
	return &found->base;
}

static void note_bind(struct sqlite_stmt *stmt, int index, int code)
{
	if (code != SQLITE_OK && stmt->failure == 0)
		stmt->failure = err_set(&stmt->words, EINVAL, "binding value %d of \"%.200s\": %s",
			index, stmt->sql, sqlite3_errstr(code));
}

void sqlite_bind_str(struct db_stmt *base, int index, struct str text)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	if (stmt->handle)
		note_bind(stmt, index,
			sqlite3_bind_text64(
				stmt->handle, index, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8));
}

void sqlite_bind_blob(struct db_stmt *base, int index, struct str bytes)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	if (stmt->handle)
		note_bind(stmt, index,
			sqlite3_bind_blob64(stmt->handle, index, bytes.p, bytes.n, SQLITE_STATIC));
}

void sqlite_bind_i64(struct db_stmt *base, int index, int64_t value)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	if (stmt->handle)
		note_bind(stmt, index, sqlite3_bind_int64(stmt->handle, index, value));
}

void sqlite_bind_null(struct db_stmt *base, int index)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	if (stmt->handle)
		note_bind(stmt, index, sqlite3_bind_null(stmt->handle, index));
}

int sqlite_step(struct db_stmt *base, struct err *err)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	CHECK(stmt->in_use);
	if (stmt->failure) {
		if (err)
			*err = stmt->words;
		return err_trace(err, stmt->failure);
	}
	int code = sqlite3_step(stmt->handle);
	if (code == SQLITE_ROW)
		return DB_ROW;
	if (code == SQLITE_DONE)
		return DB_DONE;
	struct sqlite_conn *conn = conn_of(stmt);
	return sqlite_failure(conn->handle, conn->path, code, err);
}

void sqlite_done(struct db_stmt *base)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	CHECK(stmt->in_use);
	stmt->in_use = false;
	if (!stmt->handle || stmt->failure) {
		/* Never kept: what was wrong then may be right later (a table made meanwhile). */
		struct sqlite_conn *conn = conn_of(stmt);
		size_t i = 0;
		while (conn->statements.items[i] != stmt)
			i++;
		conn->statements.items[i] = conn->statements.items[--conn->statements.n];
		drop(stmt);
		return;
	}
	sqlite3_reset(stmt->handle);
	sqlite3_clear_bindings(stmt->handle);
}

void sqlite_done_all(struct db_conn *base)
{
	struct sqlite_conn *conn = (struct sqlite_conn *)(void *)base;
	for (size_t i = conn->statements.n; i > 0; i--)
		if (conn->statements.items[i - 1]->in_use)
			sqlite_done(&conn->statements.items[i - 1]->base);
}

void sqlite_drop_all(struct sqlite_conn *conn)
{
	for (size_t i = 0; i < conn->statements.n; i++)
		drop(conn->statements.items[i]);
	VEC_FREE(&conn->statements);
}

bool sqlite_col_null(struct db_stmt *base, int column)
{
	return sqlite3_column_type(stmt_of(base)->handle, column) == SQLITE_NULL;
}

int64_t sqlite_col_i64(struct db_stmt *base, int column)
{
	return sqlite3_column_int64(stmt_of(base)->handle, column);
}

struct str sqlite_col_str(struct db_stmt *base, int column)
{
	sqlite3_stmt *handle = stmt_of(base)->handle;
	const unsigned char *text = sqlite3_column_text(handle, column);
	if (!text)
		return STR_NULL;
	return (struct str){ (const char *)text, (size_t)sqlite3_column_bytes(handle, column) };
}

struct str sqlite_col_blob(struct db_stmt *base, int column)
{
	sqlite3_stmt *handle = stmt_of(base)->handle;
	if (sqlite3_column_type(handle, column) == SQLITE_NULL)
		return STR_NULL;
	const char *bytes = sqlite3_column_blob(handle, column);
	if (!bytes)
		return STR(""); /* SQLite gives no address for a blob of length 0 */
	return (struct str){ bytes, (size_t)sqlite3_column_bytes(handle, column) };
}
