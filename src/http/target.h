/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request target (RFC 9112 §3.2, RFC 3986): cut into path segments and query before anything is
 * decoded, so that "%2F" can never become a separator of the route. Pure functions; results borrow
 * from the raw text or live in the arena.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/arena.h"

struct http_target {
	struct str path;      /* raw, starts with "/" */
	struct str query;     /* raw, without "?"; STR_NULL: none */
	struct str *segments; /* decoded; between the slashes, the leading one not counted */
	size_t segment_count; /* "/" has one empty segment */
};

/*
 * raw is in origin-form or absolute-form. NULL when it is well-formed, else why not (for people);
 * then target->path still holds what looked like the path, for logs and the choice of error format.
 */
const char *http_target_parse(struct arena *arena, struct str raw, struct http_target *target);

/* False: a broken escape or an encoded NUL. Text without "%" is borrowed, not copied. '+' stays. */
bool http_percent_decode(struct arena *arena, struct str text, struct str *decoded);

/* Parameter number n (from 0) of that name in a query, decoded; STR_NULL: none or not decodable. */
struct str http_query_param(struct arena *arena, struct str query, struct str name, size_t n);

#endif
