/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image is called once its packages are judged: the one place with the rules, for stored
 * images and for `lazaret scan`. Unknown is never healthy. Pure functions.
 */
#ifndef ASSESS_VERDICT_H
#define ASSESS_VERDICT_H

#include "advisory/snapshot.h"

struct verdict_input {
	struct snapshot *snapshot; /* NULL: nothing was imported yet */
	const struct platform *platform;
	uint32_t package_count;
	uint32_t not_evaluated;
	const struct severity_counts *counts;
	bool partial; /* not everything in the image was read */
};

/* The state, and the sentence to it (may be empty), in arena. */
enum image_state verdict_of(
	struct arena *arena, const struct verdict_input *input, struct str *reason);

#endif
