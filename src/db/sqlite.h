/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the SQLite driver share. Private to db/sqlite*.c. */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include "base/vec.h"
#include "db/driver.h"

#include <sqlite3.h>

struct sqlite_stmt {
	struct db_stmt base;
	sqlite3_stmt *handle; /* NULL when the SQL could not be prepared */
	char *sql;
	uint64_t hash;
	uint64_t last_used;
	bool in_use;
	int failure; /* of prepare or of a bind: the next step reports it */
	struct err words;
};

struct sqlite_conn {
	struct db_conn base;
	sqlite3 *handle;
	char *path;
	VEC(struct sqlite_stmt *) statements;
	uint64_t uses; /* counts up: which statement was used last */
	int wal_pages; /* size of the write-ahead log after the last commit */
};

/* The sqlite3 result code as a negative errno with words. */
int sqlite_failure(sqlite3 *handle, const char *path, int code, struct err *err);

/* Name of the file layer to open with: NULL for SQLite's own, or the one that injects faults. */
const char *sqlite_fault_layer(void);

struct db_stmt *sqlite_stmt(struct db_conn *conn, const char *sql);
void sqlite_bind_str(struct db_stmt *stmt, int index, struct str text);
void sqlite_bind_blob(struct db_stmt *stmt, int index, struct str bytes);
void sqlite_bind_i64(struct db_stmt *stmt, int index, int64_t value);
void sqlite_bind_null(struct db_stmt *stmt, int index);
int sqlite_step(struct db_stmt *stmt, struct err *err);
void sqlite_done(struct db_stmt *stmt);
void sqlite_done_all(struct db_conn *conn);
void sqlite_drop_all(struct sqlite_conn *conn); /* before the connection closes */
bool sqlite_col_null(struct db_stmt *stmt, int column);
int64_t sqlite_col_i64(struct db_stmt *stmt, int column);
struct str sqlite_col_str(struct db_stmt *stmt, int column);
struct str sqlite_col_blob(struct db_stmt *stmt, int column);

#endif
