/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One advisory record in our own terms: what osv.c and cve5.c make of a JSON record and what
 * builder.c stores. Text is borrowed from the arena (and the JSON tree in it) that the readers are
 * given. Private to advisory/ and its tests.
 */
#ifndef ADVISORY_RECORD_H
#define ADVISORY_RECORD_H

#include "advisory/cvss.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/vec.h"

enum record_kind { RECORD_OSV, RECORD_CVE };

/* aliases: the same vulnerability; upstream: the vulnerability a distribution's record is about;
 * related: anything else worth reading. Stored in snapshots: never renumber. */
enum link_kind { LINK_ALIAS, LINK_UPSTREAM, LINK_RELATED };

struct record_link {
	enum link_kind kind;
	struct str target;
};

/* How bad, as one record says it. */
struct rating {
	enum severity word; /* the vendor's own word; SEVERITY_UNKNOWN: none */
	struct str source;  /* who rates, where the record names it; else empty */
	struct cvss cvss;   /* cvss.vector empty: none */
};

/*
 * One affected package of one ecosystem. `ranges` is text, one line each: "R" begins a range, then
 * its events "i", "f", "l", "m" (introduced, fixed, last affected, limit) followed by the version;
 * "v" and a version is one of the enumerated versions. GIT ranges are not in it.
 */
struct record_affected {
	struct str ecosystem; /* as written: "Debian:12" */
	struct str package;
	struct rating rating;
	bool unimportant; /* the distribution says it does not count as a vulnerability */
	bool wont_fix;	  /* … or that it will stay unfixed in this release */
	struct str ranges;
};

struct record {
	enum record_kind kind;
	struct str name; /* its id */
	struct str title;
	struct str details;
	int64_t published_us; /* TIME_NONE: unknown */
	int64_t modified_us;
	int64_t withdrawn_us; /* TIME_NONE: in force */
	struct rating rating;
	VEC(struct record_link) links;
	VEC(struct record_affected) affected;
	VEC(struct str) references;
	VEC(struct str) weaknesses;
};

/* Reads one record of either kind. -EINVAL with the reason when it is bad; arena then holds
 * rubbish. */
int record_parse(
	struct arena *arena, struct str text, struct record *record, struct err *err) MUST_CHECK;

/* Copies all that the record borrows into arena. */
void record_keep(struct arena *arena, struct record *record);

/* The two readers behind it. */
int osv_read(
	struct arena *arena, const json_t *root, struct record *record, struct err *err) MUST_CHECK;
int cve5_read(
	struct arena *arena, const json_t *root, struct record *record, struct err *err) MUST_CHECK;

/* Is text fit to be an identifier or a version: 1 to 512 bytes, no control characters? */
bool record_word_ok(struct str text);

#endif
