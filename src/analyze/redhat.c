/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which repositories the packages of a Red Hat image come from. Its advisories are given for
 * products that os-release does not name, and the repositories (content sets) lead to them. Two
 * sources: content manifests, JSON that Red Hat's build system leaves in its images,
 * {"content_sets": ["rhel-8-for-x86_64-baseos-rpms", …]}; and the history of dnf, SQLite databases
 * of dnf 4 and libdnf5 that name the repositories in a table repo. Each becomes a fact
 * "content-set".
 */
#include "analyze/analyzer.h"
#include "analyze/memory_sqlite.h"
#include "base/json.h"
#include "base/limits.h"

static int add(struct str name, void *context, struct err *err)
{
	/* "@System", "@commandline": what was there before, and local files. */
	if (!analyze_is_word(name) || str_starts(name, STR("@")) || str_find(name, ',') != STR_NONE)
		return 0;
	return analyze_add_fact(context, STR("content-set"), name, err);
}

int analyze_content_manifest(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	if (json_values_at_most(text) > LIMIT_DOCUMENT_VALUES)
		return err_set(err, E2BIG, "it has too many values");
	int r = json_parse(text, LIMIT_CONFIG_BYTES, &root, err);
	if (r < 0)
		return err_trace(err, r);
	const json_t *sets = json_list(root, "content_sets");
	for (size_t i = 0; i < json_array_size(sets) && r == 0; i++)
		r = add(json_text(json_array_get(sets, i)), sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_dnf_history(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct memory_sqlite m;
	int r = memory_sqlite_open(&m, text, sink->log, err);
	if (r == 0)
		r = memory_sqlite_each(&m, "SELECT DISTINCT repoid FROM repo", add, sink, err);
	memory_sqlite_close(&m);
	return r < 0 ? err_trace(err, r) : 0;
}
