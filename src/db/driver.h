/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For drivers and the front only: the function table behind db.h. A driver supplies connections and
 * statements; the queue of writes, the pool of readers, migrations and the rules of db.h are the
 * front's. One connection is used by one thread at a time, so a driver needs no locks.
 *
 * Errors carry what failed and what to do about it; a full, failing or read-only disk is -ENOSPC,
 * -EIO or -EROFS in every driver.
 */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include "db/db.h"

enum db_role { DB_ROLE_WRITER, DB_ROLE_READER };

struct db_driver {
	const char *name;

	/*
	 * Makes this process the only owner of the data, where the database cannot be shared:
	 * *claim is a descriptor whose close gives the claim back, or -1 when sharing is fine.
	 * -EBUSY: held by another.
	 */
	int (*claim)(const struct db_settings *settings, int *claim, struct err *err);
	int (*connect)(const struct db_settings *settings, enum db_role role, struct db_conn **conn,
		struct err *err);
	void (*disconnect)(struct db_conn *conn);

	/* Transactions; a reader's is one consistent snapshot. abandon() never fails. */
	int (*begin)(struct db_conn *conn, enum db_role role, struct err *err);
	int (*commit)(struct db_conn *conn, struct err *err);
	void (*abandon)(struct db_conn *conn);
	/* Between transactions of the writer: whether commit() waits for the disk; at first it
	 * does. */
	int (*set_durable)(struct db_conn *conn, bool durable, struct err *err);
	/* One level of nesting inside a write transaction. */
	int (*savepoint)(struct db_conn *conn, struct err *err);
	int (*savepoint_keep)(struct db_conn *conn, struct err *err);
	int (*savepoint_undo)(struct db_conn *conn, struct err *err);
	/* False after a failure that made the database give up the whole transaction by itself. */
	bool (*in_transaction)(struct db_conn *conn);

	/* Several statements, for migrations. */
	int (*script)(struct db_conn *conn, const char *sql, struct err *err);
	/* Called on the writer after its callers are awake; busy: more of them wait already. */
	void (*housekeeping)(struct db_conn *conn, bool busy);

	/* Statements (contracts of db.h). done_all gives back whatever is still open. */
	struct db_stmt *(*stmt)(struct db_conn *conn, const char *sql);
	void (*bind_str)(struct db_stmt *stmt, int index, struct str text);
	void (*bind_blob)(struct db_stmt *stmt, int index, struct str bytes);
	void (*bind_i64)(struct db_stmt *stmt, int index, int64_t value);
	void (*bind_null)(struct db_stmt *stmt, int index);
	int (*step)(struct db_stmt *stmt, struct err *err);
	void (*done)(struct db_stmt *stmt);
	void (*done_all)(struct db_conn *conn);
	bool (*col_null)(struct db_stmt *stmt, int column);
	int64_t (*col_i64)(struct db_stmt *stmt, int column);
	struct str (*col_str)(struct db_stmt *stmt, int column);
	struct str (*col_blob)(struct db_stmt *stmt, int column);
	int64_t (*last_id)(struct db_conn *conn);
	int64_t (*changes)(struct db_conn *conn);
};

/* First member of every driver's own structs. */
struct db_conn {
	const struct db_driver *driver;
};
struct db_stmt {
	struct db_conn *conn;
};

/* Runs fn on the connection, forbids db_read/db_write inside it, gives its open statements back. */
int db_call(struct db_conn *conn, db_fn fn, void *argument, struct err *err) MUST_CHECK;

extern const struct db_driver db_driver_sqlite;

#endif
