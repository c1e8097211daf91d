/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer and strict reader of image package sets (form in image_set.h). An image has some hundred
 * packages and nearly always one or two evidence paths, so an entry is four or five bytes.
 */
#include "store/image_set.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

static int compare(const struct store_set_entry *a, const struct store_set_entry *b)
{
	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->first_layer != b->first_layer)
		return a->first_layer < b->first_layer ? -1 : 1;
	if (a->evidence_layer != b->evidence_layer)
		return a->evidence_layer < b->evidence_layer ? -1 : 1;
	return str_cmp(a->evidence, b->evidence);
}

static int compare_for_sort(const void *a, const void *b)
{
	return compare(a, b);
}

static void put_number(struct strbuf *out, uint64_t value)
{
	while (value >= 0x80) {
		strbuf_add_char(out, (char)((value & 0x7f) | 0x80));
		value >>= 7;
	}
	strbuf_add_char(out, (char)value);
}

/* Gives each distinct path its index in order of first use; the map's values are index + 1. */
static uint64_t number_paths(
	const struct store_set_entry *entries, size_t count, struct map *paths, struct strbuf *out)
{
	uint64_t n = 0;
	for (size_t i = 0; i < count; i++) {
		struct str path = entries[i].evidence;
		if (map_get(paths, path))
			continue;
		n++;
		map_put(paths, path, (void *)(uintptr_t)n);
		put_number(out, path.n);
		strbuf_add_str(out, path);
	}
	return n;
}

void image_set_encode(const struct store_set_entry *entries, size_t count, struct strbuf *out)
{
	struct store_set_entry *sorted = calloc(count ? count : 1, sizeof(*sorted));
	CHECK(sorted);
	if (count)
		memcpy(sorted, entries, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_for_sort);
	struct map *paths = map_new();
	AUTO_STRBUF struct strbuf table = STRBUF(out->ceiling);
	uint64_t path_count = number_paths(sorted, count, paths, &table);
	strbuf_add_char(out, VERSION);
	put_number(out, path_count);
	if (strbuf_failed(&table))
		out->failed = true;
	strbuf_add_str(out, strbuf_view(&table));
	put_number(out, count);
	int64_t before = 0;
	for (size_t i = 0; i < count; i++) {
		CHECK(sorted[i].package > 0);
		put_number(out, (uint64_t)(sorted[i].package - before));
		put_number(out, sorted[i].first_layer);
		put_number(out, sorted[i].evidence_layer);
		put_number(out, (uintptr_t)map_get(paths, sorted[i].evidence) - 1);
		before = sorted[i].package;
	}
	map_free(&paths);
	free(sorted);
}

/* A pull reader with a sticky failure: after the first one everything reads as 0. */
struct reader {
	struct str rest;
	bool failed;
};

static uint64_t get_number(struct reader *r)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64 && !r->failed && r->rest.n; shift += 7) {
		uint64_t byte = (unsigned char)r->rest.p[0];
		r->rest = str_skip(r->rest, 1);
		uint64_t bits = byte & 0x7f;
		/* The tenth byte holds one bit; a last byte 0 is not the shortest form. */
		if ((shift == 63 && bits > 1) || (byte == 0 && shift))
			break;
		value |= bits << shift;
		if (byte < 0x80)
			return value;
	}
	r->failed = true;
	return 0;
}

static struct str get_bytes(struct reader *r, uint64_t n)
{
	if (r->failed || n > r->rest.n) {
		r->failed = true;
		return STR_NULL;
	}
	struct str bytes = str_sub(r->rest, 0, (size_t)n);
	r->rest = str_skip(r->rest, (size_t)n);
	return bytes;
}

/* A count of things that take at least size bytes each: more than the rest can hold is a lie, found
 * out before memory is asked for. */
static size_t get_count(struct reader *r, size_t size)
{
	uint64_t n = get_number(r);
	if (n > r->rest.n / size)
		r->failed = true;
	return r->failed ? 0 : (size_t)n;
}

static uint32_t get_u32(struct reader *r)
{
	uint64_t value = get_number(r);
	if (value > UINT32_MAX)
		r->failed = true;
	return (uint32_t)value;
}

struct path_table {
	struct str *items;
	size_t count;
	size_t used; /* indexes must first occur in order */
};

static void get_paths(struct reader *r, struct arena *arena, struct path_table *paths)
{
	paths->count = get_count(r, 1);
	paths->items = ARENA_ARRAY(arena, paths->count, struct str);
	struct map *seen = map_new();
	for (size_t i = 0; i < paths->count; i++) {
		struct str path = get_bytes(r, get_number(r));
		paths->items[i] = path.n ? arena_str(arena, path) : STR("");
		if (map_put(seen, path, r))
			r->failed = true;
	}
	map_free(&seen);
}

static struct store_set_entry get_entry(
	struct reader *r, struct path_table *paths, int64_t package_before)
{
	struct store_set_entry entry = { 0 };
	uint64_t delta = get_number(r);
	if (delta > (uint64_t)(INT64_MAX - package_before))
		r->failed = true;
	else
		entry.package = package_before + (int64_t)delta;
	entry.first_layer = get_u32(r);
	entry.evidence_layer = get_u32(r);
	uint64_t path = get_number(r);
	if (path > paths->used || path >= paths->count) {
		r->failed = true;
		return entry;
	}
	if (path == paths->used)
		paths->used++;
	entry.evidence = paths->items[path];
	return entry;
}

int image_set_decode(struct arena *arena, struct str bytes, struct store_set_entry **entries,
	size_t *count, struct err *err)
{
	struct reader r = { .rest = bytes };
	if (!bytes.n || bytes.p[0] != VERSION)
		return err_set(err, EPROTO, "an image package set of an unknown form");
	r.rest = str_skip(bytes, 1);
	struct path_table paths = { 0 };
	get_paths(&r, arena, &paths);
	size_t n = get_count(&r, 4);
	struct store_set_entry *items = ARENA_ARRAY(arena, n, struct store_set_entry);
	for (size_t i = 0; i < n && !r.failed; i++) {
		items[i] = get_entry(&r, &paths, i ? items[i - 1].package : 0);
		if (items[i].package == 0 || (i && compare(&items[i - 1], &items[i]) > 0))
			r.failed = true;
	}
	if (r.failed || r.rest.n || paths.used != paths.count)
		return err_set(err, EPROTO, "a damaged image package set");
	*entries = items;
	*count = n;
	return 0;
}
