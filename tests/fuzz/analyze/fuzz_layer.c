/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole layers: any bytes, tiny budgets. The inventory that comes out must survive its own wire
 * form when the layer is good, and hold nothing when it is not.
 */
#include "analyze/layer.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct hasher *hasher;

static void check_wire(struct arena *arena, const struct layer_inventory *inventory)
{
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_INVENTORY_BYTES);
	struct layer_inventory again;
	struct err err = ERR_INIT;
	layer_inventory_encode(inventory, &text);
	CHECK(!strbuf_failed(&text));
	CHECK(layer_inventory_decode(arena, strbuf_view(&text), &again, &err) == 0);
	CHECK(again.packages.n == inventory->packages.n && again.files.n == inventory->files.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct analyze_budget budget = {
		.inflated_bytes = 1 << 20, .entries = 100, .database_bytes = 1 << 16
	};
	struct err err = ERR_INIT;
	if (!hasher)
		CHECK(hasher_start(&hasher, &err) == 0);
	struct arena *arena = arena_new(0);
	struct layer_inventory inventory;
	struct stream *stream = stream_from_bytes((struct str){ (const char *)bytes, n });
	struct analyze_input input = { .stream = stream, .fd = -1, .hash_stored = true };
	analyze_layer(arena, hasher, &input, &budget, &inventory);
	stream_close(&stream);
	CHECK(inventory.state == LAYER_OK || inventory.reason.n);
	CHECK(inventory.state == LAYER_OK || !inventory.packages.n);
	check_wire(arena, &inventory);
	arena_free(&arena);
	return 0;
}
