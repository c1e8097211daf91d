/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adapter to libmicrohttpd: the only file that knows its calling rules.
 *
 * For one request the library calls, on the connection's thread: target_read (request line read),
 * on_request with no bytes (headers read; when that returns without a queued answer it sends "100
 * Continue" if asked to), on_request with bytes as often as some arrive, on_request with no bytes
 * again (body complete), on_completed (answer sent, or connection lost). An answer may be queued
 * only in the first and in the last on_request; queued in the first it ends the connection. So:
 *   - a refusal of a body that is small and already under way: the body is read and dropped, the
 *     answer is queued at the end, the connection lives on;
 *   - a refusal of any other body: the answer is queued at once, and on_completed reads off what
 *     the client is still sending, because closing a socket with unread bytes in it resets the
 *     connection and the client may lose the answer;
 *   - an answer from the middle of a body (storage is full): the rest is read and dropped.
 *
 * The library's time-out counts while a handler works, so it is switched off for that time.
 */
#include "base/limits.h"
#include "base/metrics.h"
#include "http/exchange.h"
#include "http/tls_daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DEFAULT_CONNECTIONS = 10000,
	DEFAULT_IDLE_SECONDS = 75,
	LINGER_MS = 2000,
	/* A head must be complete within so many times the idle time: a client may use up that time
	 * before it begins. */
	HEAD_IDLE_TIMES = 2,
	STACK_BYTES = 1 << 20,
	/* Slowest body and slowest taking of an answer: below this rate, after a period of grace, a
	 * connection only serves to occupy a thread. */
	DEFAULT_RATE = 128,
	DEFAULT_RATE_GRACE_S = 120,
	/* The library's own limit of connections only keeps descriptors free; ours comes before it,
	 * so it leaves room for those that are told why not. */
	LIBRARY_CONNECTIONS_MORE = 2,
};
/* How much of a body is read on after its answer is already decided. */
static const uint64_t DISCARD_MAX = (uint64_t)1 << 30;

static void running_changed(struct http_server *server, bool up)
{
	lock_take(&server->lock);
	server->running += up ? 1 : (size_t)-1;
	if (!server->running)
		lock_cond_broadcast(&server->quiet);
	lock_release(&server->lock);
}

static struct http_connection *connection_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

static void drop_exchange(struct http_connection *own)
{
	if (!own->exchange)
		return;
	http_log_request(own->exchange, false);
	http_exchange_free(own->exchange);
	own->exchange = NULL;
}

static void *target_read(void *argument, const char *uri, struct MHD_Connection *connection)
{
	struct http_gate *gate = argument;
	struct http_connection *own = connection_of(connection);
	CHECK(own);
	drop_exchange(own);
	struct http_exchange *x = http_exchange_new(gate->server, connection, own, str_from(uri));
	own->exchange = x;
	return x;
}

static void set_timeout(struct http_exchange *x, unsigned seconds)
{
	MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

static enum MHD_Result queue_answer(struct http_exchange *x)
{
	if (x->closing || atomic_load(&x->server->draining))
		MHD_add_response_header(x->response, "Connection", "close");
	x->stage = HTTP_STAGE_DONE;
	http_line_now(x->server->deadline, x->own->line, HTTP_LINE_ANSWER);
	enum MHD_Result queued =
		MHD_queue_response(x->connection, (unsigned)x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return queued;
}

static struct http_connection *connection_open(
	struct http_gate *gate, struct MHD_Connection *connection)
{
	struct http_server *server = gate->server;
	struct http_connection *own = calloc(1, sizeof(*own));
	CHECK(own);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	CHECK(info);
	own->gate = gate;
	own->fd = info->connect_fd;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	(void)http_address_from(info ? info->client_addr : NULL, &own->peer);
	own->trusted = http_networks_hold(&server->settings.trusted, &own->peer);
	own->over_limit = http_clients_take(server->clients, HTTP_SHARE_CONNECTION, &own->peer,
		own->trusted, &own->retry_seconds);
	own->line = http_line_open(server->deadline, own->fd);
	metric_move(M_HTTP_CONNECTIONS, 1);
	return own;
}

static void connection_close(struct http_connection *own)
{
	struct http_server *server = own->gate->server;
	metric_move(M_HTTP_CONNECTIONS, -1);
	drop_exchange(own);
	http_line_close(server->deadline, own->line);
	http_clients_give(server->clients, HTTP_SHARE_CONNECTION, &own->peer, own->trusted);
	free(own);
}

static void on_connection(void *argument, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = connection_open(argument, connection);
	} else if (*socket_context) {
		connection_close(*socket_context);
		*socket_context = NULL;
	}
}

/* Asked before a connection gets anything of ours. */
static enum MHD_Result on_accept(void *argument, const struct sockaddr *from, socklen_t size)
{
	(void)size;
	const struct http_gate *gate = argument;
	struct http_address peer;
	(void)http_address_from(from, &peer);
	bool proxy = http_networks_hold(&gate->server->settings.trusted, &peer);
	return http_clients_welcome(gate->server->clients, &peer, proxy) ? MHD_YES : MHD_NO;
}

static enum MHD_Result headers_read(
	struct http_exchange *x, const char *method, const char *version)
{
	http_line_now(x->server->deadline, x->own->line, HTTP_LINE_WORK);
	running_changed(x->server, true);
	x->counted = true;
	x->stage = HTTP_STAGE_BODY;
	set_timeout(x, 0);
	http_admit(x, method, version);
	set_timeout(x, x->server->idle_seconds);
	if (!x->replied)
		return MHD_YES;
	if (x->has_body && !x->closing) {
		bool waits = http_header(x, "Expect").p != NULL;
		bool small = x->has_length && x->length <= HTTP_DISCARD_SMALL;
		if (small && !waits)
			return MHD_YES;
		x->closing = true;
		x->linger = !waits;
	}
	return x->closing ? queue_answer(x) : MHD_YES;
}

static void collect_body(struct http_exchange *x, const char *bytes, size_t n)
{
	if (x->body.n + n <= LIMIT_BODY_BYTES) {
		strbuf_add(&x->body, bytes, n);
		return;
	}
	strbuf_free(&x->body);
	x->server->settings.fallback(
		x, 413, "the request body is larger than this address accepts");
	CHECK(x->replied);
}

static bool body_too_slow(const struct http_exchange *x)
{
	int64_t seconds = (clock_monotonic(x->server->settings.clock) - x->started_us) / 1000000;
	const struct http_limits *limits = &x->server->settings.limits;
	if (seconds <= limits->body_grace_seconds)
		return false;
	return x->received / limits->body_rate < (uint64_t)(seconds - limits->body_grace_seconds);
}

static enum MHD_Result body_read(struct http_exchange *x, const char *bytes, size_t n)
{
	x->received += n;
	if (body_too_slow(x))
		return MHD_NO;
	if (x->replied)
		return x->received > DISCARD_MAX ? MHD_NO : MHD_YES;
	const struct http_sink *sink = x->match.route->sink;
	if (!sink) {
		collect_body(x, bytes, n);
		return MHD_YES;
	}
	set_timeout(x, 0);
	int verdict = sink->data(x, bytes, n);
	set_timeout(x, x->server->idle_seconds);
	CHECK((verdict == HTTP_REPLIED) == x->replied);
	return MHD_YES;
}

static enum MHD_Result body_complete(struct http_exchange *x)
{
	if (!x->replied) {
		const struct http_route *route = x->match.route;
		set_timeout(x, 0);
		if (route->sink)
			route->sink->end(x);
		else
			route->handle(x);
		set_timeout(x, x->server->idle_seconds);
		CHECK(x->replied);
	}
	return queue_answer(x);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *bytes, size_t *n,
	void **request)
{
	(void)argument;
	(void)connection;
	(void)url;
	struct http_exchange *x = *request;
	if (x->stage == HTTP_STAGE_HEAD)
		return headers_read(x, method, version);
	if (!*n)
		return body_complete(x);
	size_t count = *n;
	*n = 0;
	return body_read(x, bytes, count);
}

/* Says "no more from us" and reads off what the client sends until it stops. */
static void linger(const struct http_exchange *x)
{
	int fd = x->own->fd;
	const struct clock *clock = x->server->settings.clock;
	int64_t until = clock_monotonic(clock) + LINGER_MS * (int64_t)1000;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (x->own->gate->tls && info && info->tls_session)
		(void)gnutls_bye(info->tls_session, GNUTLS_SHUT_WR);
	shutdown(fd, SHUT_WR);
	char dropped[16384];
	for (;;) {
		int64_t left = until - clock_monotonic(clock);
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		if (left <= 0 || poll(&wait, 1, (int)(left / 1000) + 1) <= 0)
			return;
		if (recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT) <= 0)
			return;
	}
}

static void on_completed(void *argument, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode code)
{
	(void)connection;
	struct http_gate *gate = argument;
	struct http_server *server = gate->server;
	struct http_exchange *x = *request;
	if (!x)
		return;
	*request = NULL;
	bool complete = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
	if (x->sink_open) {
		x->sink_open = false;
		x->match.route->sink->abort(x);
	}
	http_log_request(x, complete);
	if (complete && x->linger)
		linger(x);
	bool counted = x->counted;
	struct http_connection *own = x->own;
	own->exchange = NULL;
	http_exchange_free(x);
	http_line_now(server->deadline, own->line, HTTP_LINE_HEAD);
	if (counted)
		running_changed(server, false);
}

static unsigned default_connections(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == RLIM_INFINITY)
		return DEFAULT_CONNECTIONS;
	/* A connection may hold a file, too. */
	rlim_t half = files.rlim_cur / 2;
	return half < DEFAULT_CONNECTIONS ? (unsigned)half : DEFAULT_CONNECTIONS;
}

/* The certificate of one handshake, on the connection's thread. */
static int on_handshake(gnutls_session_t session, const struct gnutls_cert_retr_st *asked,
	gnutls_pcert_st **chain, unsigned *chain_count, gnutls_ocsp_data_st **ocsp,
	unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
	(void)asked;
	/* The library puts its connection there before it begins the handshake. */
	struct MHD_Connection *connection = gnutls_session_get_ptr(session);
	const struct http_connection *own = connection ? connection_of(connection) : NULL;
	if (!own)
		return -1;
	http_tls_current(own->gate->tls, chain, chain_count, key);
	*ocsp = NULL;
	*ocsp_count = 0;
	*flags = 0; /* all of it stays ours */
	return 0;
}

static struct MHD_Daemon *start_daemon(struct http_gate *gate, const char *address)
{
	struct http_server *server = gate->server;
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
			 MHD_USE_POLL | MHD_USE_ITC;
	if (strchr(address, ':'))
		flags |= MHD_USE_IPv6;
	if (gate->tls)
		flags |= MHD_USE_TLS;
	/* The options end before those of TLS where it is not wanted. The library does not take the
	 * first of these in an array of options. */
	enum MHD_OPTION tls = gate->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END;
	unsigned connections = server->settings.limits.connections;
	/* The library's threads inherit the mask: signals belong to the program's own threads. */
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct MHD_Daemon *daemon = MHD_start_daemon(flags, gate->port, on_accept, gate, on_request,
		gate, MHD_OPTION_LISTEN_SOCKET, gate->fd, MHD_OPTION_URI_LOG_CALLBACK, target_read,
		gate, MHD_OPTION_NOTIFY_COMPLETED, on_completed, gate, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, gate, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, LIBRARY_CONNECTIONS_MORE * connections,
		MHD_OPTION_CONNECTION_TIMEOUT, server->idle_seconds, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)STACK_BYTES, tls, on_handshake, MHD_OPTION_HTTPS_PRIORITIES,
		HTTP_TLS_PRIORITIES, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static void server_free(struct http_server *server)
{
	http_deadline_stop(&server->deadline);
	for (size_t i = 0; i < server->gate_count; i++)
		if (server->gates[i].fd >= 0)
			close(server->gates[i].fd);
	http_clients_free(&server->clients);
	http_table_free(&server->table);
	lock_cond_destroy(&server->quiet);
	lock_destroy(&server->lock);
	free(server);
}

static struct http_server *server_new(const struct http_settings *settings)
{
	CHECK(settings->listener_count && settings->listener_count <= HTTP_LISTENERS_MAX);
	struct http_server *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->settings = *settings;
	struct http_limits *limits = &made->settings.limits;
	if (!limits->connections)
		limits->connections = default_connections();
	if (!limits->body_rate) {
		limits->body_rate = DEFAULT_RATE;
		limits->body_grace_seconds = DEFAULT_RATE_GRACE_S;
	}
	made->idle_seconds = settings->idle_seconds ? settings->idle_seconds : DEFAULT_IDLE_SECONDS;
	lock_init(&made->lock, LOCK_HTTP_SERVER);
	lock_cond_init(&made->quiet);
	made->table = http_table_new(settings->routes, settings->route_count);
	made->clients = http_clients_new(limits, settings->clock);
	return made;
}

/* All sockets before the first daemon: what cannot be bound is known before a request is served. */
static int open_sockets(struct http_server *server, struct err *err)
{
	for (size_t i = 0; i < server->settings.listener_count; i++) {
		const struct http_listener *listener = &server->settings.listeners[i];
		struct http_gate *gate = &server->gates[i];
		gate->server = server;
		gate->tls = listener->tls;
		gate->fd = -1;
		server->gate_count++;
		int result =
			http_listen(listener->address, listener->port, &gate->fd, &gate->port, err);
		if (result < 0)
			return err_trace(err, result);
	}
	return 0;
}

static int start_gates(struct http_server *server, struct err *err)
{
	for (size_t i = 0; i < server->gate_count; i++) {
		struct http_gate *gate = &server->gates[i];
		const char *address = server->settings.listeners[i].address;
		gate->daemon = start_daemon(gate, address);
		if (!gate->daemon)
			return err_set(err, errno ? errno : EIO,
				"cannot start the HTTP server on %s port %u", address,
				(unsigned)gate->port);
	}
	return 0;
}

static void stop_gates(struct http_server *server)
{
	for (size_t i = 0; i < server->gate_count; i++)
		if (server->gates[i].daemon)
			MHD_stop_daemon(server->gates[i].daemon);
}

int http_server_start(
	const struct http_settings *settings, struct http_server **server, struct err *err)
{
	struct http_server *made = server_new(settings);
	int result = open_sockets(made, err);
	if (!result)
		result = http_deadline_start(settings->clock, HEAD_IDLE_TIMES * made->idle_seconds,
			&made->settings.limits, &made->deadline, err);
	if (!result)
		result = start_gates(made, err);
	if (result < 0) {
		stop_gates(made);
		server_free(made);
		return err_trace(err, result);
	}
	*server = made;
	return 0;
}

uint16_t http_server_port(const struct http_server *server, size_t listener)
{
	CHECK(listener < server->gate_count);
	return server->gates[listener].port;
}

void http_server_drain(struct http_server *server)
{
	atomic_store(&server->draining, true);
}

void http_server_stop(struct http_server **server, unsigned grace_seconds)
{
	struct http_server *s = *server;
	if (!s)
		return;
	*server = NULL;
	http_server_drain(s);
	for (size_t i = 0; i < s->gate_count; i++)
		MHD_quiesce_daemon(s->gates[i].daemon);
	const struct clock *clock = s->settings.clock;
	int64_t until = clock_monotonic(clock) + (int64_t)grace_seconds * 1000000;
	lock_take(&s->lock);
	while (s->running) {
		int64_t left = until - clock_monotonic(clock);
		if (left <= 0 || !lock_cond_wait_us(&s->quiet, &s->lock, left))
			break;
	}
	lock_release(&s->lock);
	stop_gates(s);
	server_free(s);
}
