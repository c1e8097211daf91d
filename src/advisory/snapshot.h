/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Immutable advisory snapshots: one SQLite file DIR/advisories/<sha256>.snapshot named by its
 * content digest, and a pointer file DIR/advisories/current that is switched by rename. Building
 * happens beside the old one, so readers never wait and a crash leaves the old snapshot in force.
 * A struct snapshot belongs to one thread at a time; open one per thread (it is cheap: mapped).
 */
#ifndef ADVISORY_SNAPSHOT_H
#define ADVISORY_SNAPSHOT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/vec.h"
#include "inventory/finding.h"

struct snapshot;

enum { SNAPSHOT_NONE = 1 }; /* outcome: nothing was imported yet */

int snapshot_open_current(
	const char *data_dir, struct snapshot **snapshot, struct err *err) MUST_CHECK;
/* Opens a particular snapshot, as long as its file is there. Outcome SNAPSHOT_NONE: it is gone. */
int snapshot_open(const char *data_dir, struct str id, struct snapshot **snapshot,
	struct err *err) MUST_CHECK;
/* Id of the current snapshot into out, without opening it: cheap, for polling. Outcome
 * SNAPSHOT_NONE. */
int snapshot_current_id(const char *data_dir, char out[65], struct err *err) MUST_CHECK;
void snapshot_close(struct snapshot **snapshot);
struct str snapshot_id(const struct snapshot *snapshot);
int64_t snapshot_built_at(const struct snapshot *snapshot); /* UTC microseconds */

/* Are there advisories for exactly this release ("Debian:12"), or unscoped ones for its ecosystem?
 */
bool snapshot_has_release(struct snapshot *snapshot, struct str release_key);

struct match_list {
	VEC(struct match) items; /* sorted by vulnerability id; arena-allocated */
	bool not_evaluated;	 /* the version could not be compared with at least one range */
};

/*
 * All vulnerabilities of one package on one platform, one per CVE (spec/scanner.md §2.4), by source
 * name and source version. -E… only for a damaged snapshot. No release key: no matches.
 */
int snapshot_judge(struct snapshot *snapshot, struct arena *arena, const struct package *package,
	const struct platform *platform, struct match_list *list, struct err *err) MUST_CHECK;

/* Long form of a vulnerability for people: description and references; empty ones when unknown. */
struct vulnerability_text {
	struct str title;
	struct str description;
	VEC(struct str) references; /* URLs */
	VEC(struct str) weaknesses; /* "CWE-79" */
};
int snapshot_describe(struct snapshot *snapshot, struct arena *arena, struct str vulnerability,
	struct vulnerability_text *text, struct err *err) MUST_CHECK;

/* Status of the current snapshot as JSON: id, built, age, sources with counts, releases, bad
 * records. */
int snapshot_status(struct snapshot *snapshot, const struct clock *clock, json_t **status,
	struct err *err) MUST_CHECK;

#endif
