/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd (RFC 8878) by libzstd. Frames may follow each other and skippable frames may stand anywhere
 * (zstd:chunked layers end with some). A frame says how much memory its window takes; 128 MiB is
 * what `zstd --long` needs at most by default, and a larger claim is refused before it is
 * allocated.
 */
#include "codec/stream.h"

#include <stdlib.h>
#include <zstd.h>

enum { INPUT_BYTES = 256 << 10, WINDOW_LOG_MAX = 27 };

struct zstd_stream {
	struct stream stream;
	struct stream *source;
	ZSTD_DStream *decoder;
	ZSTD_inBuffer input;
	bool source_ended;
	bool in_frame;
	char bytes[INPUT_BYTES];
};

static int refill(struct zstd_stream *self, struct err *err)
{
	size_t got;
	int r = stream_read(self->source, self->bytes, INPUT_BYTES, &got, err);
	if (r < 0)
		return err_trace(err, r);
	self->input = (ZSTD_inBuffer){ .src = self->bytes, .size = got };
	self->source_ended = got == 0;
	return 0;
}

static int zstd_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct zstd_stream *self = (struct zstd_stream *)stream;
	ZSTD_outBuffer output = { .dst = buffer, .size = n };
	while (!output.pos) {
		if (self->input.pos == self->input.size && !self->source_ended) {
			int r = refill(self, err);
			if (r < 0)
				return err_trace(err, r);
		}
		bool no_input = self->input.pos == self->input.size;
		if (no_input && !self->in_frame)
			break;
		size_t hint = ZSTD_decompressStream(self->decoder, &output, &self->input);
		if (ZSTD_isError(hint))
			return err_set(err, EBADMSG, "the zstd data is damaged: %s",
				ZSTD_getErrorName(hint));
		self->in_frame = hint != 0;
		if (no_input && !output.pos && self->in_frame)
			return err_set(err, EBADMSG, "the zstd data ends in the middle");
	}
	*got = output.pos;
	return 0;
}

static void zstd_close(struct stream *stream)
{
	struct zstd_stream *self = (struct zstd_stream *)stream;
	ZSTD_freeDStream(self->decoder);
	stream_close(&self->source);
	free(self);
}

struct stream *stream_unzstd(struct stream *source)
{
	static const struct stream_ops ops = { zstd_read, zstd_close };
	struct zstd_stream *self = calloc(1, sizeof(*self));
	CHECK(self);
	self->stream.ops = &ops;
	self->source = source;
	self->decoder = ZSTD_createDStream();
	CHECK(self->decoder);
	CHECK(!ZSTD_isError(
		ZSTD_DCtx_setParameter(self->decoder, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)));
	return &self->stream;
}
