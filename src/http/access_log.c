/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What remains of a request: its figures (base/metrics.h) and its line in the log.
 *
 * The access log: one EV_REQUEST line per request, also for those the client gave up (status 499,
 * as many servers log it) and those the library below refused by itself (its status; method and
 * path may then be unknown). remote is the client; via is there when a trusted proxy spoke for it.
 * bytes_out is the length of the answer's body and is left out when the answer was cut off. The
 * query is not logged: it may carry secrets.
 */
#include "base/log.h"
#include "base/metrics.h"
#include "http/exchange.h"

enum { STATUS_CLIENT_GONE = 499, LOGGED_PATH_MAX = 2048, LOGGED_AGENT_MAX = 256 };

/* Status of an answer that was made below us; 0: there was none. */
static int library_status(const struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
	return info ? (int)info->http_status : 0;
}

static void count_request(const struct http_exchange *x, int status, int64_t took_us)
{
	const struct http_settings *settings = &x->server->settings;
	const struct http_route *route = x->match.route;
	size_t row = route ? (size_t)(route - settings->routes) : settings->route_count;
	unsigned class = (unsigned)(status / 100 < 1 ? 0 : status / 100 > 5 ? 4 : status / 100 - 1);
	metric_add(M_HTTP_REQUESTS, row, status == STATUS_CLIENT_GONE ? 5 : class, 1);
	metric_observe(M_HTTP_SECONDS, row, 0, took_us);
	metric_add(M_HTTP_BYTES, 0, 0, x->received);
	metric_add(M_HTTP_BYTES, 0, 1, status == STATUS_CLIENT_GONE ? 0 : x->answer_bytes);
}

void http_log_request(struct http_exchange *x, bool complete)
{
	int status = x->replied ? x->status : library_status(x);
	if (!status || (x->replied && !complete))
		status = STATUS_CLIENT_GONE;
	int64_t took_us = clock_monotonic(x->server->settings.clock) - x->started_us;
	count_request(x, status, took_us);
	if (!log_enabled(EV_REQUEST))
		return;
	struct str path = x->stage == HTTP_STAGE_HEAD ? x->raw_target : x->target.path;
	size_t query = str_find(path, '?');
	if (query != STR_NONE)
		path = str_sub(path, 0, query);
	/* Without headers (the request was given up early) there is no agent to ask for. */
	struct str agent = x->stage == HTTP_STAGE_HEAD ? STR("") : http_header(x, "User-Agent");
	char peer[HTTP_ADDRESS_TEXT];
	http_address_text(&x->own->peer, peer);
	struct log_field fields[10] = {
		F_STR("method", x->method_text),
		F_STR("path", str_sub(path, 0, LOGGED_PATH_MAX)),
		F_I64("status", status),
		F_U64("bytes_in", x->received),
		F_MS("duration_ms", took_us),
		F_STR("remote", http_remote(x)),
		F_STR("agent", str_sub(agent, 0, LOGGED_AGENT_MAX)),
		F_CSTR("id", x->id),
	};
	size_t count = 8;
	if (x->spoken_for)
		fields[count++] = F_CSTR("via", peer);
	if (status != STATUS_CLIENT_GONE)
		fields[count++] = F_U64("bytes_out", x->answer_bytes);
	log_emit(EV_REQUEST, fields, count);
}
