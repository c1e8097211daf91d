/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small file system that the squash replays the layers over: only files and symbolic links that
 * inventories mention. Inside scan/ only. One squash, one thread.
 *
 * Whoever built the image chooses all counts: layers may be named many times, links may lead
 * through thousands of directories. So the work is counted in steps and given up past a limit.
 */
#ifndef SCAN_TREE_H
#define SCAN_TREE_H

#include "base/map.h"
#include "inventory/layer.h"

struct node {
	struct str path;
	bool is_link;
	bool live;
	uint32_t layer;
	struct str target;		  /* of a link */
	const struct layer_file *file;	  /* of a file */
	const struct layer_inventory *in; /* the layer of file */
	struct node *below;		  /* version of the same file that this one replaced */
};

struct tree {
	struct arena *arena;	  /* for the time of one squash */
	struct map *by_path;	  /* live nodes */
	VEC(struct node *) nodes; /* live ones after tree_add_layer() */
	size_t links;
	size_t steps;
};

void tree_begin(struct tree *tree);
void tree_end(struct tree *tree);

/* Counts work; false: it has become too much. A step: a package read for attribution, a directory
 * looked at, 64 bytes of a path put together. */
bool tree_may(struct tree *tree, size_t steps);

/* Puts a layer on top. Layers must outlive the tree. */
void tree_add_layer(struct tree *tree, const struct layer_inventory *layer, uint32_t index);

/* The file that a path leads to through links, or NULL. */
const struct node *tree_file(struct tree *tree, struct str path);
/* A fact of that file; empty: none, or node is NULL. */
struct str node_fact(const struct node *node, struct str key);

#endif
