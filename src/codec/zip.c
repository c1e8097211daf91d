/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See zip.h. The end record stands at the end of the file, in front of a comment of up to 65,535
 * bytes; it is looked for backwards. The directory ends where the end record (or, in Zip64, its
 * larger sister) begins, so where it begins follows from its size, and the difference to the offset
 * it claims is what was put in front of the archive.
 */
#include "codec/zip.h"

#include "codec/inflate.h"

#include <string.h>

enum {
	END_BYTES = 22,
	END64_BYTES = 56,
	LOCATOR_BYTES = 20,
	CENTRAL_BYTES = 46,
	LOCAL_BYTES = 30,
	COMMENT_MAX = 65535,
};
enum { METHOD_STORED = 0, METHOD_DEFLATED = 8 };
enum { FLAG_ENCRYPTED = 1 };
enum { EXTRA_ZIP64 = 1 };

static uint64_t number(const char *bytes, size_t n)
{
	uint64_t value = 0;
	while (n--)
		value = value << 8 | (unsigned char)bytes[n];
	return value;
}

/* n bytes at an offset, or NULL. */
static const char *at(struct str bytes, uint64_t offset, uint64_t n)
{
	return offset <= bytes.n && n <= bytes.n - offset ? bytes.p + offset : NULL;
}

static const char *find_end(struct str bytes)
{
	size_t last = bytes.n - END_BYTES;
	for (size_t back = 0; back <= COMMENT_MAX && back <= last; back++) {
		const char *end = bytes.p + last - back;
		if (memcmp(end, "PK\5\6", 4) == 0 && number(end + 20, 2) <= back)
			return end;
	}
	return NULL;
}

/* The end record of Zip64, if there is one before the end record at this offset. */
static const char *find_end64(struct str bytes, uint64_t end)
{
	const char *locator = end >= LOCATOR_BYTES ? bytes.p + end - LOCATOR_BYTES : NULL;
	if (!locator || memcmp(locator, "PK\6\7", 4) != 0)
		return NULL;
	/* Its offset is wrong when something stands in front of the archive: then it is where it
	 * always is, right before its locator. */
	const uint64_t offsets[] = { number(locator + 8, 8),
		end - LOCATOR_BYTES >= END64_BYTES ? end - LOCATOR_BYTES - END64_BYTES : 0 };
	for (size_t i = 0; i < 2; i++) {
		const char *found = at(bytes, offsets[i], END64_BYTES);
		if (found && memcmp(found, "PK\6\6", 4) == 0)
			return found;
	}
	return NULL;
}

int zip_open(struct str bytes, struct zip *zip, struct err *err)
{
	*zip = (struct zip){ .bytes = bytes };
	const char *end = bytes.n >= END_BYTES ? find_end(bytes) : NULL;
	if (!end)
		return err_set(err, EBADMSG, "it has no directory of a zip archive");
	uint64_t size = number(end + 12, 4);
	uint64_t offset = number(end + 16, 4);
	uint64_t directory_end = (uint64_t)(end - bytes.p);
	const char *end64 = find_end64(bytes, directory_end);
	if (end64) {
		size = number(end64 + 40, 8);
		offset = number(end64 + 48, 8);
		directory_end = (uint64_t)(end64 - bytes.p);
	}
	if (size > directory_end || offset > directory_end - size)
		return err_set(err, EBADMSG, "its zip directory lies outside of it");
	zip->directory = zip->next = directory_end - size;
	zip->directory_end = directory_end;
	zip->base = zip->directory - offset;
	return 0;
}

/* Sizes and offset that do not fit 32 bits stand in an extra field, in this order. */
static void take_zip64(
	struct str extra, struct zip_member *member, bool bytes, bool packed, bool header)
{
	while (extra.n >= 4) {
		uint64_t id = number(extra.p, 2);
		uint64_t n = number(extra.p + 2, 2);
		struct str field = str_sub(extra, 4, (size_t)n);
		if (id == EXTRA_ZIP64) {
			uint64_t *const wanted[] = { bytes ? &member->bytes : NULL,
				packed ? &member->packed_bytes : NULL,
				header ? &member->header : NULL };
			for (size_t i = 0; i < 3; i++) {
				if (!wanted[i] || field.n < 8)
					continue;
				*wanted[i] = number(field.p, 8);
				field = str_skip(field, 8);
			}
			return;
		}
		extra = str_skip(extra, 4 + (size_t)n);
	}
}

int zip_next(struct zip *zip, struct zip_member *member, struct err *err)
{
	if (zip->next >= zip->directory_end)
		return ZIP_END;
	struct str directory = str_sub(zip->bytes, 0, (size_t)zip->directory_end);
	const char *entry = at(directory, zip->next, CENTRAL_BYTES);
	if (!entry || memcmp(entry, "PK\1\2", 4) != 0)
		return err_set(err, EBADMSG, "its zip directory is damaged");
	uint64_t name = number(entry + 28, 2);
	uint64_t extra = number(entry + 30, 2);
	uint64_t whole = CENTRAL_BYTES + name + extra + number(entry + 32, 2);
	if (!at(directory, zip->next, whole))
		return err_set(err, EBADMSG, "its zip directory is damaged");
	*member = (struct zip_member){
		.name = { entry + CENTRAL_BYTES, (size_t)name },
		.encrypted = number(entry + 8, 2) & FLAG_ENCRYPTED,
		.method = (uint16_t)number(entry + 10, 2),
		.packed_bytes = number(entry + 20, 4),
		.bytes = number(entry + 24, 4),
		.header = number(entry + 42, 4),
	};
	take_zip64((struct str){ entry + CENTRAL_BYTES + name, (size_t)extra }, member,
		member->bytes == UINT32_MAX, member->packed_bytes == UINT32_MAX,
		member->header == UINT32_MAX);
	zip->next += whole;
	return 0;
}

int zip_read(const struct zip *zip, const struct zip_member *member, struct strbuf *room,
	struct str *content, struct err *err)
{
	uint64_t begin;
	const char *header = __builtin_add_overflow(zip->base, member->header, &begin)
				     ? NULL
				     : at(zip->bytes, begin, LOCAL_BYTES);
	if (!header || memcmp(header, "PK\3\4", 4) != 0)
		return err_set(err, EBADMSG, "its header is not where the zip directory says");
	begin += LOCAL_BYTES + number(header + 26, 2) + number(header + 28, 2);
	const char *data = at(zip->bytes, begin, member->packed_bytes);
	if (!data)
		return err_set(err, EBADMSG, "its data lies outside of the zip archive");
	if (member->encrypted)
		return err_set(err, EBADMSG, "it is encrypted");
	struct str packed = { data, (size_t)member->packed_bytes };
	*content = packed;
	if (member->method == METHOD_STORED)
		return 0;
	if (member->method != METHOD_DEFLATED)
		return err_set(err, EBADMSG, "its compression method %u is not known",
			(unsigned)member->method);
	size_t before = room->n;
	int r = inflate_bytes(INFLATE_RAW, packed, room, err);
	*content = str_skip(strbuf_view(room), before);
	return r < 0 ? err_trace(err, r) : 0;
}
