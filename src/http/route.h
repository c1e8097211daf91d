/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which route a request belongs to: the patterns of http.h, compiled once, matched without I/O.
 * The table is read-only after http_table_new(); any thread may match.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/http.h"
#include "http/target.h"

struct http_table;

/* Patterns are ours, so a wrong one is a failed CHECK. routes must outlive the table. */
struct http_table *http_table_new(const struct http_route *routes, size_t count);
void http_table_free(struct http_table **table);

enum { HTTP_CAPTURES_MAX = 6 };

struct http_match {
	const struct http_route *route; /* NULL: none */
	unsigned allowed;		/* 1 << method of every route that has this path */
	size_t capture_count;
	struct {
		struct str name;
		struct str value;
	} captures[HTTP_CAPTURES_MAX];
};

/* method may be HTTP_METHOD_COUNT (one we have no name for): only `allowed` is found then. */
void http_table_match(const struct http_table *table, struct arena *arena, enum http_method method,
	const struct http_target *target, struct http_match *match);

/* "GET, HEAD, PUT" of a set of 1 << method. */
struct str http_allow_text(struct arena *arena, unsigned methods);

#endif
