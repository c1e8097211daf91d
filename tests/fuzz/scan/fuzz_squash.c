/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The squash over inventories as a hostile worker could send them: the input is layers in wire
 * form, one per line. Whatever decodes must squash, and the result must keep its promises: sorted,
 * no package twice, layers in range with the first one not above the one that was read.
 */
#include "base/check.h"
#include "scan/squash.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { LAYERS_MAX = 32 };

static void check(const struct image_inventory *image, size_t layers)
{
	for (size_t i = 0; i < image->packages.n; i++) {
		const struct image_package *p = &image->packages.items[i];
		CHECK(p->evidence_layer < layers && p->first_layer <= p->evidence_layer);
		if (!i)
			continue;
		const struct package *before = &image->packages.items[i - 1].package;
		CHECK(before->type <= p->package.type);
		CHECK(before->type < p->package.type ||
			str_cmp(before->name, p->package.name) <= 0);
		CHECK(!package_same(before, &p->package));
	}
	CHECK(!image->packages.n || image->has_database);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n };
	struct str line;
	struct arena *arena = arena_new(0);
	const struct layer_inventory *layers[LAYERS_MAX];
	size_t count = 0;
	while (count < LAYERS_MAX && rest.n && str_cut(&rest, '\n', &line)) {
		struct layer_inventory *layer = ARENA_NEW(arena, struct layer_inventory);
		if (layer_inventory_decode(arena, line, layer, NULL) == 0 &&
			layer->state == LAYER_OK)
			layers[count++] = layer;
	}
	struct image_inventory image;
	squash_layers(arena, layers, count, &image);
	check(&image, count);
	arena_free(&arena);
	return 0;
}
