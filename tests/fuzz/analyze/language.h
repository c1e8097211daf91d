/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets for files of languages share: whatever the bytes, what comes out is usable. */
#ifndef TESTS_FUZZ_ANALYZE_LANGUAGE_H
#define TESTS_FUZZ_ANALYZE_LANGUAGE_H

#include "analyze/analyzer.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static inline void fuzz_language(
	analyze_fn *analyze, struct str path, const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct layer_inventory inventory = { 0 };
	struct analyze_nested nested = {
		.bytes = 16 << 20, .entries = 100000, .memory = 32 << 20, .depth = 4
	};
	struct analyze_sink sink = {
		.arena = arena, .inventory = &inventory, .path = path, .nested = &nested
	};
	struct err err = ERR_INIT;
	int r = analyze((struct str){ (const char *)bytes, n }, &sink, &err);
	CHECK(r == 0 || (r < 0 && err.code));
	for (size_t i = 0; i < inventory.packages.n; i++) {
		const struct package *package = &inventory.packages.items[i];
		AUTO_STRBUF struct strbuf purl = STRBUF(64 << 10);
		CHECK(analyze_is_word(package->name) && analyze_is_word(package->version));
		CHECK(analyze_is_word(package->source_name));
		CHECK(analyze_is_word(package->source_version));
		CHECK(!str_has_nul(package->licence) && !str_has_nul(package->supplier));
		package_purl(package, STR(""), STR(""), &purl);
		CHECK(str_starts(strbuf_view(&purl), STR("pkg:")));
	}
	CHECK(!str_has_nul(sink.partial) && nested.memory == 32 << 20);
	arena_free(&arena);
}

/* A whole target: FUZZ_LANGUAGE(function, "path of the file"). */
#define FUZZ_LANGUAGE(function, file_path)                                                         \
	int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)                                 \
	{                                                                                          \
		fuzz_language(function, STR(file_path), bytes, n);                                 \
		return 0;                                                                          \
	}

#endif
