/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbound HTTP over libcurl: the client verbs of the command line and downloads of advisory feeds.
 * Blocking; any thread (each call has its own handle). Only http and https are spoken.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "base/arena.h"
#include "base/err.h"

struct fetch_request {
	const char *method; /* NULL: GET */
	const char *url;
	struct str body;	  /* STR_NULL: none */
	const char *content_type; /* of body */
	size_t max_bytes;	  /* of the answer; larger is -E2BIG */
	unsigned connect_seconds; /* 0: 10 */
	unsigned stall_seconds;	  /* no byte for so long is a failure; 0: 30 */
	const char *user_agent;	  /* NULL: "lazaret/<version>" */
};

struct fetch_response {
	long status;
	struct str body; /* in the arena */
	struct str content_type;
};

int fetch_run(const struct fetch_request *request, struct arena *arena,
	struct fetch_response *response, struct err *err) MUST_CHECK;

/* Streams a 200 answer into fd; another status is *status with nothing written. progress may be
 * NULL. */
int fetch_to_fd(const struct fetch_request *request, int fd, long *status,
	void (*progress)(void *context, uint64_t done, uint64_t total), void *context,
	struct err *err) MUST_CHECK;

/* Percent-encodes all but unreserved characters (RFC 3986), for query values. */
struct str fetch_escape(struct arena *arena, struct str text);

#endif
