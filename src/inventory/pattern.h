/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little language in which analyzers name the files they read. A pattern is a path whose
 * components are literal, or begin with one star that stands for at least one byte. A pattern whose
 * first component is two stars applies below any directory (it floats); every other one is anchored
 * at the root of the image.
 *
 * Matching goes from the last component to the first, compares bytes and allocates nothing: it runs
 * for every entry of every layer, and nearly all of them differ in the last component.
 */
#ifndef INVENTORY_PATTERN_H
#define INVENTORY_PATTERN_H

#include "base/str.h"

/* pattern: without the first component of two stars, which floating stands for. */
bool pattern_matches(struct str pattern, bool floating, struct str path);
/* path is a directory in which a path that an anchored pattern matches can lie. */
bool pattern_lies_below(struct str pattern, struct str path);

#endif
