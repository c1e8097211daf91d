/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile worker may send as an inventory: refused, or the same after another round. */
#include "inventory/layer.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct layer_inventory first;
	struct layer_inventory second;
	struct err err = ERR_INIT;
	if (layer_inventory_decode(arena, (struct str){ (const char *)bytes, n }, &first, &err) ==
		0) {
		AUTO_STRBUF struct strbuf once = STRBUF(LIMIT_INVENTORY_BYTES);
		AUTO_STRBUF struct strbuf twice = STRBUF(LIMIT_INVENTORY_BYTES);
		layer_inventory_encode(&first, &once);
		CHECK(layer_inventory_decode(arena, strbuf_view(&once), &second, &err) == 0);
		layer_inventory_encode(&second, &twice);
		CHECK(str_eq(strbuf_view(&once), strbuf_view(&twice)));
		for (size_t i = 0; i < first.files.n; i++) {
			const struct layer_file *file = &first.files.items[i];
			CHECK(file->first_package + file->package_count <= first.packages.n);
			CHECK(file->first_fact + file->fact_count <= first.facts.n);
		}
	}
	arena_free(&arena);
	return 0;
}
