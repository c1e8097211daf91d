/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a language given to its analyzer, and what came out, for tests. */
#ifndef TESTS_ANALYZE_LANGUAGE_H
#define TESTS_ANALYZE_LANGUAGE_H

#include "analyze/analyzer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct outcome {
	struct arena *arena;
	struct layer_inventory inventory;
	struct str partial;
	size_t partial_count;
	struct err err;
	int code;
};

static inline struct outcome analyze_bytes(analyze_fn *analyze, const char *path, struct str bytes)
{
	struct outcome outcome = { .arena = arena_new(0) };
	struct analyze_sink sink = {
		.arena = outcome.arena, .inventory = &outcome.inventory, .path = str_from(path)
	};
	outcome.code = analyze(bytes, &sink, &outcome.err);
	outcome.partial = sink.partial;
	outcome.partial_count = sink.partial_count;
	return outcome;
}

static inline struct outcome analyze_cstr(analyze_fn *analyze, const char *path, const char *text)
{
	return analyze_bytes(analyze, path, str_from(text));
}

/* All packages as lines "type name version", in the order they were found. */
static inline void assert_packages(const struct outcome *outcome, const char *expected)
{
	AUTO_STRBUF struct strbuf found = STRBUF(1 << 20);
	for (size_t i = 0; i < outcome->inventory.packages.n; i++) {
		const struct package *package = &outcome->inventory.packages.items[i];
		strbuf_addf(&found, STR_FMT " " STR_FMT " " STR_FMT "\n",
			STR_ARG(package_type_name(package->type)), STR_ARG(package->name),
			STR_ARG(package->version));
	}
	if (outcome->code < 0)
		fail_msg("%s", err_text(&outcome->err));
	assert_string_equal(strbuf_cstr(&found), expected);
}

static inline void is_damaged(struct outcome outcome, const char *part)
{
	assert_true(outcome.code < 0);
	if (!strstr(err_text(&outcome.err), part))
		fail_msg("words: %s", err_text(&outcome.err));
	arena_free(&outcome.arena);
}

#endif
