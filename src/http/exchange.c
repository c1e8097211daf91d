/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request as handlers see it: reading it and answering it (contract in http.h). A reply only
 * builds the library's response object; the adapter (server.c) queues it when the library can take
 * it, because an answer that is queued too early ends the connection.
 *
 * Everything runs on the connection's thread; an exchange is never shared.
 */
#include "http/exchange.h"

#include "base/limits.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_exchange *http_exchange_new(struct http_server *server,
	struct MHD_Connection *connection, struct http_connection *own, struct str raw_target)
{
	struct arena *arena = arena_new(HTTP_ARENA_BYTES);
	struct http_exchange *x = ARENA_NEW(arena, struct http_exchange);
	x->server = server;
	x->connection = connection;
	x->own = own;
	x->forwarded.client = own->peer;
	x->arena = arena;
	x->raw_target = arena_str(arena, raw_target);
	x->target.path = STR("/");
	x->method = HTTP_METHOD_COUNT;
	x->method_text = STR("-");
	x->body = STRBUF(LIMIT_BODY_BYTES);
	x->started_us = clock_monotonic(server->settings.clock);
	uuid_random(x->id);
	return x;
}

void http_exchange_free(struct http_exchange *x)
{
	http_give_shares(x);
	if (x->response)
		MHD_destroy_response(x->response);
	strbuf_free(&x->body);
	struct arena *arena = x->arena;
	arena_free(&arena);
}

/* --- the request */

void *http_context(const struct http_exchange *x)
{
	return x->server->settings.context;
}

struct arena *http_arena(struct http_exchange *x)
{
	return x->arena;
}

enum http_method http_request_method(const struct http_exchange *x)
{
	return x->method;
}

struct str http_request_id(const struct http_exchange *x)
{
	return str_from(x->id);
}

struct str http_path(const struct http_exchange *x)
{
	return x->target.path;
}

struct str http_query(const struct http_exchange *x)
{
	return x->target.query;
}

struct str http_capture(const struct http_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->match.capture_count; i++)
		if (str_eq(x->match.captures[i].name, str_from(name)))
			return x->match.captures[i].value;
	return STR_NULL;
}

struct str http_param(struct http_exchange *x, const char *name)
{
	return http_param_nth(x, name, 0);
}

struct str http_param_nth(struct http_exchange *x, const char *name, size_t n)
{
	return http_query_param(x->arena, x->target.query, str_from(name), n);
}

struct header_search {
	struct arena *arena;
	const char *name;
	struct str value;
};

static enum MHD_Result collect_header(void *argument, enum MHD_ValueKind kind, const char *key,
	size_t key_size, const char *value, size_t value_size)
{
	(void)kind;
	(void)key_size;
	struct header_search *search = argument;
	if (strcasecmp(key, search->name) != 0)
		return MHD_YES;
	struct str line = { value ? value : "", value ? value_size : 0 };
	if (!search->value.p)
		search->value = line;
	else
		search->value = arena_printf(
			search->arena, STR_FMT ", " STR_FMT, STR_ARG(search->value), STR_ARG(line));
	return MHD_YES;
}

struct str http_header(struct http_exchange *x, const char *name)
{
	struct header_search search = { .arena = x->arena, .name = name };
	MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, collect_header, &search);
	return search.value;
}

struct str http_body(const struct http_exchange *x)
{
	return strbuf_view(&x->body);
}

bool http_content_length(const struct http_exchange *x, uint64_t *n)
{
	if (x->has_length)
		*n = x->length;
	return x->has_length;
}

bool http_draining(const struct http_exchange *x)
{
	return atomic_load(&x->server->draining);
}

struct str http_remote(struct http_exchange *x)
{
	char text[HTTP_ADDRESS_TEXT];
	http_address_text(&x->forwarded.client, text);
	return arena_str(x->arena, str_from(text));
}

static struct str external_url(const struct http_exchange *x)
{
	return str_from(x->server->settings.external_url);
}

struct str http_origin(struct http_exchange *x)
{
	struct str external = external_url(x);
	if (external.n) {
		/* Up to the slash behind the two of "https://". */
		size_t host = str_find(external, '/') + 2;
		size_t path = str_find(str_skip(external, host), '/');
		return path == STR_NONE ? external : str_sub(external, 0, host + path);
	}
	struct str scheme = x->forwarded.scheme;
	if (!scheme.p)
		scheme = x->own->gate->tls ? STR("https") : STR("http");
	struct str host = x->forwarded.host;
	if (!host.p)
		host = str_trim(http_header(x, "Host"));
	if (host.n)
		return arena_printf(
			x->arena, STR_FMT "://" STR_FMT, STR_ARG(scheme), STR_ARG(host));
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof(bound);
	struct http_address address = { { 0 } };
	char text[HTTP_ADDRESS_TEXT] = "";
	if (!getsockname(x->own->fd, (struct sockaddr *)&bound, &size) &&
		http_address_from((const struct sockaddr *)&bound, &address))
		http_address_text(&address, text);
	bool v6 = strchr(text, ':') != NULL;
	return arena_printf(x->arena, STR_FMT "://%s%s%s:%u", STR_ARG(scheme), v6 ? "[" : "", text,
		v6 ? "]" : "", (unsigned)x->own->gate->port);
}

struct str http_link(struct http_exchange *x, struct str path)
{
	struct str before = external_url(x);
	if (!before.n)
		before = x->forwarded.prefix;
	if (!before.n)
		return path;
	return arena_printf(x->arena, STR_FMT STR_FMT, STR_ARG(before), STR_ARG(path));
}

struct str http_absolute(struct http_exchange *x, struct str path)
{
	struct str link = http_link(x, path);
	if (external_url(x).n)
		return link;
	return arena_printf(x->arena, STR_FMT STR_FMT, STR_ARG(http_origin(x)), STR_ARG(link));
}

void http_set_state(struct http_exchange *x, void *state)
{
	x->state = state;
}

void *http_state(const struct http_exchange *x)
{
	return x->state;
}

/* --- the answer */

static bool header_value_safe(struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

void http_add_header(struct http_exchange *x, const char *name, struct str value)
{
	if (!header_value_safe(value))
		return;
	AVEC_PUSH(x->arena, &x->headers,
		(struct http_header_line){ name, arena_cstr(x->arena, value) });
}

void http_set_header(struct http_exchange *x, const char *name, struct str value)
{
	if (!header_value_safe(value))
		return;
	size_t kept = 0;
	for (size_t i = 0; i < x->headers.n; i++)
		if (strcasecmp(x->headers.items[i].name, name) != 0)
			x->headers.items[kept++] = x->headers.items[i];
	x->headers.n = kept;
	http_add_header(x, name, value);
}

bool http_replied(const struct http_exchange *x)
{
	return x->replied;
}

static void reply(struct http_exchange *x, int status, struct MHD_Response *response, uint64_t n)
{
	CHECK(!x->replied);
	CHECK(response);
	for (size_t i = 0; i < x->headers.n; i++)
		MHD_add_response_header(
			response, x->headers.items[i].name, x->headers.items[i].value);
	MHD_add_response_header(response, "X-Request-Id", x->id);
	x->response = response;
	x->replied = true;
	x->sink_open = false;
	x->status = status;
	x->answer_bytes = x->method == HTTP_HEAD ? 0 : n;
}

static struct MHD_Response *empty_response(void)
{
	return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
}

void http_reply_empty(struct http_exchange *x, int status)
{
	reply(x, status, empty_response(), 0);
}

void http_reply_text(struct http_exchange *x, int status, const char *content_type, struct str body)
{
	http_set_header(x, "Content-Type", str_from(content_type));
	/* The library only reads from a buffer it is told to copy; its type does not say so. */
	union {
		const char *borrowed;
		void *given;
	} bytes = { .borrowed = body.p };
	struct MHD_Response *response =
		body.n ? MHD_create_response_from_buffer(body.n, bytes.given, MHD_RESPMEM_MUST_COPY)
		       : empty_response();
	reply(x, status, response, body.n);
}

void http_reply_json(struct http_exchange *x, int status, json_t *body)
{
	char *text = json_dump(body, false);
	json_decref(body);
	http_set_header(x, "Content-Type", STR("application/json"));
	size_t n = strlen(text);
	reply(x, status, MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE), n);
}

static ssize_t no_bytes(void *argument, uint64_t position, char *buffer, size_t max)
{
	(void)argument;
	(void)position;
	(void)buffer;
	(void)max;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

void http_reply_length(struct http_exchange *x, int status, uint64_t n)
{
	CHECK(x->method == HTTP_HEAD);
	reply(x, status,
		n ? MHD_create_response_from_callback(n, 64, no_bytes, NULL, NULL)
		  : empty_response(),
		0);
}

/* The bytes in a buffer of their own, or NULL. */
static char *read_whole(int fd, uint64_t offset, size_t n)
{
	char *bytes = malloc(n);
	CHECK(bytes);
	if (pread(fd, bytes, n, (off_t)offset) == (ssize_t)n)
		return bytes;
	free(bytes);
	return NULL;
}

void http_reply_fd(struct http_exchange *x, int status, int fd, uint64_t offset, uint64_t n)
{
	/* Little is sent together with the head: one call and one packet instead of two. */
	char *bytes = n && n <= HTTP_INLINE_BYTES ? read_whole(fd, offset, (size_t)n) : NULL;
	if (!n || bytes) {
		close(fd);
		reply(x, status,
			bytes ? MHD_create_response_from_buffer(
					(size_t)n, bytes, MHD_RESPMEM_MUST_FREE)
			      : empty_response(),
			n);
		return;
	}
	reply(x, status, MHD_create_response_from_fd_at_offset64(n, fd, offset), n);
}

void http_reply_parts(struct http_exchange *x, int status, int fd, const struct http_part *parts,
	size_t count, struct str tail)
{
	uint64_t n;
	struct MHD_Response *response = http_parts_response(fd, parts, count, tail, &n);
	reply(x, status, response, n);
}
