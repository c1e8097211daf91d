/* SPDX-License-Identifier: Apache-2.0 */
/* See owned.h. An array that is sorted by hash when it is first asked. */
#include "analyze/owned.h"

#include "base/limits.h"
#include "base/vec.h"

#include <stdlib.h>

struct row {
	uint64_t hash;
	uint32_t owner;
	uint32_t order;
};

struct owner {
	enum package_type type;
	struct str name;
	struct str text; /* "deb:NAME" */
};

struct owned {
	struct arena *arena;
	VEC(struct owner) owners;
	VEC(struct row) rows;
	bool sorted;
};

struct owned *owned_new(void)
{
	struct owned *owned = calloc(1, sizeof(*owned));
	CHECK(owned);
	owned->arena = arena_new(0);
	return owned;
}

void owned_free(struct owned **owned)
{
	if (!*owned)
		return;
	arena_free(&(*owned)->arena);
	VEC_FREE(&(*owned)->owners);
	VEC_FREE(&(*owned)->rows);
	free(*owned);
	*owned = NULL;
}

/* One spelling for the paths that mean the same file on systems where /lib is usr/lib, or is not.
 */
static uint64_t hash_path(struct str path)
{
	static const struct str merged[] = { STR_INIT("bin/"), STR_INIT("sbin/"), STR_INIT("lib/"),
		STR_INIT("lib32/"), STR_INIT("lib64/"), STR_INIT("libx32/") };
	while (str_starts(path, STR("/")))
		path = str_skip(path, 1);
	if (str_starts(path, STR("./")))
		path = str_skip(path, 2);
	if (!str_starts(path, STR("usr/")))
		return str_hash(path);
	struct str below = str_skip(path, STR("usr/").n);
	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		if (str_starts(below, merged[i]))
			return str_hash(below);
	return str_hash(path);
}

static bool is_last(const struct owned *owned, enum package_type type, struct str package)
{
	if (!owned->owners.n)
		return false;
	const struct owner *last = &owned->owners.items[owned->owners.n - 1];
	return last->type == type && str_eq(last->name, package);
}

int owned_add(struct owned *owned, enum package_type type, struct str package, struct str path,
	struct err *err)
{
	if (owned->rows.n >= LIMIT_OWNED_FILES)
		return err_set(err, E2BIG,
			"the package databases of the layer list more than %zu files",
			LIMIT_OWNED_FILES);
	if (!is_last(owned, type, package)) {
		struct str text = arena_printf(owned->arena, STR_FMT ":" STR_FMT,
			STR_ARG(package_type_name(type)), STR_ARG(package));
		struct str name = str_skip(text, text.n - package.n);
		VEC_PUSH(&owned->owners, (struct owner){ type, name, text });
	}
	struct row row = { hash_path(path), (uint32_t)(owned->owners.n - 1),
		(uint32_t)owned->rows.n };
	VEC_PUSH(&owned->rows, row);
	owned->sorted = false;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left;
	const struct row *b = right;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

struct str owned_find(struct owned *owned, struct str path)
{
	uint64_t hash = hash_path(path);
	size_t low = 0;
	size_t high = owned->rows.n;
	if (!owned->sorted && high)
		qsort(owned->rows.items, high, sizeof(struct row), compare);
	owned->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (owned->rows.items[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == owned->rows.n || owned->rows.items[low].hash != hash)
		return STR("");
	return owned->owners.items[owned->rows.items[low].owner].text;
}
