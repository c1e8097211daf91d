/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the handlers of the distribution specification share. Only files of this folder include it.
 */
#ifndef API_V2_H
#define API_V2_H

#include "api/api.h"
#include "api/handlers.h"
#include "registry/registry.h"

#define V2_DIGEST_HEADER "Docker-Content-Digest"

/*
 * Answers for a result of a registry function other than 0: an outcome by errors.def, with detail
 * (may be empty) for the client; a negative one as an internal error.
 */
void v2_reply_failure(
	struct http_exchange *x, int result, struct str detail, const struct err *err);

/* "/v2/<name>/<kind>/<last>" as clients reach it (http_link()). */
struct str v2_location(
	struct http_exchange *x, struct str repository, const char *kind, struct str last);

/* True when If-None-Match names the digest (quoted) or is "*"; then the answer is 304. */
bool v2_matches_etag(struct http_exchange *x, struct str digest);
/* ETag, Docker-Content-Digest: what every answer about content carries. */
void v2_set_digest(struct http_exchange *x, struct str digest);

#endif
