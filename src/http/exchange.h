/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this folder's files share about one request and its server. Not for other folders.
 *
 * An exchange is made when the request line has been read and ends in the library's completion
 * call; both, and everything between, run on the connection's own thread.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/strbuf.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "http/clients.h"
#include "http/deadline.h"
#include "http/http.h"
#include "http/route.h"
#include "os/thread.h"

#include <microhttpd.h>
#include <stdatomic.h>

/* One listening socket and the library's daemon behind it. */
struct http_gate {
	struct http_server *server;
	struct http_tls *tls; /* NULL: plain */
	struct MHD_Daemon *daemon;
	int fd; /* owned; closed after the daemon has stopped */
	uint16_t port;
};

struct http_server {
	struct http_settings settings;
	struct http_table *table;
	struct http_deadline *deadline;
	struct http_clients *clients;
	struct http_gate gates[HTTP_LISTENERS_MAX];
	size_t gate_count;
	unsigned idle_seconds;
	atomic_bool draining;
	struct lock lock;
	struct lock_cond quiet; /* running became 0 */
	size_t running;		/* under lock: requests whose headers were read, not yet answered */
};

enum http_stage {
	HTTP_STAGE_HEAD, /* the headers have not been looked at */
	HTTP_STAGE_BODY, /* admitted or refused; the body arrives */
	HTTP_STAGE_DONE, /* an answer is queued */
};

/*
 * What belongs to a connection. The library reads the target, asks for an exchange, and may then
 * refuse the request (too many parameters, headers that do not fit) without ever saying that it is
 * over; so the connection remembers the exchange, and it ends with the next one or with itself.
 */
struct http_connection {
	struct http_gate *gate;
	struct http_line *line;
	int fd;
	struct http_address peer;
	bool trusted;		/* the peer is a proxy whose word is believed */
	const char *over_limit; /* why its requests are refused; NULL: they are not */
	unsigned retry_seconds;
	struct http_exchange *exchange; /* NULL between requests */
};

struct http_header_line {
	const char *name;
	const char *value;
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_connection *own;
	struct arena *arena; /* the exchange itself lives in it */
	enum http_stage stage;
	int64_t started_us;
	char id[UUID_TEXT];

	struct str raw_target;
	struct str method_text;
	enum http_method method; /* HTTP_METHOD_COUNT: one we have no name for */
	struct http_target target;
	struct http_match match;
	bool has_length; /* Content-Length is there; otherwise chunked or no body */
	uint64_t length;
	bool has_body;
	uint64_t received;  /* body bytes */
	struct strbuf body; /* routes without sink */
	bool sink_open;	    /* begin accepted; neither replied nor aborted since */
	bool counted;	    /* in server->running */
	bool has_request;   /* it holds a share of each */
	bool has_upload;
	bool spoken_for;		 /* a proxy named somebody as the client */
	struct http_forwarded forwarded; /* client: the peer, or whom a trusted proxy named */
	void *state;

	VEC(struct http_header_line) headers; /* in the arena */
	struct MHD_Response *response;	      /* until it is queued */
	bool replied;
	int status;
	uint64_t answer_bytes;
	bool closing; /* the connection must not serve another request */
	bool linger;  /* the client may still be sending: read it off before closing */
};

/* parts.c: an answer of several parts (http_reply_parts) and its length. */
struct MHD_Response *http_parts_response(
	int fd, const struct http_part *parts, size_t count, struct str tail, uint64_t *length);

/* exchange.c */
struct http_exchange *http_exchange_new(struct http_server *server,
	struct MHD_Connection *connection, struct http_connection *own, struct str raw_target);
void http_exchange_free(struct http_exchange *x);

/* admit.c: reads the headers, finds the route, opens the sink; may leave a reply. */
void http_admit(struct http_exchange *x, const char *method, const char *version);

/* Gives back what the request holds of its client's share; any number of times. */
void http_give_shares(struct http_exchange *x);

/* access_log.c: complete: the answer went out whole. */
void http_log_request(struct http_exchange *x, bool complete);

/* listen.c */
int http_listen(
	const char *address, uint16_t port, int *fd, uint16_t *bound, struct err *err) MUST_CHECK;

/* limits of this folder */
enum {
	/* A refused body up to this size is read and dropped, so that the connection lives on. */
	HTTP_DISCARD_SMALL = 64 * 1024,
	/* Longest request target; clients and proxies commonly stop at the same. */
	HTTP_TARGET_BYTES = 8 * 1024,
	/* Header lines of one request, together; a bearer token for many repositories has some 4
	 * kB. The library's own limit, which it answers itself, is a little below HTTP_POOL_BYTES.
	 */
	HTTP_HEADER_BYTES = 16 * 1024,
	HTTP_HEADER_LINES = 100,
	/* Memory of one request besides its body: headers are at most HTTP_POOL_BYTES. */
	HTTP_ARENA_BYTES = 4 << 20,
	/* Bytes of a file up to this many are copied into the answer instead of sent from the file.
	 */
	HTTP_INLINE_BYTES = 32 * 1024,
	/* Read buffer and headers of one connection; resident while it is idle. */
	HTTP_POOL_BYTES = 32 * 1024,
};

#endif
