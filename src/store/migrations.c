/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the schema; their SQL is embedded at build time from migrations/ by embed_sql.py. */
#include "store/migrations.h"

#include "migrations_sql.h"

const struct db_migration store_migrations[] = {
#define MIGRATION(file) { #file, file },
#include "store/migrations.def"
#undef MIGRATION
};

const size_t store_migration_count = sizeof(store_migrations) / sizeof(store_migrations[0]);
