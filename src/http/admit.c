/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens between the last header line and the first body byte, that is before the client is
 * told to continue: the framing of the body is checked (RFC 9112 §6.3 and §3.2; the library below
 * accepts requests that two servers could read in two ways), the target is parsed, the route found,
 * the size limits applied, the client's share taken, and the sink's begin called. Each refusal
 * leaves a reply in the exchange.
 */
#include "base/limits.h"
#include "http/exchange.h"

#include <strings.h>

struct framing {
	struct http_exchange *x;
	unsigned hosts;
	bool chunked;
	size_t bytes;
	size_t lines;
	const char *fault;
};

static const char *length_line(struct http_exchange *x, struct str value)
{
	uint64_t n;
	if (!str_parse_u64(str_trim(value), &n))
		return "Content-Length is not a number";
	if (x->has_length && n != x->length)
		return "there are two different Content-Length headers";
	x->has_length = true;
	x->length = n;
	return NULL;
}

/* RFC 9110 §5.6.2. The library takes "Transfer-Encoding " for a name of its own. */
static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return name.n > 0;
}

static enum MHD_Result framing_line(void *argument, enum MHD_ValueKind kind, const char *key,
	size_t key_size, const char *value, size_t value_size)
{
	(void)kind;
	struct framing *framing = argument;
	struct str text = { value ? value : "", value ? value_size : 0 };
	const char *fault = NULL;
	framing->bytes += key_size + text.n + 4; /* ": " and the end of the line */
	framing->lines++;
	if (!is_token((struct str){ key, key_size })) {
		fault = "a header name holds a blank or another character that names cannot have";
	} else if (key_size == 4 && !strcasecmp(key, "Host")) {
		framing->hosts++;
	} else if (key_size == 14 && !strcasecmp(key, "Content-Length")) {
		fault = length_line(framing->x, text);
	} else if (key_size == 17 && !strcasecmp(key, "Transfer-Encoding")) {
		if (framing->chunked || !str_eq_nocase(str_trim(text), STR("chunked")))
			fault = "the only Transfer-Encoding understood here is chunked";
		framing->chunked = true;
	}
	if (!framing->fault)
		framing->fault = fault;
	return MHD_YES;
}

/* NULL, or why the request's framing is refused; *too_large: a sound one, only too much. */
static const char *check_framing(struct http_exchange *x, const char *version, bool *too_large)
{
	struct framing framing = { .x = x };
	*too_large = false;
	MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, framing_line, &framing);
	x->has_body = framing.chunked || (x->has_length && x->length);
	if (framing.fault)
		return framing.fault;
	if (framing.chunked && x->has_length)
		return "there is both a Content-Length and a Transfer-Encoding";
	if (framing.hosts > 1)
		return "there is more than one Host header";
	if (!framing.hosts && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
		return "the Host header is missing";
	*too_large = framing.bytes > HTTP_HEADER_BYTES || framing.lines > HTTP_HEADER_LINES;
	return NULL;
}

static enum http_method method_of(struct str text)
{
	for (unsigned m = 0; m < HTTP_METHOD_COUNT; m++)
		if (str_eq(text, http_method_name((enum http_method)m)))
			return (enum http_method)m;
	return HTTP_METHOD_COUNT;
}

static void refuse(struct http_exchange *x, int status, const char *why)
{
	x->server->settings.fallback(x, status, why);
	CHECK(x->replied);
}

/* --- whose request it is, and whether that client may have another one served */

static void read_forwarded(struct http_exchange *x)
{
	const struct http_settings *settings = &x->server->settings;
	struct http_forwarded *forwarded = &x->forwarded;
	if (!x->own->trusted)
		return;
	if (settings->forwarded == HTTP_FORWARDED_RFC) {
		struct str header = http_header(x, "Forwarded");
		if (header.p)
			(void)http_forwarded_rfc(x->arena, header, &settings->trusted, forwarded);
	} else {
		http_forwarded_for(
			http_header(x, "X-Forwarded-For"), &settings->trusted, forwarded);
		http_forwarded_scheme(http_header(x, "X-Forwarded-Proto"), forwarded);
		http_forwarded_host(http_header(x, "X-Forwarded-Host"), forwarded);
	}
	http_forwarded_prefix(http_header(x, "X-Forwarded-Prefix"), forwarded);
	x->spoken_for = !http_address_equal(&forwarded->client, &x->own->peer);
}

/* Requests that a proxy makes for nobody (its own probes) count for all only. */
static bool is_proxy(const struct http_exchange *x)
{
	return x->own->trusted && !x->spoken_for;
}

static void refuse_busy(struct http_exchange *x, const char *why, unsigned retry_seconds)
{
	http_set_header(x, "Retry-After", arena_printf(x->arena, "%u", retry_seconds));
	refuse(x, 429, why);
}

static bool over_limits(struct http_exchange *x)
{
	struct http_clients *clients = x->server->clients;
	if (x->own->over_limit) {
		x->closing = true;
		x->linger = true;
		refuse_busy(x, x->own->over_limit, x->own->retry_seconds);
		return true;
	}
	if (x->match.route && x->match.route->flags & HTTP_UNLIMITED)
		return false;
	unsigned retry_seconds = 0;
	const char *why = NULL;
	if (!is_proxy(x))
		why = http_clients_rate(clients, &x->forwarded.client, &retry_seconds);
	if (!why) {
		why = http_clients_take(clients, HTTP_SHARE_REQUEST, &x->forwarded.client,
			is_proxy(x), &retry_seconds);
		x->has_request = !why;
	}
	if (why)
		refuse_busy(x, why, retry_seconds);
	return why != NULL;
}

static bool over_uploads(struct http_exchange *x)
{
	unsigned retry_seconds;
	const char *why = http_clients_take(x->server->clients, HTTP_SHARE_UPLOAD,
		&x->forwarded.client, is_proxy(x), &retry_seconds);
	x->has_upload = !why;
	if (why)
		refuse_busy(x, why, retry_seconds);
	return why != NULL;
}

void http_give_shares(struct http_exchange *x)
{
	struct http_clients *clients = x->server->clients;
	if (x->has_upload)
		http_clients_give(clients, HTTP_SHARE_UPLOAD, &x->forwarded.client, is_proxy(x));
	if (x->has_request)
		http_clients_give(clients, HTTP_SHARE_REQUEST, &x->forwarded.client, is_proxy(x));
	x->has_upload = false;
	x->has_request = false;
}

static void begin(struct http_exchange *x)
{
	const struct http_route *route = x->match.route;
	if (!route->sink) {
		if (x->has_length && x->length > LIMIT_BODY_BYTES)
			refuse(x, 413, "the request body is larger than this address accepts");
		return;
	}
	if (x->has_body && over_uploads(x))
		return;
	x->sink_open = true;
	if (route->sink->begin(x) == HTTP_REPLIED)
		CHECK(x->replied);
	else
		CHECK(!x->replied);
}

void http_admit(struct http_exchange *x, const char *method, const char *version)
{
	x->method_text = arena_str(x->arena, str_from(method));
	x->method = method_of(x->method_text);
	bool too_large;
	const char *framing_fault = check_framing(x, version, &too_large);
	const char *target_fault = http_target_parse(x->arena, x->raw_target, &x->target);
	if (framing_fault) {
		/* Where this request ends is not certain, so nothing behind it is read. */
		x->closing = true;
		x->linger = true;
		refuse(x, 400, framing_fault);
		return;
	}
	if (x->raw_target.n > HTTP_TARGET_BYTES) {
		refuse(x, 414, "the request target is longer than 8 KiB");
		return;
	}
	if (too_large) {
		refuse(x, 431, "the headers are more than 100 lines or 16 KiB");
		return;
	}
	if (target_fault) {
		refuse(x, 400, target_fault);
		return;
	}
	read_forwarded(x);
	http_table_match(x->server->table, x->arena, x->method, &x->target, &x->match);
	if (over_limits(x))
		return;
	if (x->match.route) {
		begin(x);
		return;
	}
	if (!x->match.allowed) {
		refuse(x, 404, "there is nothing at this address");
		return;
	}
	http_set_header(x, "Allow", http_allow_text(x->arena, x->match.allowed));
	refuse(x, 405, "this address does not take this method");
}
