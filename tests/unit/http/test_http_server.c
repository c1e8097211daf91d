/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server on a real socket: what an answer looks like on the wire, when a sink's functions are
 * called, what a refused, cut or slow body does to its connection, how the server stops, and that
 * each request is one line of the access log.
 */
#include "base/log.h"
#include "base/strbuf.h"
#include "http/http.h"
#include "os/clock.h"

#include "raw_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES = 300000, MEGABYTE = 1 << 20 };

static struct {
	atomic_int begun;
	atomic_int ended;
	atomic_int aborted;
	atomic_ulong bytes;
	atomic_int slow_running;
} seen;

static struct http_server *server;
static uint16_t port;
static int log_fd;

/* --- handlers */

static void hello(struct http_exchange *x)
{
	http_set_header(x, "X-Twice", STR("old"));
	http_set_header(x, "X-Twice", STR("new"));
	http_set_header(x, "X-Forged", STR("a\r\nX-Injected: 1"));
	http_reply_text(x, 200, "text/plain", STR("hello"));
}

static void echo(struct http_exchange *x)
{
	struct str text = arena_printf(http_arena(x), "%s|" STR_FMT "|" STR_FMT "|" STR_FMT,
		http_header(x, "Absent").p ? "?" : "none", STR_ARG(http_header(x, "accept")),
		STR_ARG(http_param(x, "q")), STR_ARG(http_origin(x)));
	http_reply_text(x, 200, "text/plain", text);
}

static void whole(struct http_exchange *x)
{
	struct str text = arena_printf(http_arena(x), "%zu", http_body(x).n);
	http_reply_text(x, 200, "text/plain", text);
}

static void slow(struct http_exchange *x)
{
	atomic_fetch_add(&seen.slow_running, 1);
	usleep(1500000);
	http_reply_text(x, 200, "text/plain", STR("slow"));
}

static void file(struct http_exchange *x)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	assert_int_equal(pwrite(fd, "MARK", 4, 1000), 4);
	if (http_param(x, "part").p)
		http_reply_fd(x, 206, fd, 1000, 4);
	else
		http_reply_fd(x, 200, fd, 0, FILE_BYTES);
}

static void length(struct http_exchange *x)
{
	http_reply_length(x, 200, (uint64_t)5 << 30);
}

static void unchanged(struct http_exchange *x)
{
	http_reply_empty(x, 304);
}

static int sink_begin(struct http_exchange *x)
{
	atomic_fetch_add(&seen.begun, 1);
	if (!str_eq(http_capture(x, "mode"), STR("refuse")))
		return HTTP_ACCEPT;
	http_reply_text(x, 403, "text/plain", STR("refused"));
	return HTTP_REPLIED;
}

static int sink_data(struct http_exchange *x, const void *bytes, size_t n)
{
	(void)bytes;
	atomic_fetch_add(&seen.bytes, n);
	if (!str_eq(http_capture(x, "mode"), STR("full")))
		return HTTP_ACCEPT;
	http_reply_text(x, 507, "text/plain", STR("full"));
	return HTTP_REPLIED;
}

static void sink_end(struct http_exchange *x)
{
	atomic_fetch_add(&seen.ended, 1);
	http_reply_empty(x, 201);
}

static void sink_abort(struct http_exchange *x)
{
	(void)x;
	atomic_fetch_add(&seen.aborted, 1);
}

static const struct http_sink sink = { sink_begin, sink_data, sink_end, sink_abort };

static void fallback(struct http_exchange *x, int status, const char *why)
{
	http_reply_text(x, status, "text/plain", str_from(why));
}

static const struct http_route routes[] = {
	{ .method = HTTP_GET, .pattern = "/hello", .handle = hello },
	{ .method = HTTP_GET, .pattern = "/echo", .handle = echo },
	{ .method = HTTP_GET, .pattern = "/slow", .handle = slow },
	{ .method = HTTP_GET, .pattern = "/file", .handle = file },
	{ .method = HTTP_HEAD, .pattern = "/length", .handle = length },
	{ .method = HTTP_GET, .pattern = "/unchanged", .handle = unchanged },
	{ .method = HTTP_PUT, .pattern = "/whole", .handle = whole },
	{ .method = HTTP_PATCH, .pattern = "/sink/{mode}", .sink = &sink },
};

/* --- the fixture */

static int start(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	log_fd = memfd_create("log", MFD_CLOEXEC);
	/* Without it the kernel does not order writes of several threads to such a file. */
	assert_int_equal(fcntl(log_fd, F_SETFL, O_APPEND), 0);
	log_setup(&(struct log_settings){ .level = LOG_INFO, .fd = log_fd });
	const struct http_listener listener = { .address = "127.0.0.1" };
	struct http_settings settings = {
		.listeners = &listener,
		.listener_count = 1,
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.fallback = fallback,
		.clock = os_clock(),
		.idle_seconds = 1,
	};
	struct err err = ERR_INIT;
	if (http_server_start(&settings, &server, &err)) {
		print_error("%s\n", err_text(&err));
		return -1;
	}
	port = http_server_port(server, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_server_stop(&server, 5);
	close(log_fd);
	return 0;
}

static char log_text[4 << 20];

static const char *read_log(void)
{
	ssize_t n = pread(log_fd, log_text, sizeof(log_text) - 1, 0);
	log_text[n > 0 ? n : 0] = '\0';
	return log_text;
}

static unsigned log_lines(void)
{
	unsigned lines = 0;
	for (const char *p = read_log(); (p = strchr(p, '\n')); p++)
		lines++;
	return lines;
}

/* Waits for what another thread is about to do; fails the test after five seconds. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		int tries_ = 0;                                                                    \
		while (!(condition)) {                                                             \
			assert_true(tries_++ < 500);                                               \
			usleep(10000);                                                             \
		}                                                                                  \
	} while (0)

static struct raw_answer answer;

static int request(int fd, const char *text)
{
	raw_send(fd, text);
	raw_answer(fd, !strncmp(text, "HEAD", 4), &answer);
	return answer.status;
}

/* --- tests */

static void requests_share_a_connection(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	raw_send(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
		     "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
	char first_id[64];
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "hello");
	assert_string_equal(raw_header(&answer, "X-Twice"), "new");
	assert_null(raw_header(&answer, "X-Injected"));
	assert_null(raw_header(&answer, "X-Forged"));
	snprintf(first_id, sizeof(first_id), "%s", raw_header(&answer, "X-Request-Id"));
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_not_equal(raw_header(&answer, "X-Request-Id"), first_id);
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 404);
	EVENTUALLY(log_lines() == 3);
	assert_non_null(strstr(read_log(), first_id));
	assert_non_null(strstr(read_log(), "path=/nothing"));
	close(fd);
}

static void a_head_answer_is_a_get_answer_without_body(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(raw_header(&answer, "Content-Length"), "5");
	assert_int_equal(request(fd, "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(raw_header(&answer, "Content-Length"), "300000");
	assert_int_equal(request(fd, "HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(raw_header(&answer, "Content-Length"), "5368709120");
	assert_int_equal(request(fd, "HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(answer.body, "hello");
	close(fd);
}

static void files_and_parts_of_files_are_sent(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_int_equal(answer.body_bytes, FILE_BYTES);
	assert_int_equal(request(fd, "GET /file?part HTTP/1.1\r\nHost: a\r\n\r\n"), 206);
	assert_string_equal(answer.body, "MARK");
	assert_int_equal(request(fd, "GET /unchanged HTTP/1.1\r\nHost: a\r\n\r\n"), 304);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	close(fd);
}

static void headers_and_parameters_reach_the_handler(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /echo?q=a%2Fb+c HTTP/1.1\r\nHost: reg.example:5000\r\n"
				     "Accept: x/1\r\nAccept: x/2, x/3\r\n\r\n"),
		200);
	assert_string_equal(answer.body, "none|x/1, x/2, x/3|a/b+c|http://reg.example:5000");
	close(fd);
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
	assert_string_equal(raw_header(&answer, "Allow"), "GET, HEAD");
	assert_int_equal(request(fd, "OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
	close(fd);
}

static void ambiguous_requests_are_refused_and_end_the_connection(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		"Content-Length: 6\r\n\r\nhello!",
		"GET /hello HTTP/1.1\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		/* One reader takes such a name for Transfer-Encoding, the other for an unknown. */
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n"
		"Content-Length: 5\r\n\r\n0\r\n\r\n",
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n"
		"Content-Length: 5\r\n\r\n0\r\n\r\n",
		"PATCH /sink/x HTTP/1.1\r\nHost: a\r\nTransfer\vEncoding: chunked\r\n"
		"Content-Length: 5\r\n\r\n0\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = raw_connect(port);
		print_message("# %zu\n", i);
		assert_int_equal(request(fd, bad[i]), 400);
		assert_true(raw_closed(fd));
		close(fd);
	}
	assert_int_equal(seen.begun, 0);
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /hello HTTP/1.0\r\n\r\n"), 200);
	close(fd);
	fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /h%zz HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(request(fd, "GET /hello%00x HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	close(fd);
}

static void bodies_arrive_whole_up_to_the_limit(void **state)
{
	(void)state;
	static char big[5 * MEGABYTE];
	int fd = raw_connect(port);
	raw_send(fd, "PUT /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n");
	raw_send_bytes(fd, big, 4 * MEGABYTE);
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "4194304");
	assert_int_equal(
		request(fd, "PUT /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
			    "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		200);
	assert_string_equal(answer.body, "5");
	/* Announced too large: refused unread, and the answer still arrives. */
	raw_send(fd, "PUT /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5242880\r\n\r\n");
	raw_send_some(fd, big, sizeof(big));
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 413);
	assert_true(raw_closed(fd));
	close(fd);
	/* Not announced: found out on the way. */
	fd = raw_connect(port);
	raw_send(fd,
		"PUT /whole HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n500000\r\n");
	raw_send_bytes(fd, big, sizeof(big));
	raw_send(fd, "\r\n0\r\n\r\n");
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 413);
	close(fd);
}

static void continue_comes_only_after_admission(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "PATCH /sink/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
				     "Expect: 100-continue\r\n\r\n"),
		100);
	assert_int_equal(seen.begun, 1);
	assert_int_equal(request(fd, "data"), 201);
	assert_int_equal(seen.bytes, 4);
	assert_int_equal(request(fd, "PATCH /sink/refuse HTTP/1.1\r\nHost: a\r\n"
				     "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"),
		403);
	assert_string_equal(answer.body, "refused");
	assert_true(raw_closed(fd));
	assert_int_equal(seen.aborted, 0);
	close(fd);
}

static void a_refused_body_does_not_harm_the_answer(void **state)
{
	(void)state;
	static char body[8 * MEGABYTE];
	int fd = raw_connect(port);
	/* Small: read off, and the connection lives on. */
	assert_int_equal(request(fd, "PATCH /sink/refuse HTTP/1.1\r\nHost: a\r\n"
				     "Content-Length: 4\r\n\r\nbody"),
		403);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	/* Large and under way: the connection ends, the answer is not cut off by a reset. */
	raw_send(fd, "PATCH /sink/refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n");
	raw_send_some(fd, body, sizeof(body));
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 403);
	assert_string_equal(answer.body, "refused");
	assert_true(raw_closed(fd));
	assert_int_equal(seen.bytes, 0);
	close(fd);
	/* An answer from the middle: the rest is read off. */
	fd = raw_connect(port);
	raw_send(fd, "PATCH /sink/full HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n");
	raw_send_bytes(fd, body, sizeof(body));
	raw_answer(fd, false, &answer);
	assert_int_equal(answer.status, 507);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_int_equal(seen.aborted, 0);
	assert_int_equal(seen.ended, 0);
	close(fd);
}

static void a_cut_body_aborts_its_sink(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	raw_send(fd, "PATCH /sink/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
	EVENTUALLY(seen.bytes == 4);
	close(fd);
	EVENTUALLY(seen.aborted == 1);
	assert_int_equal(seen.ended, 0);
	EVENTUALLY(log_lines() == 1);
	assert_non_null(strstr(read_log(), "status=499"));
	assert_non_null(strstr(read_log(), "bytes_in=4"));
	/* Stalled instead of cut: the time-out aborts it. */
	fd = raw_connect(port);
	raw_send(fd, "PATCH /sink/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
	assert_true(raw_closed(fd));
	EVENTUALLY(seen.aborted == 2);
	close(fd);
}

static void a_slow_handler_outlives_the_idle_time_out(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(answer.body, "slow");
	/* Idle since: closed after a second, without a log line of its own. */
	assert_true(raw_closed(fd));
	assert_int_equal(log_lines(), 1);
	close(fd);
}

/* However busy a client is with its headers: they must end in twice the idle time. */
static void a_head_that_never_ends_is_cut_off(void **state)
{
	(void)state;
	static const char *const beginnings[] = { "", "GET /hello HTTP/1.1\r\nHost: a\r\nX: " };
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		int fd = raw_connect(port);
		int64_t begun = clock_monotonic(os_clock());
		raw_send(fd, beginnings[i]);
		unsigned sent = 0;
		while (sent < 60 && raw_send_some(fd, "x", 1) == 1) {
			sent++;
			usleep(150000);
		}
		assert_true(sent < 60);
		assert_true(clock_monotonic(os_clock()) - begun >= 1900000);
		close(fd);
	}
	/* A connection that does ask now and then may live for longer than that. */
	int fd = raw_connect(port);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
		usleep(600000);
	}
	close(fd);
}

static void what_the_library_refuses_is_logged_too(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "PUT /whole HTTP/1.1\r\nHost: a\r\n"
				     "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
		400);
	assert_true(raw_closed(fd));
	EVENTUALLY(log_lines() == 1);
	assert_non_null(strstr(read_log(), "status=400"));
	close(fd);
}

/* The library gives up such a request without saying so; it must leave a line and no memory. */
static void too_many_parameters_leave_nothing_behind(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	strbuf_add_cstr(&text, "GET /whole?");
	for (unsigned i = 0; i < 3000; i++)
		strbuf_add_cstr(&text, "a=1&");
	strbuf_add_cstr(&text, "b=1 HTTP/1.1\r\nHost: a\r\n\r\n");
	for (unsigned i = 0; i < 3; i++) {
		int fd = raw_connect(port);
		raw_send(fd, strbuf_cstr(&text));
		assert_true(raw_closed(fd));
		close(fd);
	}
	EVENTUALLY(log_lines() == 3);
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /absent HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
	close(fd);
}

static void *slow_client(void *argument)
{
	int fd = raw_connect(port);
	raw_send(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	raw_answer(fd, false, argument);
	close(fd);
	return NULL;
}

static void stopping_lets_running_requests_finish(void **state)
{
	(void)state;
	static struct raw_answer slow_answer;
	pthread_t thread;
	int idle = raw_connect(port);
	assert_int_equal(request(idle, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_int_equal(pthread_create(&thread, NULL, slow_client, &slow_answer), 0);
	EVENTUALLY(seen.slow_running == 1);
	http_server_stop(&server, 10);
	assert_null(server);
	pthread_join(thread, NULL);
	assert_int_equal(slow_answer.status, 200);
	assert_string_equal(slow_answer.body, "slow");
	assert_string_equal(raw_header(&slow_answer, "Connection"), "close");
	assert_true(raw_closed(idle));
	assert_int_equal(log_lines(), 2);
	close(idle);
}

static void stopping_aborts_what_does_not_finish(void **state)
{
	(void)state;
	int fd = raw_connect(port);
	raw_send(fd, "PATCH /sink/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
	EVENTUALLY(seen.bytes == 4);
	http_server_stop(&server, 0);
	assert_int_equal(seen.aborted, 1);
	close(fd);
}

static void draining_answers_close_their_connections(void **state)
{
	(void)state;
	http_server_drain(server);
	int fd = raw_connect(port);
	assert_int_equal(request(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
	assert_string_equal(raw_header(&answer, "Connection"), "close");
	assert_true(raw_closed(fd));
	close(fd);
}

static void a_busy_port_is_told_in_words(void **state)
{
	(void)state;
	struct http_listener listener = { .address = "127.0.0.1", .port = port };
	struct http_settings settings = { .listeners = &listener,
		.listener_count = 1,
		.routes = routes,
		.route_count = 1,
		.fallback = fallback,
		.clock = os_clock() };
	struct http_server *second = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(http_server_start(&settings, &second, &err), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err_text(&err), "127.0.0.1"));
	listener.address = "192.0.2.1";
	assert_true(http_server_start(&settings, &second, &err) < 0);
	assert_non_null(strstr(err_text(&err), "192.0.2.1"));
	listener.address = "no such address";
	assert_true(http_server_start(&settings, &second, &err) < 0);
}

enum { CLIENTS = 200, REQUESTS = 10 };

static void *busy_client(void *argument)
{
	atomic_int *good = argument;
	struct raw_answer *mine = malloc(sizeof(*mine));
	int fd = raw_connect(port);
	for (int i = 0; i < REQUESTS; i++) {
		raw_send(fd, "PATCH /sink/ok HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
		raw_answer(fd, false, mine);
		if (mine->status == 201)
			atomic_fetch_add(good, 1);
	}
	close(fd);
	free(mine);
	return NULL;
}

static void two_hundred_connections_work_side_by_side(void **state)
{
	(void)state;
	static pthread_t threads[CLIENTS];
	atomic_int good = 0;
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, busy_client, &good), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(good, CLIENTS * REQUESTS);
	assert_int_equal(seen.ended, CLIENTS * REQUESTS);
	assert_int_equal(seen.bytes, 3 * CLIENTS * REQUESTS);
	EVENTUALLY(log_lines() == CLIENTS * REQUESTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_share_a_connection),
		TEST(a_head_answer_is_a_get_answer_without_body),
		TEST(files_and_parts_of_files_are_sent),
		TEST(headers_and_parameters_reach_the_handler),
		TEST(a_wrong_method_is_told_the_right_ones),
		TEST(ambiguous_requests_are_refused_and_end_the_connection),
		TEST(bodies_arrive_whole_up_to_the_limit),
		TEST(continue_comes_only_after_admission),
		TEST(a_refused_body_does_not_harm_the_answer),
		TEST(a_cut_body_aborts_its_sink),
		TEST(a_slow_handler_outlives_the_idle_time_out),
		TEST(a_head_that_never_ends_is_cut_off),
		TEST(what_the_library_refuses_is_logged_too),
		TEST(too_many_parameters_leave_nothing_behind),
		TEST(stopping_lets_running_requests_finish),
		TEST(stopping_aborts_what_does_not_finish),
		TEST(draining_answers_close_their_connections),
		TEST(a_busy_port_is_told_in_words),
		TEST(two_hundred_connections_work_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
