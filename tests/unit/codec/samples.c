/* SPDX-License-Identifier: Apache-2.0 */
/* See samples.h. The tar header is written field by field as POSIX describes ustar. */
#include "samples.h"

#include <isa-l/igzip_lib.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

void sample_entry(
	struct strbuf *tar, const char *path, char type, const char *target, struct str content)
{
	char header[512] = { 0 };
	unsigned sum = 0;
	snprintf(header, 100, "%s", path);
	snprintf(header + 100, 8, "%07o", 0644U);
	snprintf(header + 108, 8, "%07o", 0U);
	snprintf(header + 116, 8, "%07o", 0U);
	snprintf(header + 124, 12, "%011o", (unsigned)content.n);
	snprintf(header + 136, 12, "%011o", 0U);
	memset(header + 148, ' ', 8);
	header[156] = type;
	snprintf(header + 157, 100, "%s", target);
	memcpy(header + 257, "ustar", 6);
	memcpy(header + 263, "00", 2);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	strbuf_add(tar, header, sizeof(header));
	strbuf_add_str(tar, content);
	while (tar->n % 512)
		strbuf_add_char(tar, '\0');
}

void sample_file(struct strbuf *tar, const char *path, const char *content)
{
	sample_entry(tar, path, '0', "", str_from(content));
}

void sample_end(struct strbuf *tar)
{
	static const char zeros[1024];
	strbuf_add(tar, zeros, sizeof(zeros));
}

void sample_gzip(struct str plain, struct strbuf *out)
{
	struct isal_zstream stream;
	size_t room = plain.n + plain.n / 8 + 1024;
	isal_deflate_stateless_init(&stream);
	stream.gzip_flag = IGZIP_GZIP;
	stream.end_of_stream = 1;
	union {
		const char *in;
		uint8_t *out;
	} input = { .in = plain.p };
	stream.next_in = input.out;
	stream.avail_in = (uint32_t)plain.n;
	stream.next_out = (uint8_t *)strbuf_reserve(out, room);
	CHECK(stream.next_out);
	stream.avail_out = (uint32_t)room;
	CHECK(isal_deflate_stateless(&stream) == COMP_OK);
	strbuf_commit(out, stream.total_out);
}

void sample_zstd(struct str plain, struct strbuf *out)
{
	size_t room = ZSTD_compressBound(plain.n);
	char *to = strbuf_reserve(out, room);
	CHECK(to);
	size_t n = ZSTD_compress(to, room, plain.p, plain.n, 1);
	CHECK(!ZSTD_isError(n));
	strbuf_commit(out, n);
}
