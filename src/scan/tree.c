/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See tree.h. The layers are replayed from the base up. Per layer, in this order, because hiding
 * acts on lower layers only: the hides take away what lower layers left, then the links of the
 * layer are placed, then its files. Placing a file or a link at a path replaces whatever stood
 * there and everything that lay below it. Parents of every path are resolved through the links that
 * stand at that moment, so that a database behind "lib -> usr/lib" has one name.
 *
 * A placed file remembers the version it replaced: that chain is the run of layers whose database
 * was never taken away in between.
 */
#include "scan/tree.h"

#include "base/limits.h"
#include "base/strbuf.h"

/* Symbolic links followed for one path before it counts as a loop: the limit of Linux. */
enum { LINK_HOPS = 40 };

enum { BYTES_PER_STEP = 64 };

void tree_begin(struct tree *tree)
{
	*tree = (struct tree){ .arena = arena_new(LIMIT_IMAGE_SCAN_BYTES), .by_path = map_new() };
}

void tree_end(struct tree *tree)
{
	map_free(&tree->by_path);
	arena_free(&tree->arena);
}

bool tree_may(struct tree *tree, size_t steps)
{
	tree->steps += steps;
	return tree->steps <= LIMIT_SQUASH_STEPS && !arena_exceeded(tree->arena);
}

/* --- paths */

static struct str path_parent(struct str path)
{
	size_t slash = str_rfind(path, '/');
	return slash == STR_NONE ? STR("") : str_sub(path, 0, slash);
}

static struct str path_base(struct str path)
{
	size_t slash = str_rfind(path, '/');
	return slash == STR_NONE ? path : str_skip(path, slash + 1);
}

static struct str path_join(struct arena *arena, struct str directory, struct str rest)
{
	if (!directory.n)
		return rest;
	if (!rest.n)
		return directory;
	return arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(directory), STR_ARG(rest));
}

static struct node *tree_link_at(const struct tree *tree, struct str path)
{
	struct node *node = map_get(tree->by_path, path);
	return node && node->is_link ? node : NULL;
}

/*
 * Follows links in path. With follow_last also in its last component. A loop, or a path that grows
 * past every real one, gives STR_NULL: such a path leads nowhere.
 */
static struct str resolve_parts(struct tree *tree, struct str path, bool follow_last)
{
	struct str done = STR("");
	struct str rest = path;
	struct str part;
	unsigned hops = 0;
	while (str_cut(&rest, '/', &part)) {
		if (!tree_may(tree, 1 + done.n / BYTES_PER_STEP))
			return STR_NULL;
		if (!part.n || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR(".."))) {
			done = path_parent(done);
			continue;
		}
		struct str here = path_join(tree->arena, done, part);
		const struct node *link = rest.n || follow_last ? tree_link_at(tree, here) : NULL;
		if (!link) {
			done = here;
			continue;
		}
		if (++hops > LINK_HOPS || link->target.n + rest.n > LIMIT_ENTRY_PATH)
			return STR_NULL;
		if (str_starts(link->target, STR("/")))
			done = STR("");
		rest = path_join(tree->arena, link->target, rest);
	}
	return done;
}

static struct str tree_resolve(struct tree *tree, struct str path, bool follow_last)
{
	if (!tree->links)
		return path;
	/* Every part makes a longer copy; only the last one is worth its memory. */
	AUTO_STRBUF struct strbuf kept = STRBUF(2 * LIMIT_ENTRY_PATH);
	struct arena_mark mark = arena_mark(tree->arena);
	struct str found = resolve_parts(tree, path, follow_last);
	strbuf_add_str(&kept, found);
	bool usable = found.p && !strbuf_failed(&kept);
	arena_rollback(tree->arena, mark);
	return usable ? arena_str(tree->arena, strbuf_view(&kept)) : STR_NULL;
}

/* The name under which something placed or hidden at path is known. */
static struct str tree_place_of(struct tree *tree, struct str path)
{
	struct str parent = path_parent(path);
	if (!parent.n || !tree->links)
		return path;
	/* The parent counts whole: its own last component may be a link, too. */
	struct str resolved = tree_resolve(tree, parent, true);
	if (!resolved.p)
		return path;
	return path_join(tree->arena, resolved, path_base(path));
}

/* --- the tree */

static void tree_drop(struct tree *tree, struct node *node)
{
	node->live = false;
	if (node->is_link)
		tree->links--;
	map_remove(tree->by_path, node->path);
}

static void tree_compact(struct tree *tree)
{
	size_t kept = 0;
	for (size_t i = 0; i < tree->nodes.n; i++) {
		if (tree->nodes.items[i]->live)
			tree->nodes.items[kept++] = tree->nodes.items[i];
	}
	tree->nodes.n = kept;
}

/* Marks in the map of what a layer takes away: how much goes at that path. */
static char hide_whole[] = "path and tree";
static char hide_tree[] = "tree below";

static void hide_note(struct map *hides, struct str path, char *mark)
{
	/* The wider one wins when both name a path. */
	if (mark == hide_whole || !map_get(hides, path))
		map_put(hides, path, mark);
}

static bool hide_covers(struct tree *tree, const struct map *hides, struct str path)
{
	if (map_get(hides, path) == hide_whole)
		return true;
	while (path.n && tree_may(tree, 1 + path.n / BYTES_PER_STEP)) {
		path = path_parent(path);
		if (map_get(hides, path))
			return true;
	}
	return false;
}

/*
 * Everything a layer removes from the lower ones: its hides, and the trees below its files and
 * links (neither is a directory). A link or file of the same layer is not in the tree yet.
 */
static void tree_hide(struct tree *tree, const struct layer_inventory *layer)
{
	if (!tree->nodes.n)
		return;
	struct map *hides = map_new();
	for (size_t i = 0; i < layer->hides.n && tree_may(tree, 1); i++) {
		const struct layer_hide *hide = &layer->hides.items[i];
		hide_note(hides, tree_place_of(tree, hide->path),
			hide->kind == LAYER_HIDE_OPAQUE ? hide_tree : hide_whole);
	}
	for (size_t i = 0; i < layer->links.n && tree_may(tree, 1); i++)
		hide_note(hides, tree_place_of(tree, layer->links.items[i].path), hide_tree);
	for (size_t i = 0; i < layer->files.n && tree_may(tree, 1); i++)
		hide_note(hides, tree_place_of(tree, layer->files.items[i].path), hide_tree);
	for (size_t i = 0; i < tree->nodes.n && tree_may(tree, 1); i++) {
		if (hide_covers(tree, hides, tree->nodes.items[i]->path))
			tree_drop(tree, tree->nodes.items[i]);
	}
	map_free(&hides);
	tree_compact(tree);
}

static struct node *tree_place(struct tree *tree, struct str path, uint32_t layer)
{
	struct node *node = ARENA_NEW(tree->arena, struct node);
	struct node *old = map_get(tree->by_path, path);
	node->path = path;
	node->live = true;
	node->layer = layer;
	if (old) {
		node->below = old->is_link ? NULL : old;
		tree_drop(tree, old);
	}
	map_put(tree->by_path, path, node);
	AVEC_PUSH(tree->arena, &tree->nodes, node);
	return node;
}

void tree_add_layer(struct tree *tree, const struct layer_inventory *layer, uint32_t index)
{
	tree_hide(tree, layer);
	for (size_t i = 0; i < layer->links.n && tree_may(tree, 1); i++) {
		struct str place = tree_place_of(tree, layer->links.items[i].path);
		struct node *node = tree_place(tree, place, index);
		node->is_link = true;
		node->target = layer->links.items[i].target;
		node->below = NULL;
		tree->links++;
	}
	for (size_t i = 0; i < layer->files.n && tree_may(tree, 1); i++) {
		const struct layer_file *file = &layer->files.items[i];
		struct node *node = tree_place(tree, tree_place_of(tree, file->path), index);
		node->file = file;
		node->in = layer;
	}
	tree_compact(tree);
}

const struct node *tree_file(struct tree *tree, struct str path)
{
	struct str resolved = tree_resolve(tree, path, true);
	const struct node *node = resolved.p ? map_get(tree->by_path, resolved) : NULL;
	return node && !node->is_link ? node : NULL;
}

struct str node_fact(const struct node *node, struct str key)
{
	for (size_t i = 0; node && i < node->file->fact_count; i++) {
		const struct layer_fact *fact = &node->in->facts.items[node->file->first_fact + i];
		if (str_eq(fact->key, key))
			return fact->value;
	}
	return STR("");
}
