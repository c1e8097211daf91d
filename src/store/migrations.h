/* SPDX-License-Identifier: Apache-2.0 */
/* Private to store/ and its tests: the schema as a list of steps (migrations.def). */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "db/db.h"

extern const struct db_migration store_migrations[];
extern const size_t store_migration_count;

#endif
