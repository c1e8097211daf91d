/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadline of request heads (contract in deadline.h). The library below only has a time-out for
 * silence, so a client that sends one byte of a header now and then would hold its connection, and
 * the thread behind it, for weeks. One thread looks at all connections once a second; one that has
 * not come to the end of a head in time is shut down, which ends the library's read.
 *
 * The library tells about a closed connection before it closes the socket, so a descriptor in the
 * list is never somebody else's.
 */
#include "http/deadline.h"

#include "os/periodic.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { LOOK_US = 1000000 };

struct http_line {
	struct http_line *next;
	struct http_line **link; /* what points here */
	int fd;
	int64_t waiting_since; /* 0: a request is being served */
};

struct http_deadline {
	const struct clock *clock;
	int64_t limit_us;
	struct periodic *looks;
	struct lock lock; /* guards all below and every line */
	struct http_line *first;
};

static void look_at_all(void *argument)
{
	struct http_deadline *deadline = argument;
	lock_take(&deadline->lock);
	int64_t now = clock_monotonic(deadline->clock);
	for (struct http_line *line = deadline->first; line; line = line->next) {
		if (!line->waiting_since || now - line->waiting_since < deadline->limit_us)
			continue;
		shutdown(line->fd, SHUT_RDWR);
		line->waiting_since = 0;
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
	struct http_deadline **deadline, struct err *err)
{
	struct http_deadline *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->clock = clock;
	made->limit_us = (int64_t)seconds * 1000000;
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
	line->waiting_since = clock_monotonic(deadline->clock);
	lock_take(&deadline->lock);
	line->next = deadline->first;
	line->link = &deadline->first;
	if (line->next)
		line->next->link = &line->next;
	deadline->first = line;
	lock_release(&deadline->lock);
	return line;
}

void http_line_waits(struct http_deadline *deadline, struct http_line *line, bool waits)
{
	int64_t now = clock_monotonic(deadline->clock);
	lock_take(&deadline->lock);
	line->waiting_since = waits ? now : 0;
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
