/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluates the ranges of one affected entry (text form of record.h) for one version, by the rules
 * of the OSV schema: an entry speaks of a version that it lists or that one of its ranges contains.
 * Private to advisory/. Results are in the arena or borrowed from the ranges.
 */
#ifndef ADVISORY_EVALUATE_H
#define ADVISORY_EVALUATE_H

#include "advisory/snapshot_private.h"
#include "version/version.h"

struct outcome {
	bool inside;
	bool listed;	 /* by an enumerated version only, not by a range */
	bool unknown;	 /* a range could not be evaluated */
	bool open;	 /* inside a range that names neither a fix nor a last affected version */
	str_list fixes;	 /* lowest fix above the version of each range it is in */
	struct str last; /* highest last affected version of such a range */
};

struct outcome evaluate(
	struct arena *arena, enum version_grammar grammar, struct str ranges, struct str version);
/* Is version inside, or can that not be said? */
bool evaluate_contains(
	struct arena *arena, enum version_grammar grammar, struct str ranges, struct str version);
/* The first fixed version that the ranges name; STR_NULL: none. */
struct str evaluate_first_fix(struct str ranges);
/* The higher one; of two that cannot be compared the first; an empty one is the lowest. */
struct str evaluate_highest(enum version_grammar grammar, struct str a, struct str b);

#endif
