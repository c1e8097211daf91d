/* SPDX-License-Identifier: Apache-2.0 */
/* Image package sets: what the reader accepts is exactly what the writer makes of it. */
#include "store/image_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct str input = { (const char *)bytes, n };
	struct store_set_entry *entries;
	size_t count;
	if (image_set_decode(arena, input, &entries, &count, NULL) == 0) {
		AUTO_STRBUF struct strbuf again = STRBUF(n);
		image_set_encode(entries, count, &again);
		CHECK(!strbuf_failed(&again) && str_eq(strbuf_view(&again), input));
	}
	arena_free(&arena);
	return 0;
}
