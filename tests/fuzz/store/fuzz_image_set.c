/* SPDX-License-Identifier: Apache-2.0 */
/* Image package sets: what the reader accepts is exactly what the writer makes of it, and the
 * reader of package ids alone sees the same packages. */
#include "store/image_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_packages(
	struct arena *arena, struct str input, const struct store_set_entry *entries, size_t count)
{
	int64_t *packages;
	size_t seen;
	size_t at = 0;
	CHECK(image_set_packages(arena, input, &packages, &seen, NULL) == 0);
	for (size_t i = 0; i < count; i++)
		if (!entries[i].suppressed.n) {
			CHECK(at < seen && packages[at] == entries[i].package);
			at++;
		}
	CHECK(at == seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct str input = { (const char *)bytes, n };
	struct store_set_entry *entries;
	size_t count;
	int64_t *ids;
	size_t id_count;
	bool readable = image_set_packages(arena, input, &ids, &id_count, NULL) == 0;
	if (image_set_decode(arena, input, &entries, &count, NULL) == 0) {
		AUTO_STRBUF struct strbuf again = STRBUF(n);
		image_set_encode(entries, count, &again);
		CHECK(!strbuf_failed(&again) && str_eq(strbuf_view(&again), input));
		CHECK(readable);
		check_packages(arena, input, entries, count);
	}
	arena_free(&arena);
	return 0;
}
