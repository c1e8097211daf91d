/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that sends exactly the bytes it is given: for tests of what happens on the wire. Failing
 * to connect, to send or to read within ten seconds fails the test.
 */
#ifndef RAW_CLIENT_H
#define RAW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int raw_connect(uint16_t port);
void raw_send(int fd, const char *text);
void raw_send_bytes(int fd, const void *bytes, size_t n);
/* Bytes that could be sent before the peer reset the connection; never fails the test. */
size_t raw_send_some(int fd, const void *bytes, size_t n);

struct raw_answer {
	int status;	   /* 0: the connection ended before a status line */
	char head[8192];   /* status line and header lines */
	char body[65536];  /* what of the body fits */
	size_t body_bytes; /* all of it */
};
/* One answer; without_body: the answer to a HEAD request. */
void raw_answer(int fd, bool without_body, struct raw_answer *answer);
/* Value of a header line of the answer, NULL: none. Valid until the next call. */
const char *raw_header(const struct raw_answer *answer, const char *name);
/* True when the peer has closed (after reading off what is left). */
bool raw_closed(int fd);
/* True when nothing can be read within the time. */
bool raw_silent(int fd, int milliseconds);

#endif
