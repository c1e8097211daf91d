/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer and strict reader of image package sets (form in image_set.h). An image has some hundred
 * packages and nearly always one or two evidence paths, so an entry is four or five bytes.
 */
#include "store/image_set.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* The second form has suppressions; a set without any is of the first one. */
enum { VERSION_PLAIN = 1, VERSION_SUPPRESSED = 2 };

static int compare(const struct store_set_entry *a, const struct store_set_entry *b)
{
	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	if (a->first_layer != b->first_layer)
		return a->first_layer < b->first_layer ? -1 : 1;
	if (a->evidence_layer != b->evidence_layer)
		return a->evidence_layer < b->evidence_layer ? -1 : 1;
	int order = str_cmp(a->evidence, b->evidence);
	return order ? order : str_cmp(a->suppressed, b->suppressed);
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

/* Gives a text its index in order of first use; the map's values are index + 1. */
static void number_text(struct map *texts, struct str text, struct strbuf *out)
{
	if (map_get(texts, text))
		return;
	map_put(texts, text, (void *)(uintptr_t)(map_count(texts) + 1));
	put_number(out, text.n);
	strbuf_add_str(out, text);
}

static void number_texts(
	const struct store_set_entry *entries, size_t count, struct map *texts, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++) {
		number_text(texts, entries[i].evidence, out);
		if (entries[i].suppressed.n)
			number_text(texts, entries[i].suppressed, out);
	}
}

static bool any_suppressed(const struct store_set_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].suppressed.n)
			return true;
	return false;
}

void image_set_encode(const struct store_set_entry *entries, size_t count, struct strbuf *out)
{
	struct store_set_entry *sorted = calloc(count ? count : 1, sizeof(*sorted));
	CHECK(sorted);
	if (count)
		memcpy(sorted, entries, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_for_sort);
	struct map *texts = map_new();
	bool suppressed = any_suppressed(sorted, count);
	AUTO_STRBUF struct strbuf table = STRBUF(out->ceiling);
	number_texts(sorted, count, texts, &table);
	strbuf_add_char(out, suppressed ? VERSION_SUPPRESSED : VERSION_PLAIN);
	put_number(out, map_count(texts));
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
		put_number(out, (uintptr_t)map_get(texts, sorted[i].evidence) - 1);
		if (suppressed)
			put_number(out, sorted[i].suppressed.n
						? (uintptr_t)map_get(texts, sorted[i].suppressed)
						: 0);
		before = sorted[i].package;
	}
	map_free(&texts);
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

struct text_table {
	struct str *items;
	size_t count;
	size_t used; /* indexes must first occur in order */
};

static void get_texts(struct reader *r, struct arena *arena, struct text_table *texts)
{
	texts->count = get_count(r, 1);
	texts->items = ARENA_ARRAY(arena, texts->count, struct str);
	struct map *seen = map_new();
	for (size_t i = 0; i < texts->count; i++) {
		struct str path = get_bytes(r, get_number(r));
		texts->items[i] = path.n ? arena_str(arena, path) : STR("");
		if (map_put(seen, path, r))
			r->failed = true;
	}
	map_free(&seen);
}

static struct str get_text(struct reader *r, struct text_table *texts, uint64_t index)
{
	if (index > texts->used || index >= texts->count) {
		r->failed = true;
		return STR("");
	}
	if (index == texts->used)
		texts->used++;
	return texts->items[index];
}

static struct store_set_entry get_entry(
	struct reader *r, struct text_table *texts, bool suppressed, int64_t package_before)
{
	struct store_set_entry entry = { 0 };
	uint64_t delta = get_number(r);
	if (delta > (uint64_t)(INT64_MAX - package_before))
		r->failed = true;
	else
		entry.package = package_before + (int64_t)delta;
	entry.first_layer = get_u32(r);
	entry.evidence_layer = get_u32(r);
	entry.evidence = get_text(r, texts, get_number(r));
	uint64_t why = suppressed ? get_number(r) : 0;
	entry.suppressed = why ? get_text(r, texts, why - 1) : STR("");
	if (why && !entry.suppressed.n)
		r->failed = true;
	return entry;
}

int image_set_decode(struct arena *arena, struct str bytes, struct store_set_entry **entries,
	size_t *count, struct err *err)
{
	struct reader r = { .rest = bytes };
	bool suppressed = bytes.n && bytes.p[0] == VERSION_SUPPRESSED;
	if (!suppressed && (!bytes.n || bytes.p[0] != VERSION_PLAIN))
		return err_set(err, EPROTO, "an image package set of an unknown form");
	r.rest = str_skip(bytes, 1);
	struct text_table texts = { 0 };
	get_texts(&r, arena, &texts);
	size_t n = get_count(&r, suppressed ? 5 : 4);
	struct store_set_entry *items = ARENA_ARRAY(arena, n, struct store_set_entry);
	for (size_t i = 0; i < n && !r.failed; i++) {
		items[i] = get_entry(&r, &texts, suppressed, i ? items[i - 1].package : 0);
		if (items[i].package == 0 || (i && compare(&items[i - 1], &items[i]) > 0))
			r.failed = true;
	}
	if (r.failed || r.rest.n || texts.used != texts.count ||
		any_suppressed(items, n) != suppressed)
		return err_set(err, EPROTO, "a damaged image package set");
	*entries = items;
	*count = n;
	return 0;
}

int image_set_packages(
	struct arena *arena, struct str bytes, int64_t **packages, size_t *count, struct err *err)
{
	struct reader r = { .rest = bytes };
	bool suppressed = bytes.n && bytes.p[0] == VERSION_SUPPRESSED;
	if (!suppressed && (!bytes.n || bytes.p[0] != VERSION_PLAIN))
		return err_set(err, EPROTO, "an image package set of an unknown form");
	r.rest = str_skip(bytes, 1);
	for (size_t n = get_count(&r, 1); n && !r.failed; n--)
		(void)get_bytes(&r, get_number(&r));
	size_t n = get_count(&r, suppressed ? 5 : 4);
	int64_t *ids = ARENA_ARRAY(arena, n, int64_t);
	int64_t package = 0;
	*count = 0;
	for (size_t i = 0; i < n && !r.failed; i++) {
		uint64_t delta = get_number(&r);
		if (delta > (uint64_t)(INT64_MAX - package))
			r.failed = true;
		else
			package += (int64_t)delta;
		(void)get_number(&r); /* first layer */
		(void)get_number(&r); /* evidence layer */
		(void)get_number(&r); /* evidence */
		if (!suppressed || !get_number(&r))
			ids[(*count)++] = package;
	}
	if (r.failed || r.rest.n)
		return err_set(err, EPROTO, "a damaged image package set");
	*packages = ids;
	return 0;
}
