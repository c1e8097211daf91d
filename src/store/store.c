/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the store (contract in store.h): one database file in the data directory, brought to the
 * current schema by db/, and the identity read once. Everything else is in the files by table.
 */
#include "store/store.h"

#include "store/migrations.h"
#include "store/sql.h"

enum { STORE_MAGIC = 0x53746f72 };

struct store {
	unsigned magic;
	struct db *db;
	struct arena *arena; /* text of identity */
	const struct clock *clock;
	struct store_identity identity;
};

static int read_identity(struct db_conn *c, void *argument, struct err *err)
{
	struct store *store = argument;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IDENTITY);
	int rc = sql_one(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT)
		return err_set(err, EPROTO, "the database has no registry row");
	store->identity.subscription_id = sql_text_column(s, store->arena, 0);
	store->identity.resource_group = sql_text_column(s, store->arena, 1);
	store->identity.registry_name = sql_text_column(s, store->arena, 2);
	return 0;
}

int store_open(
	const char *data_dir, const struct clock *clock, struct store **store, struct err *err)
{
	struct store *opened = calloc(1, sizeof(*opened));
	CHECK(opened);
	opened->magic = STORE_MAGIC;
	opened->clock = clock;
	opened->arena = arena_new(0);
	struct str path = arena_printf(opened->arena, "%s/lazaret.db", data_dir);
	struct db_settings settings = {
		.path = arena_cstr(opened->arena, path),
		.migrations = store_migrations,
		.migration_count = store_migration_count,
	};
	int rc = db_open(&settings, &opened->db, err);
	if (rc == 0)
		rc = db_read(opened->db, read_identity, opened, err);
	if (rc < 0) {
		store_close(&opened);
		return err_wrap(err, rc, "opening the store in %s", data_dir);
	}
	*store = opened;
	return 0;
}

void store_close(struct store **store)
{
	struct store *closing = *store;
	if (!closing)
		return;
	CHECK_MAGIC(closing, STORE_MAGIC);
	if (closing->db)
		db_close(&closing->db);
	arena_free(&closing->arena);
	closing->magic = 0;
	free(closing);
	*store = NULL;
}

int store_read(struct store *store, db_fn fn, void *argument, struct err *err)
{
	CHECK_MAGIC(store, STORE_MAGIC);
	return db_read(store->db, fn, argument, err);
}

int store_write(struct store *store, db_fn fn, void *argument, struct err *err)
{
	CHECK_MAGIC(store, STORE_MAGIC);
	return db_write(store->db, fn, argument, err);
}

int store_write_relaxed(struct store *store, db_fn fn, void *argument, struct err *err)
{
	CHECK_MAGIC(store, STORE_MAGIC);
	return db_write_relaxed(store->db, fn, argument, err);
}

const struct store_identity *store_identity(const struct store *store)
{
	CHECK_MAGIC(store, STORE_MAGIC);
	return &store->identity;
}
