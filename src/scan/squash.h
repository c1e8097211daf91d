/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From layer inventories to one image inventory: whiteouts, opaque directories, replaced
 * directories, database links, attribution (spec/scanner.md §2.9). Pure computation; results and
 * text live in arena, which must not outlive nothing the layers own: text is copied.
 */
#ifndef SCAN_SQUASH_H
#define SCAN_SQUASH_H

#include "inventory/image.h"
#include "inventory/layer.h"

/*
 * layers[0] is the base. Only layers with LAYER_OK may be passed. image->exceeded: it would take
 * more work or memory than an image may, and has no packages; that says nothing about the image.
 */
void squash_layers(struct arena *arena, const struct layer_inventory *const *layers, size_t count,
	struct image_inventory *image);

#endif
