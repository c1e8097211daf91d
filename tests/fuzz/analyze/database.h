/* SPDX-License-Identifier: Apache-2.0 */
/* What all targets for package databases ask: whatever the bytes, a failure has words, and every
 * package and fact that comes out is usable. */
#ifndef FUZZ_ANALYZE_DATABASE_H
#define FUZZ_ANALYZE_DATABASE_H

#include "analyze/analyzer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static inline void fuzz_database(
	analyze_fn *analyze, struct str text, struct str log, struct str path)
{
	struct arena *arena = arena_new(0);
	struct layer_inventory inventory = { 0 };
	struct owned *owned = owned_new();
	struct analyze_sink sink = {
		.arena = arena, .inventory = &inventory, .path = path, .log = log, .owned = owned
	};
	struct err err = ERR_INIT;
	int r = analyze(text, &sink, &err);
	CHECK(r == 0 || (r < 0 && err.code));
	for (size_t i = 0; i < inventory.packages.n; i++) {
		const struct package *package = &inventory.packages.items[i];
		CHECK(analyze_is_word(package->name) && analyze_is_word(package->version));
		CHECK(analyze_is_word(package->source_name));
		CHECK(analyze_is_word(package->source_version));
		CHECK(!package->module.n || analyze_is_word(package->module));
	}
	for (size_t i = 0; i < inventory.facts.n; i++)
		CHECK(analyze_is_word(inventory.facts.items[i].value));
	CHECK(owned_find(owned, STR("usr/bin/demo")).p);
	owned_free(&owned);
	arena_free(&arena);
}

#endif
