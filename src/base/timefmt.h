/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times are int64_t microseconds since 1970-01-01 UTC. TIME_NONE means "not known". Text forms are
 * RFC 3339 in UTC. Pure functions.
 */
#ifndef BASE_TIMEFMT_H
#define BASE_TIMEFMT_H

#include "base/str.h"

#define TIME_NONE INT64_MIN

enum { TIME_TEXT_MAX = 40 };

/* "2026-08-21T10:11:12Z" (fraction digits 0), "...12.123456Z" (6), "...12.1234560Z" (7: Azure). */
void time_format(int64_t us, int fraction_digits, char out[TIME_TEXT_MAX]);
/* RFC 3339 with any offset ("Z", "+01:00", "+0000") and fraction; also a bare date. False: not a
 * time. */
bool time_parse(struct str text, int64_t *us);
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 IMF-fixdate). */
void time_format_http(int64_t us, char out[TIME_TEXT_MAX]);

#endif
