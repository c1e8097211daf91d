/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of the server one client may take, and all together: connections, requests being
 * served, bodies being received, requests per second. What a client is: http_address_client(). Not
 * for other folders. Any thread.
 */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include "base/clock.h"
#include "http/address.h"
#include "http/http.h"

struct http_clients;

enum http_share { HTTP_SHARE_CONNECTION, HTTP_SHARE_REQUEST, HTTP_SHARE_UPLOAD, HTTP_SHARE_COUNT };

struct http_clients *http_clients_new(const struct http_limits *limits, const struct clock *clock);
void http_clients_free(struct http_clients **clients); /* all shares were given back */

/* Whether a connection more is worth a thread at all: above the limits there are a few that are
 * only there to be told so. */
bool http_clients_welcome(
	struct http_clients *clients, const struct http_address *address, bool proxy);
/*
 * Takes a share; proxy: the address stands for many clients, only the limits for all hold. Returns
 * NULL, or why there is none (for people; a sentence without full stop), and then *retry_seconds is
 * when to come back. A connection is counted in both cases, the others only when there was one.
 */
const char *http_clients_take(struct http_clients *clients, enum http_share share,
	const struct http_address *address, bool proxy, unsigned *retry_seconds);
void http_clients_give(struct http_clients *clients, enum http_share share,
	const struct http_address *address, bool proxy);
/* Takes one of the client's requests per second. NULL or why not, as above. */
const char *http_clients_rate(
	struct http_clients *clients, const struct http_address *address, unsigned *retry_seconds);
/* How many clients it knows at the moment. */
size_t http_clients_remembered(struct http_clients *clients);

#endif
