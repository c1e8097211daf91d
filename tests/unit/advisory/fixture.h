/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary data directory with files, a fixed clock, and short forms of import and judging. */
#ifndef TEST_ADVISORY_FIXTURE_H
#define TEST_ADVISORY_FIXTURE_H

#include "advisory/import.h"
#include "advisory/snapshot.h"

struct fixture {
	char root[64];
	struct arena *arena;
	struct import_report report; /* of the last import */
	struct err err;
	int64_t now_us;
	struct clock clock;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* ROOT/name with this content; folders of name are made. */
void fixture_write(struct fixture *fixture, const char *name, struct str content);
/* Imports ROOT/name; the result of advisory_import(). */
int fixture_import(struct fixture *fixture, const char *name);
/* All matches of a source package; the snapshot is opened for it. */
struct match_list fixture_judge(struct fixture *fixture, const char *release,
	enum package_type type, const char *name, const char *version);
/* The same for a package and a platform of any kind. */
struct match_list fixture_judge_on(
	struct fixture *fixture, const struct platform *platform, const struct package *package);
/* The match for a vulnerability, or NULL. */
const struct match *fixture_find(const struct match_list *list, const char *vulnerability);

#endif
