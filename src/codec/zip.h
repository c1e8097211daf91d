/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zip archives (APPNOTE.TXT of PKWARE, §4.3 and §4.4) that are in memory whole, read by their
 * central directory as Java and Python do: bytes before the archive (a launcher script) and members
 * that are not in the directory do not exist. Zip64 included. Stored and deflated members; no
 * encryption, no parts. Nothing is unpacked unless asked for, and never past the ceiling of
 * the buffer it goes to. Checksums of members are not compared.
 *
 * Every offset is believed only as far as the file reaches. Text is borrowed from the archive.
 * Pure.
 */
#ifndef CODEC_ZIP_H
#define CODEC_ZIP_H

#include "base/err.h"
#include "base/strbuf.h"

struct zip {
	struct str bytes;
	uint64_t base;	    /* where offset 0 of the archive lies */
	uint64_t directory; /* where the central directory lies */
	uint64_t directory_end;
	uint64_t next; /* header that zip_next() reads */
};

struct zip_member {
	struct str name; /* as written; may be anything */
	uint16_t method;
	bool encrypted;
	uint64_t packed_bytes;
	uint64_t bytes; /* as the directory says; the data may say otherwise */
	uint64_t header;
};

/* -EBADMSG: no directory of a zip archive at the end of the bytes. */
int zip_open(struct str bytes, struct zip *zip, struct err *err) MUST_CHECK;
/* 0: *member is filled; ZIP_END; -EBADMSG: the directory is damaged here. */
enum { ZIP_END = 1 };
int zip_next(struct zip *zip, struct zip_member *member, struct err *err) MUST_CHECK;
/*
 * The content: of a stored member a view of the archive, else it is appended to room and is a view
 * of that, valid until room changes. -E2BIG: more than room's ceiling; -EBADMSG: damaged,
 * encrypted, or a method not known.
 */
int zip_read(const struct zip *zip, const struct zip_member *member, struct strbuf *room,
	struct str *content, struct err *err) MUST_CHECK;

#endif
