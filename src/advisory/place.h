/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where snapshots lie: DIR/advisories/<id>.snapshot, DIR/advisories/current (the id and a newline),
 * DIR/advisories/lock (held by an import). Private to advisory/.
 */
#ifndef ADVISORY_PLACE_H
#define ADVISORY_PLACE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/* Makes the directory and takes the lock; *directory is an open descriptor of it and *lock keeps
 * the lock until it is closed. -EBUSY: another import runs. */
int place_lock(const char *data_dir, int *directory, int *lock, struct err *err) MUST_CHECK;
/* Id of the current snapshot; *found false: none yet. */
int place_current(const char *data_dir, char id[65], bool *found, struct err *err) MUST_CHECK;
/* Puts the finished file `temporary` in force as snapshot id: syncs it, renames it, switches the
 * pointer, and removes all but the two newest snapshots. */
int place_publish(int directory, const char *temporary, const char *id, struct err *err) MUST_CHECK;
/* Removes what an interrupted import left behind. Only under the lock. */
void place_sweep(int directory);

#endif
