/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a Unix stream socket. A descriptor travels with the first byte of its frame. Exactly
 * the header is read first, so a receive never takes bytes of the frame behind. Every descriptor
 * that arrives is either handed on or closed: a sender cannot fill our table.
 */
#include "inventory/protocol.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int send_all(int socket, const char *bytes, size_t n, struct err *err)
{
	while (n) {
		ssize_t r = send(socket, bytes, n, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, "sending a frame");
		bytes += r;
		n -= (size_t)r;
	}
	return 0;
}

static int send_header(int socket, const char *header, int passed_fd, struct err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	memset(&control, 0, sizeof(control));
	char copy[FRAME_HEADER_BYTES];
	memcpy(copy, header, sizeof(copy));
	struct iovec piece = { .iov_base = copy, .iov_len = sizeof(copy) };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	if (passed_fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *first = CMSG_FIRSTHDR(&message);
		first->cmsg_level = SOL_SOCKET;
		first->cmsg_type = SCM_RIGHTS;
		first->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(first), &passed_fd, sizeof(int));
	}
	ssize_t r;
	do
		r = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, "sending a frame");
	return send_all(socket, copy + r, sizeof(copy) - (size_t)r, err);
}

int frame_send(int socket, enum frame_kind kind, struct str payload, int passed_fd, struct err *err)
{
	char header[FRAME_HEADER_BYTES];
	CHECK(payload.n <= frame_payload_max(kind));
	frame_encode_header(kind, payload.n, header);
	int r = send_header(socket, header, passed_fd, err);
	if (r < 0)
		return err_trace(err, r);
	r = send_all(socket, payload.p, payload.n, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Keeps the first descriptor of a message in *passed_fd, closes all others. */
static void take_descriptors(struct msghdr *message, int *passed_fd)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (*passed_fd < 0)
				*passed_fd = fd;
			else
				close(fd);
		}
	}
}

/* 0: there is something to receive; FRAME_LATE: the deadline came first. */
static int wait_for_bytes(int socket, const struct frame_deadline *deadline, struct err *err)
{
	for (;;) {
		int64_t left_us = deadline->at_us - clock_monotonic(deadline->clock);
		if (left_us <= 0)
			return FRAME_LATE;
		int64_t left_ms = left_us / 1000 + 1;
		struct pollfd wait = { .fd = socket, .events = POLLIN };
		int r = poll(&wait, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return err_sys(err, "waiting for a frame");
	}
}

struct receiver {
	int socket;
	const struct frame_deadline *deadline;
	int passed_fd;
};

/* Reads n bytes; *got is less only when the other side closed. Or FRAME_LATE. */
static int receive_all(
	struct receiver *receiver, char *bytes, size_t n, size_t *got, struct err *err)
{
	enum { DESCRIPTORS_MAX = 4 };
	size_t have = 0;
	while (have < n) {
		union {
			char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
			struct cmsghdr align;
		} control;
		struct iovec piece = { .iov_base = bytes + have, .iov_len = n - have };
		struct msghdr message = { .msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes) };
		int waited = receiver->deadline
				     ? wait_for_bytes(receiver->socket, receiver->deadline, err)
				     : 0;
		if (waited)
			return waited;
		ssize_t r = recvmsg(receiver->socket, &message, MSG_CMSG_CLOEXEC);
		if (r < 0 && errno == EINTR)
			continue;
		/* A worker that died with our request unread gives a reset instead of an end. */
		if (r < 0 && errno != ECONNRESET)
			return err_sys(err, "receiving a frame");
		if (r <= 0)
			break;
		take_descriptors(&message, &receiver->passed_fd);
		have += (size_t)r;
	}
	*got = have;
	return 0;
}

static int receive(
	struct receiver *receiver, struct strbuf *buffer, struct frame *frame, struct err *err)
{
	char header[FRAME_HEADER_BYTES];
	size_t got;
	uint64_t length;
	int r = receive_all(receiver, header, sizeof(header), &got, err);
	if (r)
		return r < 0 ? err_trace(err, r) : r;
	if (!got)
		return FRAME_END;
	if (got < sizeof(header))
		return err_set(err, ECONNRESET, "the connection closed inside a frame");
	r = frame_decode_header(header, &frame->kind, &length, err);
	if (r < 0)
		return err_trace(err, r);
	strbuf_clear(buffer);
	char *room = strbuf_reserve(buffer, (size_t)length);
	if (!room)
		return err_set(err, E2BIG, "a frame is larger than the receive buffer");
	r = receive_all(receiver, room, (size_t)length, &got, err);
	if (r)
		return r < 0 ? err_trace(err, r) : r;
	if (got < length)
		return err_set(err, ECONNRESET, "the connection closed inside a frame");
	strbuf_commit(buffer, (size_t)length);
	frame->payload = strbuf_view(buffer);
	return 0;
}

int frame_receive(int socket, const struct frame_deadline *deadline, struct strbuf *buffer,
	struct frame *frame, int *passed_fd, struct err *err)
{
	struct receiver receiver = { .socket = socket, .deadline = deadline, .passed_fd = -1 };
	int r = receive(&receiver, buffer, frame, err);
	if (r && receiver.passed_fd >= 0) {
		close(receiver.passed_fd);
		receiver.passed_fd = -1;
	}
	*passed_fd = receiver.passed_fd;
	return r < 0 ? err_trace(err, r) : r;
}
