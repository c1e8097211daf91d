/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of clients and networks of them ("10.0.0.0/8", "::1", CIDR of RFC 4632 and RFC 4291
 * §2.3). IPv4 is kept in its IPv6 form (::ffff:a.b.c.d), so that one comparison serves both. Pure
 * functions; text is borrowed.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/socket.h>

struct http_address {
	unsigned char bytes[16];
};

struct http_network {
	struct http_address address;
	unsigned bits; /* of the 128 that must be equal */
};

struct http_networks {
	const struct http_network *items;
	size_t n;
};

enum { HTTP_ADDRESS_TEXT = 46, HTTP_NETWORKS_MAX = 1000 };

/* False: neither IPv4 nor IPv6. */
bool http_address_from(const struct sockaddr *from, struct http_address *address);
/* "192.0.2.1", "2001:db8::1", also "[2001:db8::1]"; with_port: an optional ":port" behind it. */
bool http_address_parse(struct str text, bool with_port, struct http_address *address);
void http_address_text(const struct http_address *address, char text[HTTP_ADDRESS_TEXT]);
bool http_address_equal(const struct http_address *a, const struct http_address *b);
/* What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, because one machine
 * has as many addresses of its /64 as it likes. */
struct http_address http_address_client(const struct http_address *address);

/* "ADDRESS" or "ADDRESS/BITS"; bits behind the mask must be 0. */
bool http_network_parse(struct str text, struct http_network *network);
/* Separated by commas; empty text is no network. -EINVAL names the one that is wrong. */
int http_networks_parse(struct arena *arena, struct str text, struct http_networks *networks,
	struct err *err) MUST_CHECK;
bool http_networks_hold(const struct http_networks *networks, const struct http_address *address);

#endif
