/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema migrations (contract in migrations.h). The table schema_version has one row per step that
 * was applied; the version of a database is the highest of them. A step and its row are committed
 * together, so a migration that is cut off leaves the database at the step before it.
 */
#include "db/migrations.h"

#include <inttypes.h>

static int read_version(struct db_conn *conn, int64_t *version, struct err *err)
{
	struct db_stmt *stmt = db_stmt(conn, "SELECT max(version) FROM schema_version");
	int result = db_step(stmt, err);
	*version = result == DB_ROW ? db_col_i64(stmt, 0) : 0;
	db_done(stmt);
	return result < 0 ? err_trace(err, result) : 0;
}

static int note_version(struct db_conn *conn, int64_t version, const char *name, struct err *err)
{
	struct db_stmt *stmt =
		db_stmt(conn, "INSERT INTO schema_version (version, name) VALUES (?1, ?2)");
	db_bind_i64(stmt, 1, version);
	db_bind_str(stmt, 2, str_from(name));
	int result = db_step(stmt, err);
	db_done(stmt);
	return result < 0 ? err_trace(err, result) : 0;
}

static int apply(
	struct db_conn *conn, const struct db_migration *step, int64_t version, struct err *err)
{
	const struct db_driver *driver = conn->driver;
	int result = driver->begin(conn, DB_ROLE_WRITER, err);
	if (result == 0)
		result = driver->script(conn, step->sql, err);
	if (result == 0)
		result = note_version(conn, version, step->name, err);
	if (result == 0)
		result = driver->commit(conn, err);
	if (result < 0) {
		driver->abandon(conn);
		return err_wrap(err, result, "bringing the schema to version %" PRId64 " (%s)",
			version, step->name);
	}
	return 0;
}

int db_migrate(struct db_conn *conn, const struct db_settings *settings, struct err *err)
{
	int result = db_exec(conn,
		"CREATE TABLE IF NOT EXISTS schema_version "
		"(version INTEGER PRIMARY KEY, name TEXT NOT NULL)",
		err);
	int64_t version = 0;
	if (result == 0)
		result = read_version(conn, &version, err);
	if (result < 0)
		return err_trace(err, result);
	if (version > (int64_t)settings->migration_count)
		return err_set(err, EPROTO,
			"the data in %s has schema version %" PRId64
			", this program knows versions up to %zu; start the newer lazaret that "
			"wrote it, or restore a backup from before that upgrade",
			settings->path, version, settings->migration_count);
	for (size_t i = (size_t)version; i < settings->migration_count; i++) {
		result = apply(conn, &settings->migrations[i], (int64_t)i + 1, err);
		if (result < 0)
			return err_trace(err, result);
	}
	return 0;
}
