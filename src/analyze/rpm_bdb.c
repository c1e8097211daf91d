/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's oldest database: var/lib/rpm/Packages, a Berkeley DB hash (db_page.h of Berkeley DB 4 and
 * 5). It is read page by page, not bucket by bucket: every record is found that way, and there are
 * no bucket chains to follow. A record is a pair of items on a hash page: the key is a number, the
 * value a header blob, which mostly lies on a chain of overflow pages.
 *
 * Byte order is that of the machine that wrote it; the magic number tells. Chains are what a
 * damaged file can make endless: no overflow page may be used twice, by any chain, so that work and
 * memory are bounded by the length of the file.
 */
#include "analyze/rpm_header.h"

#include <string.h>

#define HASH_MAGIC 0x00061561u

enum {
	PAGE_HEADER = 26,
	META_BYTES = 72,
	META_MAGIC = 12,
	META_PAGE_SIZE = 20,
	META_ENCRYPTION = 24,
	META_TYPE = 25,
	META_LAST_PAGE = 32,
	PAGE_NEXT = 16,
	PAGE_ENTRIES = 20, /* on an overflow page: references */
	PAGE_FREE = 22,	   /* on an overflow page: bytes used */
	PAGE_TYPE = 25,
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
};

enum page_type { PAGE_HASH_UNSORTED = 2, PAGE_OVERFLOW = 7, PAGE_HASH_META = 8, PAGE_HASH = 13 };
enum item_type { ITEM_DATA = 1, ITEM_OFF_PAGE = 3, OFF_PAGE_BYTES = 12 };

struct bdb {
	struct str file;
	bool swapped; /* written on a machine of the other byte order than little-endian */
	size_t page_size;
	size_t pages;
	unsigned char *used; /* overflow pages */
	struct strbuf blob;
	struct analyze_sink *sink;
};

static uint32_t get32(const struct bdb *bdb, const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	if (bdb->swapped)
		return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
	return (uint32_t)u[3] << 24 | (uint32_t)u[2] << 16 | (uint32_t)u[1] << 8 | u[0];
}

static size_t get16(const struct bdb *bdb, const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return bdb->swapped ? (size_t)u[0] << 8 | u[1] : (size_t)u[1] << 8 | u[0];
}

static const char *page_at(const struct bdb *bdb, size_t number)
{
	return bdb->file.p + number * bdb->page_size;
}

/* Item i of a hash page: items grow down from the end of the page, in order of their index. */
static struct str item_at(const struct bdb *bdb, const char *page, size_t i)
{
	size_t start = get16(bdb, page + PAGE_HEADER + 2 * i);
	size_t end = i ? get16(bdb, page + PAGE_HEADER + 2 * (i - 1)) : bdb->page_size;
	if (end > bdb->page_size || start >= end || start < PAGE_HEADER)
		return STR_NULL;
	return (struct str){ page + start, end - start };
}

/* Collects what a chain of overflow pages holds. */
static int read_chain(struct bdb *bdb, uint32_t number, size_t length, struct err *err)
{
	strbuf_clear(&bdb->blob);
	while (bdb->blob.n < length) {
		if (!number || number >= bdb->pages)
			return err_set(err, EINVAL, "a chain of overflow pages ends too early");
		if (bdb->used[number])
			return err_set(
				err, EINVAL, "a chain of overflow pages meets itself or another");
		bdb->used[number] = 1;
		const char *page = page_at(bdb, number);
		size_t n = get16(bdb, page + PAGE_FREE);
		if (page[PAGE_TYPE] != PAGE_OVERFLOW || !n || n > bdb->page_size - PAGE_HEADER)
			return err_set(err, EINVAL, "page %u is no overflow page", number);
		if (n > length - bdb->blob.n)
			n = length - bdb->blob.n;
		strbuf_add(&bdb->blob, page + PAGE_HEADER, n);
		number = get32(bdb, page + PAGE_NEXT);
	}
	return 0;
}

/* The record with key 0 counts the others. */
static bool is_counter(struct str key)
{
	static const char zero[] = { ITEM_DATA, 0, 0, 0, 0 };
	return key.n == sizeof(zero) && !memcmp(key.p, zero, sizeof(zero));
}

static int read_value(struct bdb *bdb, struct str value, struct err *err)
{
	int r = 0;
	struct str blob = str_skip(value, 1);
	if (value.p[0] == ITEM_OFF_PAGE && value.n == OFF_PAGE_BYTES) {
		size_t length = get32(bdb, value.p + 8);
		if (length > bdb->file.n)
			return err_set(err, EINVAL, "a record is longer than the database");
		r = read_chain(bdb, get32(bdb, value.p + 4), length, err);
		blob = strbuf_view(&bdb->blob);
	} else if (value.p[0] != ITEM_DATA) {
		return err_set(err, EINVAL, "a record is of the unknown kind %d", value.p[0]);
	}
	if (r == 0)
		r = rpm_header_read(blob, bdb->sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_page(struct bdb *bdb, size_t number, struct err *err)
{
	const char *page = page_at(bdb, number);
	if (page[PAGE_TYPE] != PAGE_HASH && page[PAGE_TYPE] != PAGE_HASH_UNSORTED)
		return 0;
	size_t entries = get16(bdb, page + PAGE_ENTRIES);
	if (entries % 2 || PAGE_HEADER + 2 * entries > bdb->page_size)
		return err_set(err, EINVAL, "page %zu has an impossible count of items", number);
	for (size_t i = 0; i < entries; i += 2) {
		struct str key = item_at(bdb, page, i);
		struct str value = item_at(bdb, page, i + 1);
		if (!key.n || !value.n)
			return err_set(err, EINVAL, "page %zu has an item outside", number);
		if (is_counter(key))
			continue;
		int r = read_value(bdb, value, err);
		if (r < 0)
			return err_wrap(err, r, "page %zu", number);
	}
	return 0;
}

static int read_meta(struct bdb *bdb, struct err *err)
{
	struct str file = bdb->file;
	if (file.n < META_BYTES)
		return err_set(err, EINVAL, "it is too short for a Berkeley DB");
	if (get32(bdb, file.p + META_MAGIC) != HASH_MAGIC)
		bdb->swapped = true;
	if (get32(bdb, file.p + META_MAGIC) != HASH_MAGIC || file.p[META_TYPE] != PAGE_HASH_META)
		return err_set(err, EINVAL, "it is not a Berkeley DB hash");
	if (file.p[META_ENCRYPTION])
		return err_set(err, EINVAL, "it is encrypted");
	bdb->page_size = get32(bdb, file.p + META_PAGE_SIZE);
	if (bdb->page_size < PAGE_SIZE_MIN || bdb->page_size > PAGE_SIZE_MAX ||
		(bdb->page_size & (bdb->page_size - 1)))
		return err_set(err, EINVAL, "its page size is impossible");
	bdb->pages = file.n / bdb->page_size;
	if (get32(bdb, file.p + META_LAST_PAGE) >= bdb->pages)
		return err_set(err, EINVAL, "it is shorter than it says");
	return 0;
}

int analyze_rpm_bdb(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct bdb bdb = { .file = text, .sink = sink, .blob = STRBUF(text.n) };
	int r = read_meta(&bdb, err);
	if (r < 0)
		return err_trace(err, r);
	bdb.used = calloc(bdb.pages + 1, 1);
	CHECK(bdb.used);
	for (size_t i = 1; i < bdb.pages && r == 0; i++)
		r = read_page(&bdb, i, err);
	free(bdb.used);
	strbuf_free(&bdb.blob);
	return r < 0 ? err_trace(err, r) : 0;
}
