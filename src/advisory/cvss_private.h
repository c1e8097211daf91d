/* SPDX-License-Identifier: Apache-2.0 */
/* What the versions of CVSS share: metrics with their letters. Private to advisory/cvss*.c. */
#ifndef ADVISORY_CVSS_PRIVATE_H
#define ADVISORY_CVSS_PRIVATE_H

#include "base/str.h"

struct cvss_metric {
	struct str name;
	const char *values; /* one letter each */
	double weights[4];  /* of the values; not used by version 4.0 */
	bool optional;
};

/* Index of the value of each metric into picked, -1 for an optional one that is not there. False
 * when one comes twice, has a value that it cannot have, or is missing; other metrics are let
 * pass. */
bool cvss_pick(struct str vector, const struct cvss_metric *metrics, int count, int picked[]);

/* Score of a vector of version 4.0 (without its prefix); false: not one. */
bool cvss4_score(struct str metrics, int *tenths);

#endif
