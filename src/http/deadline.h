/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection may take its time for. The end of a request's head: measured from the
 * connection's beginning or from the end of the request before, whatever bytes come meanwhile. The
 * taking of an answer: at a rate, after a period of grace (the library's time-out is for silence
 * only, and one byte a minute is not silence). Not for other folders. Any thread.
 */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include "base/clock.h"
#include "http/http.h"
#include "os/thread.h"

struct http_deadline;
struct http_line; /* one connection */

enum http_line_state {
	HTTP_LINE_HEAD,	  /* waits for a head */
	HTTP_LINE_WORK,	  /* a body comes or a handler works: not looked at here */
	HTTP_LINE_ANSWER, /* the client takes its answer */
};

/* seconds for a head; of limits the rate and its grace. */
int http_deadline_start(const struct clock *clock, unsigned seconds,
	const struct http_limits *limits, struct http_deadline **deadline,
	struct err *err) MUST_CHECK;
void http_deadline_stop(struct http_deadline **deadline); /* after its last line was closed */

/* A connection begins and waits for a head. fd must stay open until http_line_close(). */
struct http_line *http_line_open(struct http_deadline *deadline, int fd);
void http_line_now(
	struct http_deadline *deadline, struct http_line *line, enum http_line_state state);
void http_line_close(struct http_deadline *deadline, struct http_line *line);

#endif
