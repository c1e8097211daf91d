/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells formats by their first bytes: declared media types are not believed. A tar has no magic
 * number in its oldest form, so its header checksum decides; a block of zeros is the end mark of a
 * tar without entries. Pure functions.
 */
#include "codec/stream.h"

#include <string.h>

enum { TAR_BLOCK = 512, TAR_CHECKSUM_AT = 148, TAR_CHECKSUM_LENGTH = 8, TAR_MAGIC_AT = 257 };

/* Octal digits with blanks before and a blank or NUL behind; false: not such a number. */
static bool octal(struct str field, uint64_t *value)
{
	uint64_t number = 0;
	size_t i = 0;
	while (i < field.n && field.p[i] == ' ')
		i++;
	size_t first = i;
	for (; i < field.n && field.p[i] >= '0' && field.p[i] <= '7'; i++)
		number = number * 8 + (uint64_t)(field.p[i] - '0');
	if (i == first || (i < field.n && field.p[i] != ' ' && field.p[i] != '\0'))
		return false;
	*value = number;
	return true;
}

static bool looks_like_tar(struct str head)
{
	if (head.n < TAR_BLOCK)
		return false;
	if (memcmp(head.p + TAR_MAGIC_AT, "ustar", 5) == 0)
		return true;
	uint64_t sum = 0;
	bool zero = true;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool in_field = i >= TAR_CHECKSUM_AT && i < TAR_CHECKSUM_AT + TAR_CHECKSUM_LENGTH;
		unsigned char byte = (unsigned char)head.p[i];
		zero = zero && !byte;
		sum += in_field ? ' ' : byte;
	}
	uint64_t stored;
	return zero || (octal(str_sub(head, TAR_CHECKSUM_AT, TAR_CHECKSUM_LENGTH), &stored) &&
			       stored == sum);
}

enum stream_format stream_sniff(struct str head)
{
	static const struct {
		struct str magic;
		enum stream_format format;
	} magics[] = {
		{ STR_INIT("\x1f\x8b"), STREAM_GZIP },
		{ STR_INIT("\x28\xb5\x2f\xfd"), STREAM_ZSTD },
		{ STR_INIT("\xfd"
			   "7zXZ"),
			STREAM_XZ },
		{ STR_INIT("BZh"), STREAM_BZIP2 },
		{ STR_INIT("PK\x03\x04"), STREAM_ZIP },
	};
	if (!head.n)
		return STREAM_EMPTY;
	/* A file name in a tar can begin with any of the magic numbers, so the tar test is first.
	 */
	if (looks_like_tar(head))
		return STREAM_TAR;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (str_starts(head, magics[i].magic))
			return magics[i].format;
	/* A skippable zstd frame (magic 184D2A5x) may come before the first one with data. */
	if (head.n >= 4 && ((unsigned char)head.p[0] & 0xf0) == 0x50 &&
		memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0)
		return STREAM_ZSTD;
	struct str text = str_trim(head);
	if (text.n && (text.p[0] == '{' || text.p[0] == '['))
		return STREAM_JSON;
	return STREAM_UNKNOWN;
}

const char *stream_format_words(enum stream_format format)
{
	switch (format) {
	case STREAM_EMPTY:
		return "empty";
	case STREAM_TAR:
		return "a tar archive";
	case STREAM_GZIP:
		return "gzip data";
	case STREAM_ZSTD:
		return "zstd data";
	case STREAM_JSON:
		return "JSON";
	case STREAM_XZ:
		return "xz data";
	case STREAM_BZIP2:
		return "bzip2 data";
	case STREAM_ZIP:
		return "a zip archive";
	case STREAM_UNKNOWN:
		break;
	}
	return "data of an unknown form";
}
