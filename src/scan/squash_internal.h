/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the squash. Only its files include it. */
#ifndef SCAN_SQUASH_INTERNAL_H
#define SCAN_SQUASH_INTERNAL_H

#include "inventory/image.h"
#include "scan/tree.h"

/* Fills image->platform and image->has_os. Text is copied into arena. */
void squash_platform(struct arena *arena, struct tree *tree, struct image_inventory *image);

#endif
