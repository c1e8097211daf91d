/* SPDX-License-Identifier: Apache-2.0 */
/* The owner lock of a data file: one process at a time may have it open. Private to db/. */
#ifndef DB_OWNER_H
#define DB_OWNER_H

#include "base/err.h"

/* Locks "<path>.lock" until the descriptor is closed or the process ends, however it ends. */
int db_owner_claim(const char *path, int *claim, struct err *err) MUST_CHECK;

#endif
