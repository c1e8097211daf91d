/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadlines of connections (contract in deadline.h). The library below only has a time-out for
 * silence, so a client that sends one byte of a header now and then would hold its connection, and
 * the thread behind it, for weeks. One thread looks at all connections once a second; one that has
 * not come to the end of a head in time is shut down, which ends the library's read.
 *
 * The library tells about a closed connection before it closes the socket, so a descriptor in the
 * list is never somebody else's.
 *
 * How much of an answer the client has taken is what its end of the TCP connection has
 * acknowledged; what was queued here says nothing, and sendfile tells nobody.
 */
#include "http/deadline.h"

#include "os/periodic.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LOOK_US = 1000000 };

struct http_line {
	struct http_line *next;
	struct http_line **link; /* what points here */
	int fd;
	enum http_line_state state;
	int64_t since;
	uint64_t acknowledged; /* bytes, at that time */
};

struct http_deadline {
	const struct clock *clock;
	int64_t head_us;
	int64_t grace_us;
	uint64_t rate; /* bytes per second */
	struct periodic *looks;
	struct lock lock; /* guards all below and every line */
	struct http_line *first;
};

/* 0 where the kernel does not tell. */
static uint64_t acknowledged(int fd)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t size = sizeof(info);
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_bytes_acked;
}

static bool too_slow(
	const struct http_deadline *deadline, const struct http_line *line, int64_t now)
{
	int64_t rated_us = now - line->since - deadline->grace_us;
	if (rated_us <= 0)
		return false;
	uint64_t taken = acknowledged(line->fd) - line->acknowledged;
	return taken / deadline->rate < (uint64_t)rated_us / 1000000;
}

static void look_at_all(void *argument)
{
	struct http_deadline *deadline = argument;
	lock_take(&deadline->lock);
	int64_t now = clock_monotonic(deadline->clock);
	for (struct http_line *line = deadline->first; line; line = line->next) {
		bool over = line->state == HTTP_LINE_HEAD ? now - line->since >= deadline->head_us
							  : line->state == HTTP_LINE_ANSWER &&
								    too_slow(deadline, line, now);
		if (!over)
			continue;
		shutdown(line->fd, SHUT_RDWR);
		line->state = HTTP_LINE_WORK;
	}
	lock_release(&deadline->lock);
}

static void destroy(struct http_deadline *deadline)
{
	CHECK(!deadline->first);
	lock_destroy(&deadline->lock);
	free(deadline);
}

int http_deadline_start(const struct clock *clock, unsigned seconds,
	const struct http_limits *limits, struct http_deadline **deadline, struct err *err)
{
	struct http_deadline *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->clock = clock;
	made->head_us = (int64_t)seconds * 1000000;
	made->grace_us = (int64_t)limits->body_grace_seconds * 1000000;
	made->rate = limits->body_rate;
	lock_init(&made->lock, LOCK_LEAF);
	int result = periodic_start("http-deadline", look_at_all, made, LOOK_US, &made->looks, err);
	if (result < 0) {
		destroy(made);
		return err_trace(err, result);
	}
	*deadline = made;
	return 0;
}

void http_deadline_stop(struct http_deadline **deadline)
{
	struct http_deadline *ending = *deadline;
	*deadline = NULL;
	if (!ending)
		return;
	periodic_stop(&ending->looks);
	destroy(ending);
}

struct http_line *http_line_open(struct http_deadline *deadline, int fd)
{
	struct http_line *line = calloc(1, sizeof(*line));
	CHECK(line);
	line->fd = fd;
	line->since = clock_monotonic(deadline->clock);
	lock_take(&deadline->lock);
	line->next = deadline->first;
	line->link = &deadline->first;
	if (line->next)
		line->next->link = &line->next;
	deadline->first = line;
	lock_release(&deadline->lock);
	return line;
}

void http_line_now(
	struct http_deadline *deadline, struct http_line *line, enum http_line_state state)
{
	int64_t now = clock_monotonic(deadline->clock);
	uint64_t taken = state == HTTP_LINE_ANSWER ? acknowledged(line->fd) : 0;
	lock_take(&deadline->lock);
	line->state = state;
	line->since = now;
	line->acknowledged = taken;
	lock_release(&deadline->lock);
}

void http_line_close(struct http_deadline *deadline, struct http_line *line)
{
	lock_take(&deadline->lock);
	*line->link = line->next;
	if (line->next)
		line->next->link = line->link;
	lock_release(&deadline->lock);
	free(line);
}
