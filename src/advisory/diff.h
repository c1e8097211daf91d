/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed from one snapshot to another, in the terms of who must be judged again
 * (architecture §4). Names err on the side of too many: a package named here may be judged as
 * before, one that is not named is judged as before for certain.
 */
#ifndef ADVISORY_DIFF_H
#define ADVISORY_DIFF_H

#include "advisory/snapshot.h"
#include "base/map.h"

/* A vulnerability whose words or dates changed, while nothing of it has to be judged. */
struct diff_text {
	struct str vulnerability;
	struct str title;     /* empty: as before */
	int64_t published_us; /* TIME_NONE: as before */
	int64_t modified_us;
};

struct snapshot_diff {
	struct map *names; /* package names, in the spelling of snapshots; values are not used */
	/* Package types of which a release or a language has come to have advisories, or has lost
	 * them all: then even packages that no record names are judged otherwise. */
	VEC(struct str) types;
	VEC(struct diff_text) texts;
	uint64_t records;      /* added, removed or changed in what judging reads */
	uint64_t records_text; /* changed in nothing but words and dates */
};

/* Text is in arena; free diff->names with snapshot_diff_free(). The snapshots stay as they were. */
int snapshot_diff(struct snapshot *before, struct snapshot *after, struct arena *arena,
	struct snapshot_diff *diff, struct err *err) MUST_CHECK;
void snapshot_diff_free(struct snapshot_diff *diff);
/* May the package be judged otherwise? */
bool snapshot_diff_touches(
	const struct snapshot_diff *diff, struct arena *arena, const struct package *package);

#endif
