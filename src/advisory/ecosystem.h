/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about ecosystems (ecosystems.def) and about families of advisory ids
 * (families.def), and the one place where release keys are normalised. Pure functions.
 */
#ifndef ADVISORY_ECOSYSTEM_H
#define ADVISORY_ECOSYSTEM_H

#include "base/arena.h"
#include "base/str.h"
#include "inventory/package.h"
#include "version/version.h"

enum ecosystem_names { NAMES_SOURCE, NAMES_BINARY, NAMES_EITHER };
enum ecosystem_spelling { SPELLING_EXACT, SPELLING_LOWER, SPELLING_PYPI, SPELLING_URL };

struct ecosystem {
	struct str base;
	struct str type; /* of its packages: "deb" */
	enum version_grammar grammar;
	enum ecosystem_names names;
	enum ecosystem_spelling spelling;
	bool os; /* of a distribution: chosen by the platform, and keys may have a release */
};

/* NULL: no grammar for it, records are only kept. */
const struct ecosystem *ecosystem_find(struct str base);
/* The ecosystem of a language's packages; NULL: none, or packages of a distribution. */
const struct ecosystem *ecosystem_of_type(enum package_type type);
/* A package's name as it is compared; ecosystem may be NULL. Borrowed or in arena. */
struct str ecosystem_spell(struct arena *arena, const struct ecosystem *ecosystem, struct str name);

/*
 * "Ubuntu:22.04:LTS" → base "Ubuntu", release "22.04"; "Ubuntu:Pro:18.04:LTS" → "Pro:18.04";
 * "Alpine:3.18" → "v3.18"; without a colon the release is empty. Two keys mean the same release
 * when both parts are equal. Text in arena.
 */
void ecosystem_split(struct arena *arena, struct str key, struct str *base, struct str *release);

/* An erratum describes an update; one about bugs or features is no vulnerability of its own. */
enum family_kind { FAMILY_RECORD, FAMILY_ERRATUM, FAMILY_BUGFIX };
enum family_kind family_kind(struct str advisory);
struct str family_vendor(struct str advisory); /* "Debian"; for unknown ones the id up to "-" */
/* "CVE-" year "-" digits. */
bool is_cve(struct str name);
/* The CVE number at the end of ids like "ALPINE-CVE-2021-21193"; STR_NULL: none. */
struct str cve_suffix(struct str name);

#endif
