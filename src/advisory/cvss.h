/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS vectors: base scores of versions 2.0, 3.0 and 3.1 by the formulas of the published
 * standards (FIRST). Of version 4.0 the vector is kept without a score, because its score comes
 * from a table of the standard that is not part of this program. Pure functions.
 */
#ifndef ADVISORY_CVSS_H
#define ADVISORY_CVSS_H

#include "inventory/finding.h"

struct cvss {
	struct str vector;  /* as written; empty: none */
	struct str version; /* "2.0" … "4.0"; static text; empty: none */
	int score_tenths;   /* -1: none */
};

#define CVSS_NONE ((struct cvss){ .vector = STR_NULL, .version = STR_NULL, .score_tenths = -1 })

/* False when text is not a vector of a known version with all its base metrics. */
bool cvss_parse(struct str text, struct cvss *cvss);
/* The qualitative rating of a score; UNKNOWN without a score. */
enum severity cvss_severity(const struct cvss *cvss);

#endif
