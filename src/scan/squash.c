/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The squash: what is left of the package databases when all layers lie on each other (tree.h).
 *
 * Attribution walks the versions of a database from the lowest of the unbroken run: a package keeps
 * the layer it was first seen in for as long as every database above still lists it.
 *
 * Past the limit of work what is left unsaid is said by image->exceeded, never by a smaller list.
 */
#include "scan/squash.h"

#include "base/limits.h"
#include "base/strbuf.h"
#include "scan/squash_internal.h"

#include <stdlib.h>

/* A package that stays costs as many steps as its memory suggests. */
enum { STEPS_PER_KEPT_PACKAGE = 16 };

/* --- packages */

/* Files whose packages are packages of the image. */
static bool is_database(enum layer_file_kind kind)
{
	switch (kind) {
	case LAYER_FILE_DPKG_STATUS:
	case LAYER_FILE_DPKG_STATUS_D:
	case LAYER_FILE_APK_INSTALLED:
	case LAYER_FILE_RPM_BDB:
	case LAYER_FILE_RPM_NDB:
	case LAYER_FILE_RPM_SQLITE:
	case LAYER_FILE_RPM_MANIFEST:
	case LAYER_FILE_PACMAN_DESC:
	case LAYER_FILE_CHISEL:
		return true;
	default:
		return layer_file_is_language(kind);
	}
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

/* "app.jar!lib/a.jar" for what was found inside a file. */
static struct str place_of(struct arena *arena, struct str file, const struct package *package)
{
	if (!package->inside.n)
		return file;
	return arena_printf(arena, STR_FMT "!" STR_FMT, STR_ARG(file), STR_ARG(package->inside));
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
	struct str owner = arena_str(arena, node->file->owner);
	for (size_t i = 0; i < node->file->package_count; i++) {
		const struct package *package =
			&node->in->packages.items[node->file->first_package + i];
		const void *layer = map_get(first, package_identity(&identity, package));
		AVEC_PUSH(arena, &image->packages,
			(struct image_package){
				.package = copy_package(arena, package),
				.first_layer = value_to_layer(layer),
				.evidence_layer = node->layer,
				.evidence = place_of(arena, evidence, package),
				.owner = owner,
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
	if (!order)
		order = str_cmp(a->package.module, b->package.module);
	/* What counts stands before what does not, and is kept. */
	if (!order && !a->suppressed.n != !b->suppressed.n)
		order = a->suppressed.n ? 1 : -1;
	if (!order && a->first_layer != b->first_layer)
		order = a->first_layer < b->first_layer ? -1 : 1;
	return order ? order : str_cmp(a->evidence, b->evidence);
}

/* --- ownership */

/* "deb:NAME" as files have it. */
static struct str owner_name(struct strbuf *text, const struct package *package)
{
	strbuf_clear(text);
	strbuf_add_str(text, package_type_name(package->type));
	strbuf_add_char(text, ':');
	strbuf_add_str(text, package->name);
	return strbuf_view(text);
}

/*
 * What an operating system package brought is judged as that package, by the advisories of the
 * distribution, which say what was repaired without a new upstream version. That needs a
 * distribution that is known, a package that is still installed, and one that is its own: about
 * packages from elsewhere the distribution says nothing.
 */
static void suppress_owned(struct arena *arena, struct image_inventory *image)
{
	AUTO_STRBUF struct strbuf text = STRBUF(2 * LIMIT_PACKAGE_TEXT);
	struct map *owners = map_new();
	if (image->platform.release_key.n)
		for (size_t i = 0; i < image->packages.n; i++)
			if (!image->packages.items[i].owner.n)
				map_put(owners,
					owner_name(&text, &image->packages.items[i].package),
					(void *)(uintptr_t)(i + 1));
	for (size_t i = 0; i < image->packages.n; i++) {
		struct image_package *owned = &image->packages.items[i];
		uintptr_t found = owned->owner.n ? (uintptr_t)map_get(owners, owned->owner) : 0;
		if (!found)
			continue;
		const struct package *owner = &image->packages.items[found - 1].package;
		if (package_is_distribution(owner))
			owned->suppressed = arena_printf(arena,
				"The operating system package " STR_FMT " " STR_FMT
				" owns its file; the advisories about that package count.",
				STR_ARG(owner->name), STR_ARG(owner->version));
	}
	map_free(&owners);
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
	struct tree tree;
	tree_begin(&tree);
	*image = (struct image_inventory){ 0 };
	for (size_t i = 0; i < count && tree_may(&tree, tree.nodes.n); i++)
		tree_add_layer(&tree, layers[i], (uint32_t)i);
	squash_platform(arena, &tree, image);
	for (size_t i = 0; i < tree.nodes.n; i++) {
		const struct node *node = tree.nodes.items[i];
		if (node->is_link || !is_database(node->file->kind))
			continue;
		if (!node->file->package_count && layer_file_is_language(node->file->kind))
			continue;
		image->has_database = true;
		take_packages(arena, &tree, node, image);
	}
	suppress_owned(arena, image);
	tell_partial(arena, &tree, image);
	image->exceeded = !tree_may(&tree, 0) || arena_exceeded(arena);
	if (image->exceeded)
		image->packages.n = 0;
	sort_and_merge(image);
	tree_end(&tree);
}
