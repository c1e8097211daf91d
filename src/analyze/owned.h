/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operating system package brought which file of a layer, for the time of reading that layer.
 * Package managers list up to some hundred thousand files, and only the few that are evidence of
 * language packages are ever asked for, after all entries have passed; so a file is kept as the
 * hash of its path (16 bytes). A collision would give a file a wrong owner: with 64 bits that does
 * not happen by chance, and who does it on purpose could as well list the file. Inside analyze/
 * only.
 */
#ifndef ANALYZE_OWNED_H
#define ANALYZE_OWNED_H

#include "base/arena.h"
#include "base/err.h"
#include "inventory/package.h"

struct owned;

struct owned *owned_new(void);
void owned_free(struct owned **owned);
/* Files of one package take least memory when they come one after the other. -E2BIG: too many. */
int owned_add(struct owned *owned, enum package_type type, struct str package, struct str path,
	struct err *err) MUST_CHECK;
/*
 * The first owner that was added for this path as struct layer_file has it, or empty. Valid as long
 * as owned. Paths are the same with and without "/" in front and, for the directories that merged
 * into /usr, "usr/".
 */
struct str owned_find(struct owned *owned, struct str path);

#endif
