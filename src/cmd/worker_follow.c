/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer that is read while it is still being received: a stream over the growing file that reads
 * as far as the server said, and asks how far it may go when it has come there. Each read says
 * where it reads, so a second stream can start at the first byte again (hard links), and nothing is
 * asked any more once the end is known.
 *
 * The answer is that of a layer request. When the server gives the upload up, the stream fails and
 * so does the inventory, which nobody keeps; the worker is free for the next request.
 */
#include "cmd/worker.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct following {
	struct worker *worker;
	int fd;
	struct worker_growth growth;
	struct err broken; /* code != 0: what broke the conversation */
};

struct growing {
	struct stream stream;
	struct following *following;
	uint64_t at;
};

/* Says how much was read and waits for the word on how it goes on. */
static int ask(struct following *following, uint64_t have, struct err *err)
{
	int socket = following->worker->socket;
	AUTO_STRBUF struct strbuf want = STRBUF((size_t)frame_payload_max(FRAME_WANT));
	AUTO_STRBUF struct strbuf buffer = STRBUF((size_t)frame_payload_max(FRAME_REQUEST));
	AUTO_CLOSE int passed = -1;
	struct frame frame = { 0 };
	worker_want_encode(have, &want);
	int r = frame_send(socket, FRAME_WANT, strbuf_view(&want), -1, err);
	if (r == 0)
		r = frame_receive(socket, NULL, &buffer, &frame, &passed, err);
	if (r > 0 || (r == 0 && frame.kind != FRAME_GROWTH))
		r = err_set(err, EPROTO, "the conversation ended inside a followed layer");
	if (r == 0)
		r = worker_growth_decode(frame.payload, &following->growth, err);
	if (r == 0 && following->growth.state != WORKER_GIVEN_UP &&
		(following->growth.bytes < have || (following->growth.state == WORKER_GROWING &&
							   following->growth.bytes == have)))
		r = err_set(err, EPROTO, "a file that does not grow");
	return r < 0 ? err_trace(err, r) : 0;
}

static int growing_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct growing *self = (struct growing *)stream;
	struct following *following = self->following;
	const struct worker_growth *growth = &following->growth;
	if (!following->broken.code && growth->state == WORKER_GROWING && self->at == growth->bytes)
		following->broken.code = ask(following, self->at, &following->broken);
	if (following->broken.code)
		return err_set(err, EPROTO, "%s", err_text(&following->broken));
	if (growth->state == WORKER_GIVEN_UP)
		return err_set(err, ECANCELED, "the upload was given up");
	uint64_t left = growth->bytes - self->at;
	size_t part = left < n ? (size_t)left : n;
	ssize_t r = 0;
	do
		r = part ? pread(following->fd, buffer, part, (off_t)self->at) : 0;
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, "reading the data");
	if (part && !r)
		return err_set(err, EIO, "the upload became shorter");
	self->at += (uint64_t)r;
	*got = (size_t)r;
	return 0;
}

static void growing_close(struct stream *stream)
{
	free(stream);
}

static struct stream *open_growing(void *context)
{
	static const struct stream_ops ops = { growing_read, growing_close };
	struct growing *self = calloc(1, sizeof(*self));
	CHECK(self);
	self->stream.ops = &ops;
	self->following = context;
	return &self->stream;
}

int worker_follow(
	struct worker *worker, const struct worker_request *request, int fd, struct err *err)
{
	struct following following = { .worker = worker, .fd = fd };
	const struct analyze_input input = {
		.fd = -1, .open = open_growing, .context = &following
	};
	worker_inventory(worker, request, &input);
	if (following.broken.code) {
		*err = following.broken;
		return err_trace(err, err->code);
	}
	int r = frame_send(worker->socket, FRAME_LAYER, strbuf_view(&worker->text), -1, err);
	return r < 0 ? err_trace(err, r) : 0;
}
