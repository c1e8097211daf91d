/* SPDX-License-Identifier: Apache-2.0 */
/* Brings a database to the newest schema this program knows. Private to db/. */
#ifndef DB_MIGRATIONS_H
#define DB_MIGRATIONS_H

#include "db/driver.h"

/* Each step in its own transaction. A newer schema is -EPROTO and nothing is touched. */
int db_migrate(
	struct db_conn *conn, const struct db_settings *settings, struct err *err) MUST_CHECK;

#endif
