/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front of db/ (contract in db.h): opening and closing, the pool of readers, and the calls that
 * only pass on to the driver. Writes are writer.c, the schema is migrations.c, SQLite is sqlite*.c.
 *
 * Readers are opened once and kept, because a connection owns its statement cache and its page
 * cache. A read waits for a free connection when all are in use; reads are short by contract, so
 * the wait is too.
 */
#include "db/db.h"

#include "base/vec.h"
#include "db/driver.h"
#include "db/migrations.h"
#include "db/writer.h"
#include "os/thread.h"

#include <stdlib.h>
#include <unistd.h>

enum { READERS_DEFAULT = 8 };

struct db {
	const struct db_driver *driver;
	int claim; /* descriptor that holds the owner lock, or -1 */
	struct db_writer *writer;
	struct lock lock;
	struct lock_cond freed;
	VEC(struct db_conn *) idle; /* guarded by lock */
	unsigned reader_count;
};

/* A call from inside fn would wait for the very connection or thread that runs it. */
static __thread bool inside_call;

int db_call(struct db_conn *conn, db_fn fn, void *argument, struct err *err)
{
	CHECK(!inside_call);
	inside_call = true;
	int result = fn(conn, argument, err);
	inside_call = false;
	conn->driver->done_all(conn);
	return result;
}

static int open_writer(struct db *db, const struct db_settings *settings, struct err *err)
{
	struct db_conn *conn;
	int result = db->driver->connect(settings, DB_ROLE_WRITER, &conn, err);
	if (result < 0)
		return err_trace(err, result);
	result = db_migrate(conn, settings, err);
	if (result < 0) {
		db->driver->disconnect(conn);
		return err_trace(err, result);
	}
	result = db_writer_start(conn, &db->writer, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int open_readers(struct db *db, const struct db_settings *settings, struct err *err)
{
	unsigned count = settings->readers ? settings->readers : READERS_DEFAULT;
	for (unsigned i = 0; i < count; i++) {
		struct db_conn *conn;
		int result = db->driver->connect(settings, DB_ROLE_READER, &conn, err);
		if (result < 0)
			return err_trace(err, result);
		VEC_PUSH(&db->idle, conn);
		db->reader_count++;
	}
	return 0;
}

int db_open(const struct db_settings *settings, struct db **db, struct err *err)
{
	struct db *made = calloc(1, sizeof(*made));
	CHECK(made && settings->path);
	made->driver = &db_driver_sqlite;
	made->claim = -1;
	lock_init(&made->lock, LOCK_DB_READERS);
	lock_cond_init(&made->freed);
	int result = made->driver->claim(settings, &made->claim, err);
	if (result == 0)
		result = open_writer(made, settings, err);
	if (result == 0)
		result = open_readers(made, settings, err);
	if (result < 0) {
		db_close(&made);
		return err_wrap(err, result, "opening the database");
	}
	*db = made;
	return 0;
}

void db_close(struct db **db)
{
	struct db *closing = *db;
	*db = NULL;
	if (!closing)
		return;
	/* Readers first: the writer's close is then the last one and empties the write-ahead log.
	 */
	CHECK(closing->idle.n == closing->reader_count);
	for (size_t i = 0; i < closing->idle.n; i++)
		closing->driver->disconnect(closing->idle.items[i]);
	VEC_FREE(&closing->idle);
	db_writer_stop(&closing->writer);
	if (closing->claim >= 0)
		close(closing->claim);
	lock_cond_destroy(&closing->freed);
	lock_destroy(&closing->lock);
	free(closing);
}

static struct db_conn *reader_take(struct db *db)
{
	lock_take(&db->lock);
	while (db->idle.n == 0)
		lock_cond_wait(&db->freed, &db->lock);
	struct db_conn *conn = db->idle.items[--db->idle.n];
	lock_release(&db->lock);
	return conn;
}

static void reader_give(struct db *db, struct db_conn *conn)
{
	lock_take(&db->lock);
	VEC_PUSH(&db->idle, conn);
	lock_cond_signal(&db->freed);
	lock_release(&db->lock);
}

int db_read(struct db *db, db_fn fn, void *argument, struct err *err)
{
	CHECK(!inside_call);
	struct db_conn *conn = reader_take(db);
	int result = db->driver->begin(conn, DB_ROLE_READER, err);
	if (result == 0)
		result = db_call(conn, fn, argument, err);
	/* Nothing was written, so how the transaction ends cannot change the answer. */
	db->driver->abandon(conn);
	reader_give(db, conn);
	return result;
}

int db_write(struct db *db, db_fn fn, void *argument, struct err *err)
{
	CHECK(!inside_call);
	return db_writer_run(db->writer, DB_WRITE_DURABLE, fn, argument, err);
}

int db_write_relaxed(struct db *db, db_fn fn, void *argument, struct err *err)
{
	CHECK(!inside_call);
	return db_writer_run(db->writer, DB_WRITE_RELAXED, fn, argument, err);
}

struct db_stmt *db_stmt(struct db_conn *conn, const char *sql)
{
	return conn->driver->stmt(conn, sql);
}

void db_bind_str(struct db_stmt *stmt, int index, struct str text)
{
	if (text.p)
		stmt->conn->driver->bind_str(stmt, index, text);
	else
		stmt->conn->driver->bind_null(stmt, index);
}

void db_bind_blob(struct db_stmt *stmt, int index, struct str bytes)
{
	if (bytes.p)
		stmt->conn->driver->bind_blob(stmt, index, bytes);
	else
		stmt->conn->driver->bind_null(stmt, index);
}

void db_bind_i64(struct db_stmt *stmt, int index, int64_t value)
{
	stmt->conn->driver->bind_i64(stmt, index, value);
}

void db_bind_null(struct db_stmt *stmt, int index)
{
	stmt->conn->driver->bind_null(stmt, index);
}

int db_step(struct db_stmt *stmt, struct err *err)
{
	return stmt->conn->driver->step(stmt, err);
}

void db_done(struct db_stmt *stmt)
{
	stmt->conn->driver->done(stmt);
}

bool db_col_null(struct db_stmt *stmt, int column)
{
	return stmt->conn->driver->col_null(stmt, column);
}

int64_t db_col_i64(struct db_stmt *stmt, int column)
{
	return stmt->conn->driver->col_i64(stmt, column);
}

struct str db_col_str(struct db_stmt *stmt, int column)
{
	return stmt->conn->driver->col_str(stmt, column);
}

struct str db_col_blob(struct db_stmt *stmt, int column)
{
	return stmt->conn->driver->col_blob(stmt, column);
}

int db_exec(struct db_conn *conn, const char *sql, struct err *err)
{
	struct db_stmt *stmt = db_stmt(conn, sql);
	int result;
	do {
		result = db_step(stmt, err);
	} while (result == DB_ROW);
	db_done(stmt);
	return result < 0 ? err_trace(err, result) : 0;
}

int64_t db_last_id(struct db_conn *conn)
{
	return conn->driver->last_id(conn);
}

int64_t db_changes(struct db_conn *conn)
{
	return conn->driver->changes(conn);
}
