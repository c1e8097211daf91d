/* SPDX-License-Identifier: Apache-2.0 */
/* Private to store/: advisory snapshots as small numbers, because every verdict names one. */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include "base/err.h"
#include "db/db.h"

/* *id is 0 for the empty text and, without an outcome, for a snapshot no verdict rests on yet. */
int snapshot_find(struct db_conn *c, struct str digest, int64_t *id, struct err *err) MUST_CHECK;
int snapshot_ensure(struct db_conn *c, struct str digest, int64_t *id, struct err *err) MUST_CHECK;

#endif
