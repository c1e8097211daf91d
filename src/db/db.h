/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way to a relational database, driver by driver (SQLite now, PostgreSQL later behind the same
 * table). Reads run on a pool of reader connections, each call in one read transaction that must
 * not outlive the call. Writes go through one queue: db_write() runs fn in a savepoint on the
 * writer thread together with other waiting writers, commits them with one fsync, and returns when
 * the commit is durable. A failing fn rolls back only itself. SQL uses ?1, ?2 … placeholders.
 *
 * Threads: db_read and db_write from any thread, blocking. fn runs on the calling thread (read) or
 * the writer thread (write); it must not call db_read/db_write and must not block on anything else.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/err.h"
#include "base/str.h"

struct db;
struct db_conn;
struct db_stmt;

/* A step of the schema: its SQL (several statements) brings version n-1 to n = index + 1. */
struct db_migration {
	const char *name;
	const char *sql;
};

struct db_settings {
	const char *path; /* SQLite file; ":memory:" is not supported, tests use a temporary file */
	const struct db_migration *migrations;
	size_t migration_count;
	unsigned readers; /* size of the reader pool; 0: a sensible default */
};

/*
 * Opens, takes the exclusive owner lock of the data file (-EBUSY with "another server" words if it
 * is held), migrates forward in one transaction each, refuses a newer schema (-EPROTO, says both
 * versions and what to do).
 */
int db_open(const struct db_settings *settings, struct db **db, struct err *err) MUST_CHECK;
void db_close(struct db **db); /* waits for queued writes; nulls *db */

/* fn returns 0, a positive outcome of its own (returned as is; a write with it is rolled back), or
 * < 0. */
typedef int (*db_fn)(struct db_conn *conn, void *argument, struct err *err);
int db_read(struct db *db, db_fn fn, void *argument, struct err *err) MUST_CHECK;
int db_write(struct db *db, db_fn fn, void *argument, struct err *err) MUST_CHECK;
/*
 * For writes that promise nobody anything: returns when the write is committed and readers see it,
 * without waiting for the disk. It survives the end of the process; a loss of power may undo it
 * (never alone: nothing that was committed after it is kept then). The next db_write() makes it
 * durable, too.
 */
int db_write_relaxed(struct db *db, db_fn fn, void *argument, struct err *err) MUST_CHECK;

/*
 * Statements. db_stmt() gives a prepared statement cached on the connection by the address-equal or
 * text-equal SQL; it never returns NULL, a broken SQL is reported by the first db_step(). Bind,
 * step, read columns, then db_done() (also after failure) to give it back.
 */
struct db_stmt *db_stmt(struct db_conn *conn, const char *sql);
void db_bind_str(struct db_stmt *stmt, int index,
	struct str text); /* STR_NULL binds NULL; bytes must outlive db_done */
void db_bind_blob(struct db_stmt *stmt, int index, struct str bytes);
void db_bind_i64(struct db_stmt *stmt, int index, int64_t value);
void db_bind_null(struct db_stmt *stmt, int index);
enum { DB_DONE = 0, DB_ROW = 1 };
int db_step(struct db_stmt *stmt, struct err *err) MUST_CHECK; /* DB_ROW, DB_DONE or < 0 */
void db_done(struct db_stmt *stmt);

bool db_col_null(struct db_stmt *stmt, int column);
int64_t db_col_i64(struct db_stmt *stmt, int column); /* NULL reads as 0 */
struct str db_col_str(
	struct db_stmt *stmt, int column); /* borrowed until the next step; NULL: STR_NULL */
struct str db_col_blob(struct db_stmt *stmt, int column); /* the same */

/* Binds nothing, runs to the end, drops rows. */
int db_exec(struct db_conn *conn, const char *sql, struct err *err) MUST_CHECK;
int64_t db_last_id(struct db_conn *conn); /* of the last INSERT */
int64_t db_changes(struct db_conn *conn); /* rows touched by the last statement */

#endif
