/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The squash: what is left of the package databases when all layers lie on each other.
 *
 * The layers are replayed from the base up over a small file system (struct tree) that holds only
 * the files and symbolic links that inventories mention. Per layer, in this order, because hiding
 * acts on lower layers only: the hides take away what lower layers left, then the links of the
 * layer are placed, then its files. Placing a file or a link at a path replaces whatever stood
 * there and everything that lay below it. Parents of every path are resolved through the links that
 * stand at that moment, so that a database behind "lib -> usr/lib" has one name.
 *
 * A placed file remembers the version it replaced: that chain is the run of layers whose database
 * was never taken away in between. Attribution walks the chain from its lowest end: a package keeps
 * the layer it was first seen in for as long as every database above still lists it.
 *
 * Whoever built the image chooses all counts: layers may be named many times, links may lead
 * through thousands of directories. So the work is counted in steps and given up past a limit; what
 * is left unsaid then is said by image->exceeded, never by a smaller list.
 */
#include "scan/squash.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/strbuf.h"

/* Symbolic links followed for one path before it counts as a loop: the limit of Linux. */
enum { LINK_HOPS = 40 };

/* Steps: a package read for attribution, a directory looked at, 64 bytes of a path put together.
 * A package that stays costs as many as its memory suggests. */
enum { BYTES_PER_STEP = 64, STEPS_PER_KEPT_PACKAGE = 16 };

struct node {
	struct str path;
	bool is_link;
	bool live;
	uint32_t layer;
	struct str target;		  /* of a link */
	const struct layer_file *file;	  /* of a file */
	const struct layer_inventory *in; /* the layer of file */
	struct node *below;		  /* version of the same database that this one replaced */
};

struct tree {
	struct arena *arena;	  /* for the time of one squash */
	struct map *by_path;	  /* live nodes */
	VEC(struct node *) nodes; /* live ones after tree_compact() */
	size_t links;
	size_t steps;
};

/* Counts work; false: it has become too much. */
static bool tree_may(struct tree *tree, size_t steps)
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

static void tree_add_layer(struct tree *tree, const struct layer_inventory *layer, uint32_t index)
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

/* --- packages */

static bool is_database(enum layer_file_kind kind)
{
	return kind == LAYER_FILE_DPKG_STATUS || kind == LAYER_FILE_DPKG_STATUS_D ||
	       kind == LAYER_FILE_APK_INSTALLED || layer_file_is_language(kind);
}

/* name, version, arch: what stays the same when a database is written again. */
static struct str package_identity(struct strbuf *text, const struct package *package)
{
	strbuf_clear(text);
	strbuf_add_str(text, package->name);
	strbuf_add_char(text, '\0');
	strbuf_add_str(text, package->version);
	strbuf_add_char(text, '\0');
	strbuf_add_str(text, package->arch);
	return strbuf_view(text);
}

/* Layer numbers as map values, which must not be NULL. */
static void *layer_to_value(uint32_t layer)
{
	return (void *)((uintptr_t)layer + 1);
}

static uint32_t value_to_layer(const void *value)
{
	return (uint32_t)((uintptr_t)value - 1);
}

/* The first layer of every package of one version of a database, given those of the one below. */
static struct map *first_layers(const struct node *node, const struct map *below)
{
	AUTO_STRBUF struct strbuf identity = STRBUF(LIMIT_DATABASE_BYTES);
	struct map *first = map_new();
	for (size_t i = 0; i < node->file->package_count; i++) {
		const struct package *package =
			&node->in->packages.items[node->file->first_package + i];
		struct str key = package_identity(&identity, package);
		void *older = below ? map_get(below, key) : NULL;
		map_put(first, key, older ? older : layer_to_value(node->layer));
	}
	return first;
}

static struct map *attribute(struct tree *tree, const struct node *top)
{
	VEC(const struct node *) chain = { 0 };
	for (const struct node *node = top; node; node = node->below) {
		if (!tree_may(tree, 1 + node->file->package_count))
			return NULL;
		AVEC_PUSH(tree->arena, &chain, node);
	}
	struct map *first = NULL;
	for (size_t i = chain.n; i > 0; i--) {
		struct map *next = first_layers(chain.items[i - 1], first);
		map_free(&first);
		first = next;
	}
	return first;
}

static struct package copy_package(struct arena *arena, const struct package *from)
{
	return (struct package){
		.type = from->type,
		.name = arena_str(arena, from->name),
		.version = arena_str(arena, from->version),
		.source_name = arena_str(arena, from->source_name),
		.source_version = arena_str(arena, from->source_version),
		.arch = arena_str(arena, from->arch),
		.licence = arena_str(arena, from->licence),
		.supplier = arena_str(arena, from->supplier),
		.module = arena_str(arena, from->module),
		.inside = arena_str(arena, from->inside),
	};
}

static void take_packages(struct arena *arena, struct tree *tree, const struct node *node,
	struct image_inventory *image)
{
	if (!tree_may(tree, STEPS_PER_KEPT_PACKAGE * node->file->package_count))
		return;
	AUTO_STRBUF struct strbuf identity = STRBUF(LIMIT_DATABASE_BYTES);
	struct map *first = attribute(tree, node);
	if (!first)
		return;
	struct str evidence = arena_str(arena, node->path);
	for (size_t i = 0; i < node->file->package_count; i++) {
		const struct package *package =
			&node->in->packages.items[node->file->first_package + i];
		const void *layer = map_get(first, package_identity(&identity, package));
		AVEC_PUSH(arena, &image->packages,
			(struct image_package){
				.package = copy_package(arena, package),
				.first_layer = value_to_layer(layer),
				.evidence_layer = node->layer,
				.evidence = evidence,
			});
	}
	map_free(&first);
}

static int compare_packages(const void *left, const void *right)
{
	const struct image_package *a = left;
	const struct image_package *b = right;
	if (a->package.type != b->package.type)
		return a->package.type < b->package.type ? -1 : 1;
	int order = str_cmp(a->package.name, b->package.name);
	if (!order)
		order = str_cmp(a->package.version, b->package.version);
	if (!order)
		order = str_cmp(a->package.arch, b->package.arch);
	if (!order)
		order = str_cmp(a->package.source_name, b->package.source_name);
	if (!order)
		order = str_cmp(a->package.source_version, b->package.source_version);
	if (!order && a->first_layer != b->first_layer)
		order = a->first_layer < b->first_layer ? -1 : 1;
	return order ? order : str_cmp(a->evidence, b->evidence);
}

static void sort_and_merge(struct image_inventory *image)
{
	struct image_package *items = image->packages.items;
	size_t kept = 0;
	if (!image->packages.n)
		return;
	qsort(items, image->packages.n, sizeof(*items), compare_packages);
	for (size_t i = 1; i < image->packages.n; i++) {
		if (!package_same(&items[kept].package, &items[i].package))
			items[++kept] = items[i];
	}
	image->packages.n = kept + 1;
}

/* --- the platform */

static const struct node *tree_file(struct tree *tree, struct str path)
{
	struct str resolved = tree_resolve(tree, path, true);
	const struct node *node = resolved.p ? map_get(tree->by_path, resolved) : NULL;
	return node && !node->is_link ? node : NULL;
}

static struct str node_fact(const struct node *node, struct str key)
{
	for (size_t i = 0; node && i < node->file->fact_count; i++) {
		const struct layer_fact *fact = &node->in->facts.items[node->file->first_fact + i];
		if (str_eq(fact->key, key))
			return fact->value;
	}
	return STR("");
}

/* etc/os-release wins when it leads anywhere; else the vendor's copy counts. */
static const struct node *find_os_release(struct tree *tree)
{
	const struct node *node = tree_file(tree, STR("etc/os-release"));
	if (!node || node->file->kind != LAYER_FILE_OS_RELEASE)
		node = tree_file(tree, STR("usr/lib/os-release"));
	return node && node->file->kind == LAYER_FILE_OS_RELEASE ? node : NULL;
}

static void derive_platform(struct arena *arena, struct tree *tree, struct image_inventory *image)
{
	const struct node *os = find_os_release(tree);
	const struct node *repositories = tree_file(tree, STR("etc/apk/repositories"));
	const struct node *debian = tree_file(tree, STR("etc/debian_version"));
	const struct platform_facts facts = {
		.id = node_fact(os, STR("ID")),
		.version_id = node_fact(os, STR("VERSION_ID")),
		.version_codename = node_fact(os, STR("VERSION_CODENAME")),
		.id_like = node_fact(os, STR("ID_LIKE")),
		.pretty_name = node_fact(os, STR("PRETTY_NAME")),
		.cpe_name = node_fact(os, STR("CPE_NAME")),
		.apk_repositories = node_fact(repositories, STR("text")),
		.debian_version = node_fact(debian, STR("text")),
	};
	struct platform found;
	image->has_os = os != NULL;
	platform_derive(arena, &facts, &found);
	image->platform = (struct platform){
		.release_key = arena_str(arena, found.release_key),
		.flavours = arena_str(arena, found.flavours),
		.os_id = arena_str(arena, found.os_id),
		.os_version = arena_str(arena, found.os_version),
		.os_name = arena_str(arena, found.os_name),
	};
}

/* Which files of those that are left were not read whole; in the order of their paths. */
static void tell_partial(struct arena *arena, struct tree *tree, struct image_inventory *image)
{
	const struct node *first = NULL;
	size_t count = 0;
	for (size_t i = 0; i < tree->nodes.n && tree_may(tree, 1); i++) {
		const struct node *node = tree->nodes.items[i];
		if (node->is_link || !layer_file_is_language(node->file->kind) ||
			!node_fact(node, LAYER_FACT_PARTIAL).n)
			continue;
		count++;
		if (!first || str_cmp(node->path, first->path) < 0)
			first = node;
	}
	if (!first)
		return;
	struct str why = node_fact(first, LAYER_FACT_PARTIAL);
	AUTO_STRBUF struct strbuf words = STRBUF(4 * LIMIT_ENTRY_PATH);
	strbuf_add_str(&words, IMAGE_PARTIAL);
	if (count > 1)
		strbuf_addf(&words, "%zu files, the first ", count);
	strbuf_addf(&words, STR_FMT ": " STR_FMT, STR_ARG(first->path),
		STR_ARG(str_sub(why, 0, LIMIT_ENTRY_PATH)));
	/* One line, because reasons have lines of their own. */
	for (size_t i = 0; i < words.n; i++)
		if ((unsigned char)words.p[i] < ' ')
			words.p[i] = '?';
	image->partial = arena_str(arena, strbuf_view(&words));
}

void squash_layers(struct arena *arena, const struct layer_inventory *const *layers, size_t count,
	struct image_inventory *image)
{
	struct tree tree = { .arena = arena_new(LIMIT_IMAGE_SCAN_BYTES), .by_path = map_new() };
	*image = (struct image_inventory){ 0 };
	for (size_t i = 0; i < count && tree_may(&tree, tree.nodes.n); i++)
		tree_add_layer(&tree, layers[i], (uint32_t)i);
	derive_platform(arena, &tree, image);
	for (size_t i = 0; i < tree.nodes.n; i++) {
		const struct node *node = tree.nodes.items[i];
		if (node->is_link || !is_database(node->file->kind))
			continue;
		if (!node->file->package_count && layer_file_is_language(node->file->kind))
			continue;
		image->has_database = true;
		take_packages(arena, &tree, node, image);
	}
	tell_partial(arena, &tree, image);
	image->exceeded = !tree_may(&tree, 0) || arena_exceeded(arena);
	if (image->exceeded)
		image->packages.n = 0;
	sort_and_merge(image);
	map_free(&tree.by_path);
	arena_free(&tree.arena);
}
