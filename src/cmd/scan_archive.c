/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read archive as a source: entries by path, links resolved inside the archive. Symbolic links
 * are relative to the directory they stand in, hard links to the archive's root; both are tried,
 * because the archive alone decides what a docker save of some version wrote. Of several entries
 * with one path the last one counts, as when the archive is unpacked.
 */
#include "base/map.h"
#include "cmd/scan_target.h"

enum { LINKS_MAX = 16 };

struct scan_archive {
	struct arena *arena;
	const struct archive_contents *contents;
	struct map *by_path; /* normalised path → struct archive_entry */
};

static void free_map(void *pointer)
{
	struct map *map = pointer;
	map_free(&map);
}

static struct str directory_of(struct str path)
{
	size_t slash = str_rfind(path, '/');
	return slash == STR_NONE ? STR("") : str_sub(path, 0, slash);
}

static const struct archive_entry *find(const struct scan_archive *archive, struct str path)
{
	for (unsigned hops = 0; hops < LINKS_MAX; hops++) {
		const struct archive_entry *entry = map_get(archive->by_path, path);
		if (!entry || !entry->link.n)
			return entry;
		struct str near;
		struct str far;
		if (scan_path_join(archive->arena, directory_of(path), entry->link, &near) &&
			map_get(archive->by_path, near))
			path = near;
		else if (scan_path_join(archive->arena, STR(""), entry->link, &far))
			path = far;
		else
			return NULL;
	}
	return NULL;
}

static int archive_json(void *context, struct str path, struct str *text, struct err *err)
{
	(void)err;
	const struct archive_entry *entry = find(context, path);
	if (!entry || !entry->json.n)
		return SOURCE_ABSENT;
	*text = entry->json;
	return 0;
}

static int archive_layer(
	void *context, struct str path, const struct layer_inventory **layer, struct err *err)
{
	(void)err;
	const struct archive_entry *entry = find(context, path);
	if (!entry || !entry->layer)
		return SOURCE_ABSENT;
	*layer = entry->layer;
	return 0;
}

void scan_archive_source(
	struct arena *arena, const struct archive_contents *contents, struct scan_source *source)
{
	struct scan_archive *archive = ARENA_NEW(arena, struct scan_archive);
	archive->arena = arena;
	archive->contents = contents;
	archive->by_path = map_new();
	arena_defer(arena, free_map, archive->by_path);
	for (size_t i = 0; i < contents->entries.n; i++) {
		struct archive_entry *entry = &contents->entries.items[i];
		struct str path;
		if (scan_path_join(arena, STR(""), entry->path, &path))
			map_put(archive->by_path, path, entry);
	}
	*source = (struct scan_source){ archive, archive_json, archive_layer };
}
