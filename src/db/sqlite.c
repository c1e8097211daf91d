/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite driver: connections, transactions, error words (statements: sqlite_stmt.c).
 * Write-ahead log with synchronous=FULL: a commit is one fsync of the log and readers never wait
 * for it.
 *
 * Checkpoints (copying the log back into the file) are not left to SQLite's default, which runs
 * them inside a commit whose caller waits. The writer runs a passive one after its callers are
 * awake: from 4 MB of log on when nobody waits, from 32 MB on even when somebody does.
 *
 * Each connection belongs to one thread at a time, so SQLite's own mutexes are off (NOMUTEX).
 */
#include "db/sqlite.h"

#include "base/cleanup.h"
#include "db/owner.h"
#include "os/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINT_IDLE_PAGES = 1000, CHECKPOINT_BUSY_PAGES = 8000 };

static struct sqlite_conn *conn_of(struct db_conn *conn)
{
	return (struct sqlite_conn *)(void *)conn;
}

static int errno_of(sqlite3 *handle, int code)
{
	int system = handle ? sqlite3_system_errno(handle) : 0;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_IOERR: /* the disk may be full in a place where SQLite calls it an I/O error */
		return system == ENOSPC || system == EDQUOT ? ENOSPC : EIO;
	case SQLITE_CANTOPEN:
		return system ? system : EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_CONSTRAINT:
		return EEXIST;
	case SQLITE_TOOBIG:
		return E2BIG;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_INTERRUPT:
		return EINTR;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EIO;
	default:
		return EINVAL;
	}
}

static const char *advice_for(int code, int system)
{
	if (system == ENOSPC)
		code = SQLITE_FULL;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return "; the disk is full: free some space and try again";
	case SQLITE_READONLY:
		return "; the data directory is read-only: make it writable or choose another with "
		       "--data";
	case SQLITE_CORRUPT:
		return "; the file is damaged: restore a backup";
	case SQLITE_NOTADB:
		return "; this is not a lazaret database: choose another directory with --data";
	case SQLITE_IOERR:
		return "; look at the health of the disk";
	default:
		return "";
	}
}

int sqlite_failure(sqlite3 *handle, const char *path, int code, struct err *err)
{
	int extended = handle ? sqlite3_extended_errcode(handle) : code;
	if ((extended & 0xff) != (code & 0xff))
		extended = code;
	int system = errno_of(handle, extended);
	return err_set(err, system, "database %s: %s (SQLite code %d)%s", path,
		handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code), extended,
		advice_for(extended, system));
}

static int run(struct sqlite_conn *conn, const char *sql, struct err *err)
{
	int code = sqlite3_exec(conn->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : sqlite_failure(conn->handle, conn->path, code, err);
}

static int note_wal(void *argument, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	struct sqlite_conn *conn = argument;
	conn->wal_pages = pages;
	return SQLITE_OK;
}

static void sqlite_disconnect(struct db_conn *base)
{
	struct sqlite_conn *conn = conn_of(base);
	sqlite_drop_all(conn);
	CHECK(sqlite3_close(conn->handle) == SQLITE_OK);
	free(conn->path);
	free(conn);
}

static int set_up(struct sqlite_conn *conn, enum db_role role, struct err *err)
{
	static const char common[] = "PRAGMA busy_timeout = 10000;"
				     "PRAGMA foreign_keys = ON;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA mmap_size = 268435456;";
	sqlite3_extended_result_codes(conn->handle, 1);
	int result = run(conn, common, err);
	if (result == 0 && role == DB_ROLE_READER)
		result = run(conn, "PRAGMA cache_size = -4096; PRAGMA query_only = ON;", err);
	if (result == 0 && role == DB_ROLE_WRITER)
		result = run(conn,
			"PRAGMA journal_mode = WAL;"
			"PRAGMA cache_size = -16384;"
			"PRAGMA wal_autocheckpoint = 0;"
			"PRAGMA journal_size_limit = 67108864;",
			err);
	if (result < 0)
		return err_trace(err, result);
	if (role == DB_ROLE_WRITER)
		sqlite3_wal_hook(conn->handle, note_wal, conn);
	return 0;
}

/* A file that was just made must be found in its directory after a power loss. */
static int sync_parent(const char *path, struct err *err)
{
	char parent[PATH_MAX];
	size_t slash = str_rfind(str_from(path), '/');
	if (slash == STR_NONE)
		snprintf(parent, sizeof(parent), ".");
	else
		snprintf(parent, sizeof(parent), "%.*s", slash ? (int)slash : 1, path);
	int result = file_sync_dir(parent, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int sqlite_connect(const struct db_settings *settings, enum db_role role,
	struct db_conn **conn, struct err *err)
{
	struct sqlite_conn *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->base.driver = &db_driver_sqlite;
	made->path = strdup(settings->path);
	CHECK(made->path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	if (role == DB_ROLE_WRITER)
		flags |= SQLITE_OPEN_CREATE;
	int code = sqlite3_open_v2(settings->path, &made->handle, flags, sqlite_fault_layer());
	int result = code == SQLITE_OK ? set_up(made, role, err)
				       : sqlite_failure(made->handle, made->path, code, err);
	if (result == 0 && role == DB_ROLE_WRITER)
		result = sync_parent(settings->path, err);
	if (result < 0) {
		sqlite_disconnect(&made->base);
		return err_trace(err, result);
	}
	*conn = &made->base;
	return 0;
}

static int sqlite_claim(const struct db_settings *settings, int *claim, struct err *err)
{
	int result = db_owner_claim(settings->path, claim, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int sqlite_begin(struct db_conn *conn, enum db_role role, struct err *err)
{
	return db_exec(conn, role == DB_ROLE_WRITER ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

static int sqlite_commit(struct db_conn *conn, struct err *err)
{
	return db_exec(conn, "COMMIT", err);
}

/*
 * NORMAL writes the same to the log but does not sync it; a later sync under FULL covers all that
 * stands before it in the log.
 */
static int sqlite_set_durable(struct db_conn *conn, bool durable, struct err *err)
{
	return run(conn_of(conn),
		durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
}

static bool sqlite_in_transaction(struct db_conn *conn)
{
	return !sqlite3_get_autocommit(conn_of(conn)->handle);
}

static void sqlite_abandon(struct db_conn *conn)
{
	sqlite_done_all(conn);
	/* SQLite has ended the transaction even where ROLLBACK reports an error of the disk. */
	if (sqlite_in_transaction(conn) && db_exec(conn, "ROLLBACK", NULL) < 0)
		CHECK(!sqlite_in_transaction(conn));
}

static int sqlite_savepoint(struct db_conn *conn, struct err *err)
{
	return db_exec(conn, "SAVEPOINT one", err);
}

static int sqlite_savepoint_keep(struct db_conn *conn, struct err *err)
{
	return db_exec(conn, "RELEASE one", err);
}

static int sqlite_savepoint_undo(struct db_conn *conn, struct err *err)
{
	int result = db_exec(conn, "ROLLBACK TO one", err);
	return result < 0 ? err_trace(err, result) : db_exec(conn, "RELEASE one", err);
}

static int sqlite_script(struct db_conn *conn, const char *sql, struct err *err)
{
	return run(conn_of(conn), sql, err);
}

static void sqlite_housekeeping(struct db_conn *base, bool busy)
{
	struct sqlite_conn *conn = conn_of(base);
	if (conn->wal_pages < (busy ? CHECKPOINT_BUSY_PAGES : CHECKPOINT_IDLE_PAGES))
		return;
	/* A failure loses nothing: the log still holds everything and the next commit tries again.
	 */
	sqlite3_wal_checkpoint_v2(conn->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	conn->wal_pages = 0;
}

static int64_t sqlite_last_id(struct db_conn *conn)
{
	return sqlite3_last_insert_rowid(conn_of(conn)->handle);
}

static int64_t sqlite_changes(struct db_conn *conn)
{
	return sqlite3_changes64(conn_of(conn)->handle);
}

const struct db_driver db_driver_sqlite = {
	.name = "sqlite",
	.claim = sqlite_claim,
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.abandon = sqlite_abandon,
	.set_durable = sqlite_set_durable,
	.savepoint = sqlite_savepoint,
	.savepoint_keep = sqlite_savepoint_keep,
	.savepoint_undo = sqlite_savepoint_undo,
	.in_transaction = sqlite_in_transaction,
	.script = sqlite_script,
	.housekeeping = sqlite_housekeeping,
	.stmt = sqlite_stmt,
	.bind_str = sqlite_bind_str,
	.bind_blob = sqlite_bind_blob,
	.bind_i64 = sqlite_bind_i64,
	.bind_null = sqlite_bind_null,
	.step = sqlite_step,
	.done = sqlite_done,
	.done_all = sqlite_done_all,
	.col_null = sqlite_col_null,
	.col_i64 = sqlite_col_i64,
	.col_str = sqlite_col_str,
	.col_blob = sqlite_col_blob,
	.last_id = sqlite_last_id,
	.changes = sqlite_changes,
};
