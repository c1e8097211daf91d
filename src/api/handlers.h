/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declares every handler and sink that routes.def names, so that a row without its function fails
 * at link and a function with another type fails here. Only files of this folder include it.
 */
#ifndef API_HANDLERS_H
#define API_HANDLERS_H

#include "http/http.h"

#define ROUTE(method, pattern, permission, handler, flags, doc)                                    \
	void handler(struct http_exchange *x);
#define STREAM(method, pattern, permission, sink, flags, doc) extern const struct http_sink sink;
#include "api/routes.def"
#undef ROUTE
#undef STREAM

#endif
