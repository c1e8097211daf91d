/* SPDX-License-Identifier: Apache-2.0 */
/* Apk's installed database: whatever the bytes, every package that comes out is usable. */
#include "analyze/analyzer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct layer_inventory inventory = { 0 };
	struct analyze_sink sink = { .arena = arena, .inventory = &inventory };
	struct err err = ERR_INIT;
	analyze_fn *analyze = analyze_apk_installed;
	int r = analyze((struct str){ (const char *)bytes, n }, &sink, &err);
	CHECK(r == 0 || (r < 0 && err.code));
	for (size_t i = 0; i < inventory.packages.n; i++) {
		const struct package *package = &inventory.packages.items[i];
		CHECK(analyze_is_word(package->name) && analyze_is_word(package->version));
		CHECK(analyze_is_word(package->source_name));
		CHECK(analyze_is_word(package->source_version));
	}
	for (size_t i = 0; i < inventory.facts.n; i++)
		CHECK(!str_has_nul(inventory.facts.items[i].value));
	arena_free(&arena);
	return 0;
}
