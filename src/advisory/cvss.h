/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS vectors, scored by the published standards (FIRST): base scores of versions 2.0, 3.0 and
 * 3.1; for version 4.0 the score of all metrics that the vector has, as that standard does. Pure
 * functions.
 */
#ifndef ADVISORY_CVSS_H
#define ADVISORY_CVSS_H

#include "inventory/finding.h"

struct cvss {
	struct str vector;  /* as written; empty: none */
	struct str version; /* "2.0" … "4.0"; static text; empty: none */
	int score_tenths;   /* -1: no vector */
};

#define CVSS_NONE ((struct cvss){ .vector = STR_NULL, .version = STR_NULL, .score_tenths = -1 })

/* False when text is not a vector of a known version with all its base metrics. */
bool cvss_parse(struct str text, struct cvss *cvss);
/* The qualitative rating of a score; UNKNOWN without a score. */
enum severity cvss_severity(const struct cvss *cvss);

#endif
