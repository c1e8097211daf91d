/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip (RFC 1952) by ISA-L's inflate, which checks header, CRC-32 and length itself. What it leaves
 * to us: members in a row (docker and pigz write them), the padding behind the last one, and
 * telling a cut stream from a complete one. Between members the source is topped up until at least
 * one byte is there, because a member may begin exactly at the end of a buffer.
 */
#include "codec/stream.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES = 256 << 10 };

struct gzip_stream {
	struct stream stream;
	struct stream *source;
	struct inflate_state state;
	bool source_ended;
	bool ended; /* the last member is complete and all that follows was looked at */
	unsigned char input[INPUT_BYTES];
};

static int refill(struct gzip_stream *self, struct err *err)
{
	size_t got;
	int r = stream_read(self->source, self->input, INPUT_BYTES, &got, err);
	if (r < 0)
		return err_trace(err, r);
	self->state.next_in = self->input;
	self->state.avail_in = (uint32_t)got;
	self->source_ended = got == 0;
	return 0;
}

static const char *inflate_words(int code)
{
	switch (code) {
	case ISAL_INVALID_WRAPPER:
		return "its header is wrong";
	case ISAL_UNSUPPORTED_METHOD:
		return "its compression method is unknown";
	case ISAL_INCORRECT_CHECKSUM:
		return "its checksum does not match the data";
	case ISAL_INVALID_LOOKBACK:
		return "it refers to data before its beginning";
	case ISAL_NEED_DICT:
		return "it asks for a preset dictionary";
	default:
		return "a compressed block is invalid";
	}
}

/* Behind a member: the next one, zero padding, or the end. */
static int next_member(struct gzip_stream *self, struct err *err)
{
	for (;;) {
		if (!self->state.avail_in && !self->source_ended) {
			int r = refill(self, err);
			if (r < 0)
				return err_trace(err, r);
		}
		if (!self->state.avail_in) {
			self->ended = true;
			return 0;
		}
		if (self->state.next_in[0] != 0)
			break;
		self->state.next_in++;
		self->state.avail_in--;
	}
	if (self->state.next_in[0] != 0x1f)
		return err_set(err, EBADMSG,
			"the gzip data is damaged: bytes that are not gzip follow it");
	isal_inflate_reset(&self->state);
	self->state.crc_flag = ISAL_GZIP;
	return 0;
}

static int gzip_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct gzip_stream *self = (struct gzip_stream *)stream;
	uint32_t room = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	self->state.next_out = buffer;
	self->state.avail_out = room;
	while (self->state.avail_out == room && !self->ended) {
		if (!self->state.avail_in && !self->source_ended) {
			int r = refill(self, err);
			if (r < 0)
				return err_trace(err, r);
		}
		uint32_t input_before = self->state.avail_in;
		int code = isal_inflate(&self->state);
		if (code < 0 || code == ISAL_NEED_DICT)
			return err_set(
				err, EBADMSG, "the gzip data is damaged: %s", inflate_words(code));
		if (self->state.block_state == ISAL_BLOCK_FINISH) {
			int r = next_member(self, err);
			if (r < 0)
				return err_trace(err, r);
			continue;
		}
		if (self->source_ended && self->state.avail_out == room &&
			self->state.avail_in == input_before)
			return err_set(err, EBADMSG, "the gzip data ends in the middle");
	}
	*got = room - self->state.avail_out;
	return 0;
}

static void gzip_close(struct stream *stream)
{
	struct gzip_stream *self = (struct gzip_stream *)stream;
	stream_close(&self->source);
	free(self);
}

struct stream *stream_gunzip(struct stream *source)
{
	static const struct stream_ops ops = { gzip_read, gzip_close };
	struct gzip_stream *self = calloc(1, sizeof(*self));
	CHECK(self);
	self->stream.ops = &ops;
	self->source = source;
	isal_inflate_init(&self->state);
	self->state.crc_flag = ISAL_GZIP;
	return &self->stream;
}
