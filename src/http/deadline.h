/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a connection may wait for the end of a request's head: measured from its beginning or
 * from the end of the request before, whatever bytes come meanwhile. Not for other folders.
 * Any thread.
 */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include "base/clock.h"
#include "os/thread.h"

struct http_deadline;
struct http_line; /* one connection */

int http_deadline_start(const struct clock *clock, unsigned seconds,
	struct http_deadline **deadline, struct err *err) MUST_CHECK;
void http_deadline_stop(struct http_deadline **deadline); /* after its last line was closed */

/* A connection begins and waits for a head. fd must stay open until http_line_close(). */
struct http_line *http_line_open(struct http_deadline *deadline, int fd);
void http_line_waits(struct http_deadline *deadline, struct http_line *line, bool waits);
void http_line_close(struct http_deadline *deadline, struct http_line *line);

#endif
