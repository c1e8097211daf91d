/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server side of HTTP. Nothing above this folder knows libmicrohttpd. A handler is
 * straight-line blocking code: it runs once per request on the connection's own thread and ends by
 * calling exactly one http_reply_*() function. Routes are matched on the raw request target,
 * segment by segment, and each captured part is percent-decoded on its own ("%2F" never separates,
 * "+" stays a plus, "%00" and broken escapes are refused with 400).
 *
 * Route pattern: "/v2/{name*}/blobs/{digest}": {x} captures one segment, {x*} one or more segments
 * (matched from the right, at most one per pattern). Literal segments compare exactly, or without
 * regard to case when the route says HTTP_NOCASE (Azure paths).
 *
 * Bodies: without a sink the body (at most LIMIT_BODY_BYTES, else 413) is there whole when the
 * handler runs. A route with a sink gets the bytes as they arrive: begin (authorization, name,
 * quota; runs before "100 Continue"; may reply, then the body is refused unread), data …, end
 * (replies), or abort when the client went away or the server stops. Exactly one of these closes a
 * begun sink: a reply (from begin, data or end) or abort.
 *
 * What an answer costs on the wire is kept right for every handler: a refused body is either read
 * and dropped (small) or ends the connection without cutting off the answer, HEAD never has a body,
 * each request is one line of the access log. While the server drains, answers close their
 * connections.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "http/forwarded.h"

struct http_exchange; /* one request and its answer */
struct http_server;
struct http_tls;

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_METHOD_COUNT
};
struct str http_method_name(enum http_method method);

struct http_sink {
	int (*begin)(struct http_exchange *x); /* HTTP_ACCEPT or HTTP_REPLIED */
	int (*data)(struct http_exchange *x, const void *bytes, size_t n); /* the same */
	void (*end)(struct http_exchange *x);				   /* must reply */
	void (*abort)(struct http_exchange *x);				   /* no reply possible */
};
enum { HTTP_ACCEPT = 0, HTTP_REPLIED = 1 };

enum http_route_flags {
	HTTP_NOCASE = 1,
	HTTP_UNLIMITED = 2, /* served however busy the server is: for probes */
};

struct http_route {
	enum http_method method; /* GET routes answer HEAD too unless a HEAD route exists */
	const char *pattern;
	const char *permission; /* name of the permission it needs; for docs and auth */
	void (*handle)(struct http_exchange *x); /* NULL when there is a sink */
	const struct http_sink *sink;
	unsigned flags;
	const char *doc;
};

struct http_listener {
	const char *address;  /* "127.0.0.1", "::1", "0.0.0.0" … */
	uint16_t port;	      /* 0: any free one, see http_server_port */
	struct http_tls *tls; /* NULL: plain HTTP; must outlive the server */
};

/* What is taken at a time, by all and by one client (an IPv4 address, or the /64 of an IPv6 one; a
 * trusted proxy is none, but those it speaks for are). 0: no limit. Over one: 429 with Retry-After.
 */
struct http_limits {
	unsigned connections; /* 0: 10,000, or half of the descriptors this process may have */
	unsigned client_connections;
	unsigned requests; /* being served */
	unsigned client_requests;
	unsigned uploads; /* requests whose sink is open */
	unsigned client_uploads;
	unsigned client_rate;  /* requests per second */
	unsigned client_burst; /* requests that may come at once; at least client_rate */
	unsigned body_rate;    /* bytes per second; below it, after body_grace_seconds, a body or */
	unsigned body_grace_seconds; /* the taking of an answer ends with its connection; 0: 128 */
				     /* bytes after 120 seconds */
};

enum { HTTP_LISTENERS_MAX = 16 };

struct http_settings {
	const struct http_listener *listeners;
	size_t listener_count; /* at most HTTP_LISTENERS_MAX */
	const struct http_route *routes;
	size_t route_count;
	/*
	 * No route (404), wrong method (405, Allow is set), broken target or framing (400), body
	 * over the limit (413), target too long (414), a client over its limits (429, Retry-After
	 * is set), headers over the limit (431): answers in the surface's format. why is one
	 * lower-case sentence without full stop. When the target itself is broken http_path() is
	 * what could be read.
	 */
	void (*fallback)(struct http_exchange *x, int status, const char *why);
	void *context; /* what http_context() returns */
	const struct clock *clock;
	struct http_limits limits;
	unsigned idle_seconds; /* keep-alive and stalled-body time-out; 0: 75 */
	/* Proxies whose word about the client, scheme, host and prefix is believed. */
	struct http_networks trusted;
	enum http_forwarded_headers forwarded;
	/* How clients reach this server, "https://registry.example.org/prefix" without final slash;
	 * NULL: as the request says. */
	const char *external_url;
};

/* -EADDRINUSE with words that name the address when the port is busy. */
int http_server_start(const struct http_settings *settings, struct http_server **server,
	struct err *err) MUST_CHECK;
uint16_t http_server_port(const struct http_server *server, size_t listener);
/* Announces a stop: answers close their connections and http_draining() is true; still accepts. */
void http_server_drain(struct http_server *server);
/* Stops accepting, lets running requests finish for at most grace_seconds, then closes. Nulls
 * *server. */
void http_server_stop(struct http_server **server, unsigned grace_seconds);

/* --- the request; text is borrowed from the exchange's arena */
void *http_context(const struct http_exchange *x);
struct arena *http_arena(struct http_exchange *x);		     /* ends with the request */
enum http_method http_request_method(const struct http_exchange *x); /* HTTP_HEAD stays HTTP_HEAD */
struct str http_request_id(const struct http_exchange *x); /* also in the answer as X-Request-Id */
struct str http_path(const struct http_exchange *x);	   /* raw, without query */
struct str http_query(const struct http_exchange *x);	   /* raw, without "?"; STR_NULL: none */
struct str http_capture(
	const struct http_exchange *x, const char *name); /* decoded; STR_NULL: none */
/* First query parameter of that name, percent-decoded ('+' stays), STR_NULL: none. "?name" and
 * "?name=" give the empty text. */
struct str http_param(struct http_exchange *x, const char *name);
/* Number n, from 0, of the parameters of that name. */
struct str http_param_nth(struct http_exchange *x, const char *name, size_t n);
/* Header value; repeated lines joined with ", "; STR_NULL: none. */
struct str http_header(struct http_exchange *x, const char *name);
struct str http_body(const struct http_exchange *x);		      /* routes without sink */
bool http_content_length(const struct http_exchange *x, uint64_t *n); /* false: chunked or none */
bool http_draining(const struct http_exchange *x); /* the server is about to stop */
/* The client's address without port, as a trusted proxy says, else that of the connection. */
struct str http_remote(struct http_exchange *x);
/* "https://host:port" as clients address us: the external URL's, what a trusted proxy says, or the
 * connection's scheme and the Host header. */
struct str http_origin(struct http_exchange *x);
/* A path of ours as a reference for clients (Location, Link): with the external URL before it where
 * there is one, else as an absolute path, behind the prefix a trusted proxy took off. */
struct str http_link(struct http_exchange *x, struct str path);
/* The same as an absolute URL in any case. */
struct str http_absolute(struct http_exchange *x, struct str path);

/* State that begin/handle leaves for the later calls of the same exchange. */
void http_set_state(struct http_exchange *x, void *state);
void *http_state(const struct http_exchange *x);

/* --- the answer; headers first, then one reply */
/* Replaces. A value with control characters is dropped: it could forge further headers. */
void http_set_header(struct http_exchange *x, const char *name, struct str value);
void http_add_header(
	struct http_exchange *x, const char *name, struct str value); /* one more line */
void http_reply_empty(struct http_exchange *x, int status);
/* Copies body. For HEAD only its length is sent. */
void http_reply_text(
	struct http_exchange *x, int status, const char *content_type, struct str body);
void http_reply_json(struct http_exchange *x, int status, json_t *body); /* takes the reference */
/* The answer to HEAD that a GET with a body of n bytes would have; only for HEAD requests. */
void http_reply_length(struct http_exchange *x, int status, uint64_t n);
/* Sends n bytes of fd from offset (sendfile); takes the descriptor. */
void http_reply_fd(struct http_exchange *x, int status, int fd, uint64_t offset, uint64_t n);
struct http_part {
	struct str head; /* goes before the bytes */
	uint64_t offset;
	uint64_t n;
};
/* Sends the parts, all from one descriptor, and then tail. Copies the text; takes the descriptor.
 */
void http_reply_parts(struct http_exchange *x, int status, int fd, const struct http_part *parts,
	size_t count, struct str tail);
bool http_replied(const struct http_exchange *x);

#endif
