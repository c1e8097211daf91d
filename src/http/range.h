/* SPDX-License-Identifier: Apache-2.0 */
/* Byte ranges (RFC 9110 §14) and the Content-Range that registry clients send with chunks. Pure
 * functions. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "base/str.h"

struct http_range {
	uint64_t first;
	uint64_t last; /* inclusive, below the size */
};

enum http_range_result {
	HTTP_RANGE_NONE,	  /* no or unusable Range header: send the whole */
	HTTP_RANGE_OK,		  /* ranges[0 .. *count) */
	HTTP_RANGE_UNSATISFIABLE, /* 416 */
};
/* Parses a Range header against a representation of size bytes; at most max ranges, more is NONE.
 * What is in ranges counts only after OK. */
enum http_range_result http_parse_range(
	struct str header, uint64_t size, struct http_range *ranges, size_t max, size_t *count);
/* Joins ranges that overlap or touch; the others keep their order. How many are left. */
size_t http_merge_ranges(struct http_range *ranges, size_t count);
/* "0-1023", also "bytes 0-1023/2048" and "bytes=0-1023". False: not a range. */
bool http_parse_content_range(struct str header, uint64_t *first, uint64_t *last);

#endif
