/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about ecosystems (ecosystems.def) and about families of advisory ids
 * (families.def), and the one place where release keys are normalised. Pure functions.
 */
#ifndef ADVISORY_ECOSYSTEM_H
#define ADVISORY_ECOSYSTEM_H

#include "base/arena.h"
#include "base/str.h"
#include "version/version.h"

enum ecosystem_names { NAMES_SOURCE, NAMES_EITHER };

struct ecosystem {
	struct str base;
	enum version_grammar grammar;
	enum ecosystem_names names;
};

/* NULL: no grammar for it, records are only kept. */
const struct ecosystem *ecosystem_find(struct str base);

/*
 * "Ubuntu:22.04:LTS" → base "Ubuntu", release "22.04"; "Ubuntu:Pro:18.04:LTS" → "Pro:18.04";
 * "Alpine:3.18" → "v3.18"; without a colon the release is empty. Two keys mean the same release
 * when both parts are equal. Text in arena.
 */
void ecosystem_split(struct arena *arena, struct str key, struct str *base, struct str *release);

struct str family_vendor(struct str advisory); /* "Debian"; for unknown ones the id up to "-" */
bool family_erratum(struct str advisory);
/* "CVE-" year "-" digits. */
bool is_cve(struct str name);
/* The CVE number at the end of ids like "ALPINE-CVE-2021-21193"; STR_NULL: none. */
struct str cve_suffix(struct str name);

#endif
