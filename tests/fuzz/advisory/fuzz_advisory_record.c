/* SPDX-License-Identifier: Apache-2.0 */
/* One OSV or CVE record: whatever is accepted has a usable id and named packages. */
#include "advisory/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct record record;
	struct err err = ERR_INIT;
	if (record_parse(arena, (struct str){ (const char *)bytes, n }, &record, &err) == 0) {
		CHECK(record_word_ok(record.name));
		for (size_t i = 0; i < record.affected.n; i++)
			CHECK(record_word_ok(record.affected.items[i].package));
	} else {
		CHECK(err.code < 0);
	}
	arena_free(&arena);
	return 0;
}
