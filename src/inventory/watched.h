/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files analyzers read, for those who decide what to give to a worker and may not know the
 * analyzers themselves. The patterns come from analyze/analyzers.def at build time. Pure.
 */
#ifndef INVENTORY_WATCHED_H
#define INVENTORY_WATCHED_H

#include "base/str.h"

enum { WATCHED_HEAD_BYTES = 4 };

/* Some analyzer reads files of this path. */
bool watched_path(struct str path);
/* Some analyzer reads files that begin like this, whatever their path: executables. */
bool watched_head(struct str head);

#endif
