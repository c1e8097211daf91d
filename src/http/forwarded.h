/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proxies in front say about the request they forward: X-Forwarded-For, -Proto, -Host and
 * -Prefix, or Forwarded (RFC 7239). Only a proxy that is trusted is believed, and of a list only
 * what trusted proxies added: lists grow at their end, and what a client wrote stands before that.
 * Pure functions; results borrow from the headers or live in the arena.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "http/address.h"

enum http_forwarded_headers { HTTP_FORWARDED_X, HTTP_FORWARDED_RFC };

struct http_forwarded {
	struct http_address client;
	struct str scheme; /* "http", "https"; STR_NULL: not said */
	struct str host;   /* host with or without port; STR_NULL: not said */
	struct str prefix; /* "/registry", without final slash; STR_NULL: not said */
};

/*
 * client holds the peer's address at the beginning and is moved outwards, from the end of the list,
 * as long as the address before it is that of a trusted proxy. Something that is no address
 * ("unknown") ends the way.
 */
void http_forwarded_for(
	struct str list, const struct http_networks *trusted, struct http_forwarded *forwarded);
/* The other three, each as the nearest proxy wrote it. What cannot be part of a URL is ignored. */
void http_forwarded_scheme(struct str list, struct http_forwarded *forwarded);
void http_forwarded_host(struct str list, struct http_forwarded *forwarded);
void http_forwarded_prefix(struct str list, struct http_forwarded *forwarded);

/* Forwarded: for=, proto= and host= of its elements. False: malformed, nothing was believed. */
bool http_forwarded_rfc(struct arena *arena, struct str header, const struct http_networks *trusted,
	struct http_forwarded *forwarded);

/* Whether the text can be the host of a URL: letters, digits, "-._~:[]". */
bool http_host_valid(struct str text);

#endif
