/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain streams: descriptor, bytes, and the wrappers that look at what passes (limit, tap,
 * prepend, borrow). The codecs have a file each. Failure is sticky in one place, stream_read(), so
 * no implementation needs to remember that it failed.
 */
#include "codec/stream.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int stream_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	*got = 0;
	if (!stream->failure.code) {
		int r = stream->ops->read(stream, buffer, n, got, &stream->failure);
		if (r >= 0)
			return 0;
		stream->failure.code = r;
		*got = 0;
	}
	if (err)
		*err = stream->failure;
	return err_trace(err, stream->failure.code);
}

int stream_read_full(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	size_t have = 0;
	while (have < n) {
		size_t part;
		int r = stream_read(stream, (char *)buffer + have, n - have, &part, err);
		if (r < 0)
			return err_trace(err, r);
		if (!part)
			break;
		have += part;
	}
	*got = have;
	return 0;
}

int stream_drain(struct stream *stream, struct err *err)
{
	enum { DRAIN_BYTES = 256 << 10 };
	AUTO_FREE char *buffer = malloc(DRAIN_BYTES);
	CHECK(buffer);
	size_t got;
	do {
		int r = stream_read(stream, buffer, DRAIN_BYTES, &got, err);
		if (r < 0)
			return err_trace(err, r);
	} while (got);
	return 0;
}

void stream_close(struct stream **stream)
{
	if (*stream)
		(*stream)->ops->close(*stream);
	*stream = NULL;
}

static void *make(size_t size, const struct stream_ops *ops)
{
	struct stream *stream = calloc(1, size);
	CHECK(stream);
	stream->ops = ops;
	return stream;
}

/* descriptor */

struct fd_stream {
	struct stream stream;
	int fd;
};

static int fd_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct fd_stream *self = (struct fd_stream *)stream;
	for (;;) {
		ssize_t r = read(self->fd, buffer, n);
		if (r >= 0) {
			*got = (size_t)r;
			return 0;
		}
		if (errno != EINTR)
			return err_sys(err, "reading the data");
	}
}

static void plain_close(struct stream *stream)
{
	free(stream);
}

struct stream *stream_from_fd(int fd)
{
	static const struct stream_ops ops = { fd_read, plain_close };
	struct fd_stream *self = make(sizeof(*self), &ops);
	self->fd = fd;
	return &self->stream;
}

/* bytes */

struct bytes_stream {
	struct stream stream;
	struct str rest;
};

static int bytes_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	(void)err;
	struct bytes_stream *self = (struct bytes_stream *)stream;
	size_t part = n < self->rest.n ? n : self->rest.n;
	if (part)
		memcpy(buffer, self->rest.p, part);
	self->rest = str_skip(self->rest, part);
	*got = part;
	return 0;
}

struct stream *stream_from_bytes(struct str bytes)
{
	static const struct stream_ops ops = { bytes_read, plain_close };
	struct bytes_stream *self = make(sizeof(*self), &ops);
	self->rest = bytes;
	return &self->stream;
}

/* wrappers: one struct serves them all */

struct wrapper {
	struct stream stream;
	struct stream *source;
	uint64_t passed;
	uint64_t max;	  /* limit */
	const char *what; /* limit */
	stream_tap_fn *tap;
	void *context;
	char *head; /* prepend */
	size_t head_from;
	size_t head_to;
};

static void wrapper_close(struct stream *stream)
{
	struct wrapper *self = (struct wrapper *)stream;
	stream_close(&self->source);
	free(self->head);
	free(self);
}

static int borrow_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	return stream_read(((struct wrapper *)stream)->source, buffer, n, got, err);
}

struct stream *stream_borrow(struct stream *source)
{
	static const struct stream_ops ops = { borrow_read, plain_close };
	struct wrapper *self = make(sizeof(*self), &ops);
	self->source = source;
	return &self->stream;
}

static int limit_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct wrapper *self = (struct wrapper *)stream;
	int r = stream_read(self->source, buffer, n, got, err);
	if (r < 0)
		return err_trace(err, r);
	self->passed += *got;
	if (self->passed > self->max)
		return err_set(err, E2BIG, "%s more than the limit of %" PRIu64 " bytes",
			self->what, self->max);
	return 0;
}

struct stream *stream_limit(struct stream *source, uint64_t max, const char *what)
{
	static const struct stream_ops ops = { limit_read, wrapper_close };
	struct wrapper *self = make(sizeof(*self), &ops);
	self->source = source;
	self->max = max;
	self->what = what;
	return &self->stream;
}

static int tap_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct wrapper *self = (struct wrapper *)stream;
	int r = stream_read(self->source, buffer, n, got, err);
	if (r < 0)
		return err_trace(err, r);
	if (*got)
		self->tap(self->context, buffer, *got);
	return 0;
}

struct stream *stream_tap(struct stream *source, stream_tap_fn *fn, void *context)
{
	static const struct stream_ops ops = { tap_read, wrapper_close };
	struct wrapper *self = make(sizeof(*self), &ops);
	self->source = source;
	self->tap = fn;
	self->context = context;
	return &self->stream;
}

static int prepend_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct wrapper *self = (struct wrapper *)stream;
	size_t left = self->head_to - self->head_from;
	if (!left)
		return stream_read(self->source, buffer, n, got, err);
	size_t part = n < left ? n : left;
	memcpy(buffer, self->head + self->head_from, part);
	self->head_from += part;
	*got = part;
	return 0;
}

struct stream *stream_prepend(struct stream *source, struct str head)
{
	static const struct stream_ops ops = { prepend_read, wrapper_close };
	struct wrapper *self = make(sizeof(*self), &ops);
	self->source = source;
	self->head = malloc(head.n + 1);
	CHECK(self->head);
	if (head.n)
		memcpy(self->head, head.p, head.n);
	self->head_to = head.n;
	return &self->stream;
}
