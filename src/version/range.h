/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSV range evaluation, exactly by the schema (spec/scanner.md §2.3): events are sorted by version
 * (stable; at equal versions introduced before fixed before last_affected), walked from the lowest.
 * "introduced: 0" is below everything. Several limits: below at least one of them. Events whose
 * version does not parse make the range "unknown" rather than a match.
 */
#ifndef VERSION_RANGE_H
#define VERSION_RANGE_H

#include "version/version.h"

enum range_event_kind { RANGE_INTRODUCED, RANGE_FIXED, RANGE_LAST_AFFECTED, RANGE_LIMIT };

struct range_event {
	enum range_event_kind kind;
	struct str version;
};

enum range_result { RANGE_OUTSIDE, RANGE_INSIDE, RANGE_UNKNOWN };

/*
 * Is version inside? events may be in any order and are not changed; count up to 10,000. When
 * INSIDE, *fixed (if not NULL) becomes the lowest fixed version above version, STR_NULL when there
 * is none.
 */
enum range_result range_contains(enum version_grammar grammar, const struct range_event *events,
	size_t count, struct str version, struct str *fixed);

#endif
