/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed access to the tables (schema: store/migrations/NNN_*.sql via migrations.def). The functions
 * of content.h and scan_state.h work on a connection inside store_read()/store_write(), so callers
 * compose several into one transaction. SQL lives only in this folder. Text results are copied into
 * the caller's arena. Not-found is outcome STORE_ABSENT, never an error.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "db/db.h"

struct store;

enum { STORE_ABSENT = 1 };

/* Opens DIR/lazaret.db: owner lock, migrations, first-run rows. */
int store_open(const char *data_dir, const struct clock *clock, struct store **store,
	struct err *err) MUST_CHECK;
void store_close(struct store **store);
/* db_read, db_write and db_write_relaxed of the store's database (contract there). */
int store_read(struct store *store, db_fn fn, void *argument, struct err *err) MUST_CHECK;
int store_write(struct store *store, db_fn fn, void *argument, struct err *err) MUST_CHECK;
int store_write_relaxed(struct store *store, db_fn fn, void *argument, struct err *err) MUST_CHECK;

/* Who we are towards Azure-style clients. Fixed at first start; borrowed for the store's life. */
struct store_identity {
	struct str subscription_id; /* GUID of the subscription "default" */
	struct str resource_group;  /* "default" */
	struct str registry_name;   /* "lazaret" */
};
const struct store_identity *store_identity(const struct store *store);

#include "store/attributes.h"
#include "store/content.h"
#include "store/gc.h"
#include "store/scan_state.h"

#endif
