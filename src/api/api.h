/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The surfaces of the server: what a client can ask, as one route table (routes.def), and how each
 * surface words its errors. A handler finds its services in struct api_context, which is what
 * http_context() returns; cmd/serve fills it and keeps it alive until the server has stopped.
 *
 * Which error format an answer has is decided by the path alone, in one place: the distribution
 * specification's {"errors": [...]} below /v2 and /acr, Azure's {"error": {"code", "message"}}
 * everywhere else. Handlers report with api_reply_error() and api_reply_internal() and never build
 * error bodies themselves. The inner text of an internal error goes to the log together with the
 * request id; the client sees only the id.
 */
#ifndef API_API_H
#define API_API_H

#include "base/clock.h"
#include "base/err.h"
#include "http/http.h"

struct registry;
struct store;
struct assess;
struct scan_coordinator;

enum api_metrics { /* who may read /metrics; in the order of the setting's choices */
	API_METRICS_OFF,
	API_METRICS_LOOPBACK, /* clients on this machine */
	API_METRICS_OPEN,
};

struct api_context {
	struct registry *registry;
	struct store *store;
	struct assess *assess;	       /* NULL: the server judges nothing (tests) */
	struct scan_coordinator *scan; /* NULL: the server scans nothing (tests) */
	const struct clock *clock;
	enum api_metrics metrics;
};

/* Makes the counters of all routes. Once in a process, before the server starts. */
void api_metrics_start(const struct clock *clock);

/* All routes, for struct http_settings. Static storage. */
void api_routes(const struct http_route **routes, size_t *count);
/* The fallback of struct http_settings: no route, wrong method, broken target, body too large. */
void api_fallback(struct http_exchange *x, int status, const char *why);

static inline const struct api_context *api_context(const struct http_exchange *x)
{
	return http_context(x);
}

/* --- errors, in the format of the path's surface */
/* code is the surface's error code; the words say what was wrong and what to do. */
void api_reply_error(struct http_exchange *x, int status, const char *code, const char *format, ...)
	PRINTF_LIKE(4, 5);
/* Logs err with the request id (an internal error that no answer can report, or not alone). */
void api_log_internal(struct http_exchange *x, const struct err *err);
/* The same, and answers 500. */
void api_reply_internal(struct http_exchange *x, const struct err *err);

/* --- query parameters of lists */
/*
 * A whole-number parameter: *value stays as it is when the parameter is absent. False: the
 * parameter is there and is not a number (reply 400).
 */
bool api_param_u64(struct http_exchange *x, const char *name, uint64_t *value) MUST_CHECK;

#endif
