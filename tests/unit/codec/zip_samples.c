/* SPDX-License-Identifier: Apache-2.0 */
/* See zip_samples.h. */
#include "zip_samples.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTORY_MAX = 64 << 20 };

void sample_deflate(struct str plain, bool zlib, struct strbuf *out)
{
	struct isal_zstream *stream = calloc(1, sizeof(*stream));
	/* What cannot be packed grows. */
	size_t room = plain.n + plain.n / 2 + 4096;
	room = room < out->ceiling - out->n ? room : out->ceiling - out->n;
	union {
		const char *from;
		uint8_t *to;
	} bytes = { .from = plain.p };
	CHECK(stream);
	isal_deflate_init(stream);
	stream->gzip_flag = zlib ? IGZIP_ZLIB : IGZIP_DEFLATE;
	stream->end_of_stream = 1;
	stream->next_in = bytes.to;
	stream->avail_in = (uint32_t)plain.n;
	stream->next_out = (uint8_t *)strbuf_reserve(out, room);
	CHECK(stream->next_out);
	stream->avail_out = (uint32_t)room;
	CHECK(isal_deflate(stream) == COMP_OK && stream->internal_state.state == ZSTATE_END);
	strbuf_commit(out, stream->total_out);
	free(stream);
}

static void put(struct strbuf *out, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strbuf_add_char(out, i < 8 ? (char)(value >> 8 * i) : 0);
}

void zip_sample_begin(struct zip_sample *sample, struct strbuf *out)
{
	*sample = (struct zip_sample){
		.out = out, .directory = STRBUF(DIRECTORY_MAX), .begin = out->n
	};
}

void zip_sample_add(struct zip_sample *sample, const char *name, struct str content, bool deflated)
{
	struct strbuf *out = sample->out;
	AUTO_STRBUF struct strbuf packed = STRBUF(out->ceiling);
	size_t header = out->n - sample->begin;
	if (deflated)
		sample_deflate(content, false, &packed);
	else
		strbuf_add_str(&packed, content);
	for (int directory = 0; directory < 2; directory++) {
		struct strbuf *to = directory ? &sample->directory : out;
		strbuf_add_cstr(to, directory ? "PK\1\2" : "PK\3\4");
		if (directory)
			put(to, 20, 2);
		put(to, 20, 2);
		put(to, 0, 2);
		put(to, deflated ? 8 : 0, 2);
		put(to, 0, 8); /* time, date, checksum */
		put(to, packed.n, 4);
		put(to, content.n, 4);
		put(to, strlen(name), 2);
		put(to, 0, 2);
		if (directory) {
			put(to, 0, 10);
			put(to, header, 4);
		}
		strbuf_add_cstr(to, name);
		if (!directory)
			strbuf_add_str(to, strbuf_view(&packed));
	}
	sample->count++;
}

void zip_sample_end(struct zip_sample *sample, bool zip64, const char *comment)
{
	struct strbuf *out = sample->out;
	size_t offset = out->n - sample->begin;
	strbuf_add_str(out, strbuf_view(&sample->directory));
	if (zip64) {
		size_t end64 = out->n - sample->begin;
		strbuf_add_cstr(out, "PK\6\6");
		put(out, 44, 8);
		put(out, 45 | 45 << 16, 4);
		put(out, 0, 8);
		put(out, sample->count, 8);
		put(out, sample->count, 8);
		put(out, sample->directory.n, 8);
		put(out, offset, 8);
		strbuf_add_cstr(out, "PK\6\7");
		put(out, 0, 4);
		put(out, end64, 8);
		put(out, 1, 4);
	}
	strbuf_add_cstr(out, "PK\5\6");
	put(out, 0, 4);
	put(out, zip64 ? UINT16_MAX : sample->count, 2);
	put(out, zip64 ? UINT16_MAX : sample->count, 2);
	put(out, zip64 ? UINT32_MAX : sample->directory.n, 4);
	put(out, zip64 ? UINT32_MAX : offset, 4);
	put(out, strlen(comment), 2);
	strbuf_add_cstr(out, comment);
	strbuf_free(&sample->directory);
}
