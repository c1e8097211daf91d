/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's "new database", Packages.db, as SUSE uses it (rpm, lib/backend/ndb): a file of
 * little-endian numbers. A head of 32 bytes names how many pages of 4,096 bytes hold slots; a slot
 * of 16 bytes leads to a blob, counted in blocks of 16 bytes; a blob has a head with its length and
 * a tail. Slots without a package are free. Blobs must not lie on the same blocks: that bounds the
 * work by the file's length.
 */
#include "analyze/rpm_header.h"

enum {
	HEAD_BYTES = 32,
	SLOT_BYTES = 16,
	SLOT_PAGE = 4096,
	BLOCK = 16,
	BLOB_HEAD = 16,
	BLOB_TAIL = 12,
};
#define FOUR(a, b, c, d)                                                                           \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define MAGIC_HEAD FOUR('R', 'p', 'm', 'P')
#define MAGIC_SLOT FOUR('S', 'l', 'o', 't')
#define MAGIC_BLOB FOUR('B', 'l', 'b', 'S')

static uint32_t le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return FOUR(u[0], u[1], u[2], u[3]);
}

static int read_slot(struct str file, const char *slot, uint64_t *bytes, struct analyze_sink *sink,
	struct err *err)
{
	uint32_t index = le32(slot + 4);
	uint64_t start = (uint64_t)le32(slot + 8) * BLOCK;
	if (le32(slot) != MAGIC_SLOT)
		return err_set(err, EINVAL, "a slot is damaged");
	if (!index || !start)
		return 0;
	if (start + BLOB_HEAD > file.n || le32(file.p + start) != MAGIC_BLOB ||
		le32(file.p + start + 4) != index)
		return err_set(err, EINVAL, "the slot of package %u leads to no blob", index);
	uint64_t length = le32(file.p + start + 12);
	uint64_t whole = (BLOB_HEAD + length + BLOB_TAIL + BLOCK - 1) / BLOCK * BLOCK;
	if (start + whole > file.n)
		return err_set(
			err, EINVAL, "the blob of package %u is longer than the file", index);
	*bytes += whole;
	if (*bytes > file.n)
		return err_set(err, EINVAL, "blobs lie on each other");
	struct str blob = { file.p + start + BLOB_HEAD, (size_t)length };
	int r = rpm_header_read(blob, sink, err);
	return r < 0 ? err_wrap(err, r, "package %u", index) : 0;
}

int analyze_rpm_ndb(struct str text, struct analyze_sink *sink, struct err *err)
{
	if (text.n < HEAD_BYTES || le32(text.p) != MAGIC_HEAD)
		return err_set(err, EINVAL, "it is not an NDB package database");
	if (le32(text.p + 4) != 0)
		return err_set(
			err, EINVAL, "version %u of the NDB format is not known", le32(text.p + 4));
	uint64_t end = (uint64_t)le32(text.p + 12) * SLOT_PAGE;
	uint64_t bytes = 0;
	if (end > text.n)
		return err_set(err, EINVAL, "it has more slots than bytes");
	for (uint64_t at = HEAD_BYTES; at + SLOT_BYTES <= end; at += SLOT_BYTES) {
		int r = read_slot(text, text.p + at, &bytes, sink, err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}
