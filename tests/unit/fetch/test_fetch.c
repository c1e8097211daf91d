/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbound HTTP against a little server of our own that answers with prepared bytes: sizes,
 * redirects, stalls, lost connections, and the words each failure has.
 */
#include "fetch/fetch.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct {
	int listener;
	uint16_t port;
	pthread_t thread;
	char request[8192]; /* the last one: read by tests after their call returned */
} peer;

static void answer(int fd, const char *path)
{
	static const struct {
		const char *path;
		const char *bytes;
	} answers[] = {
		{ "/hello", "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: "
			    "5\r\n\r\nhello" },
		{ "/away", "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n" },
		{ "/round", "HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n" },
		{ "/file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
			   "Content-Length: 0\r\n\r\n" },
		{ "/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
		{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf" },
	};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (!strcmp(path, answers[i].path))
			send(fd, answers[i].bytes, strlen(answers[i].bytes), MSG_NOSIGNAL);
	if (!strcmp(path, "/stall"))
		recv(fd, &(char){ 0 }, 1, 0); /* until the client gives up */
}

static bool whole_request(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strstr(text, "Content-Length: ");
	if (!end)
		return false;
	return !length || strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static void *serve(void *unused)
{
	(void)unused;
	int fd;
	while ((fd = accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		size_t n = 0;
		ssize_t k;
		peer.request[0] = '\0';
		while (!whole_request(peer.request) &&
			(k = recv(fd, peer.request + n, sizeof(peer.request) - 1 - n, 0)) > 0)
			peer.request[n += (size_t)k] = '\0';
		char path[64] = "";
		sscanf(peer.request, "%*s %63s", path);
		answer(fd, path);
		close(fd);
	}
	return NULL;
}

static int start(void **state)
{
	(void)state;
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof(address);
	peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(peer.listener, (struct sockaddr *)&address, size) || listen(peer.listener, 16) ||
		getsockname(peer.listener, (struct sockaddr *)&address, &size))
		return -1;
	peer.port = ntohs(address.sin_port);
	return pthread_create(&peer.thread, NULL, serve, NULL);
}

static int stop(void **state)
{
	(void)state;
	shutdown(peer.listener, SHUT_RDWR);
	pthread_join(peer.thread, NULL);
	return close(peer.listener);
}

static const char *url(const char *path)
{
	static char text[128];
	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", (unsigned)peer.port, path);
	return text;
}

static struct err err;
static struct fetch_response response;

static int run(struct arena *arena, const char *path)
{
	struct fetch_request request = { .url = url(path), .max_bytes = 1000, .stall_seconds = 1 };
	err = ERR_INIT;
	return fetch_run(&request, arena, &response, &err);
}

static void an_answer_is_status_type_and_body(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	assert_int_equal(run(arena, "/hello"), 0);
	assert_int_equal(response.status, 200);
	assert_true(str_eq(response.body, STR("hello")));
	assert_true(str_eq(response.content_type, STR("text/x")));
	assert_non_null(strstr(peer.request, "User-Agent: lazaret/"));
	assert_int_equal(run(arena, "/missing"), 0);
	assert_int_equal(response.status, 404);
	assert_true(str_eq(response.body, STR("gone")));
	arena_free(&arena);
}

static void bodies_and_methods_are_sent(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct fetch_request request = { .url = url("/hello"),
		.max_bytes = 100,
		.method = "PATCH",
		.body = STR("{\"a\":1}"),
		.content_type = "application/json" };
	assert_int_equal(fetch_run(&request, arena, &response, &err), 0);
	assert_memory_equal(peer.request, "PATCH /hello", 12);
	assert_non_null(strstr(peer.request, "Content-Type: application/json"));
	assert_non_null(strstr(peer.request, "\r\n\r\n{\"a\":1}"));
	arena_free(&arena);
}

static void redirects_are_followed_but_not_for_ever_nor_to_files(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	assert_int_equal(run(arena, "/away"), 0);
	assert_true(str_eq(response.body, STR("hello")));
	assert_int_equal(run(arena, "/round"), -ELOOP);
	assert_int_equal(run(arena, "/file"), -EINVAL);
	arena_free(&arena);
}

static void failures_say_what_and_where(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	assert_true(run(arena, "/cut") < 0);
	assert_non_null(strstr(err_text(&err), "/cut"));
	assert_non_null(strstr(err_text(&err), "lost"));
	assert_int_equal(run(arena, "/stall"), -ETIMEDOUT);
	struct fetch_request small = { .url = url("/hello"), .max_bytes = 4 };
	assert_int_equal(fetch_run(&small, arena, &response, &err), -E2BIG);
	assert_non_null(strstr(err_text(&err), "larger than 4 bytes"));
	struct fetch_request nobody = { .url = "http://127.0.0.1:1/", .max_bytes = 4 };
	assert_int_equal(fetch_run(&nobody, arena, &response, &err), -ECONNREFUSED);
	assert_non_null(strstr(err_text(&err), "http://127.0.0.1:1/"));
	struct fetch_request scheme = { .url = "file:///etc/passwd", .max_bytes = 4 };
	assert_int_equal(fetch_run(&scheme, arena, &response, &err), -EINVAL);
	arena_free(&arena);
}

static void note_progress(void *context, uint64_t done, uint64_t total)
{
	uint64_t *most = context;
	if (done > *most)
		*most = done;
	assert_true(total == 5 || total == 0);
}

static void downloads_go_to_a_file_only_when_wanted(void **state)
{
	(void)state;
	AUTO_CLOSE int fd = memfd_create("download", MFD_CLOEXEC);
	struct fetch_request request = { .url = url("/hello"), .max_bytes = 100 };
	uint64_t most = 0;
	long status = 0;
	assert_int_equal(fetch_to_fd(&request, fd, &status, note_progress, &most, &err), 0);
	assert_int_equal(status, 200);
	assert_true(most == 5);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	request.url = url("/missing");
	assert_int_equal(fetch_to_fd(&request, fd, &status, NULL, NULL, &err), 0);
	assert_int_equal(status, 404);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	request.url = url("/hello");
	request.max_bytes = 2;
	assert_int_equal(fetch_to_fd(&request, fd, &status, NULL, NULL, &err), -E2BIG);
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	request.max_bytes = 100;
	assert_int_equal(fetch_to_fd(&request, full, &status, NULL, NULL, &err), -ENOSPC);
}

static void query_values_are_escaped(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct str escaped = fetch_escape(arena, STR("aZ09-._~ /+%&=\xc3\xa4"));
	assert_true(str_eq(escaped, STR("aZ09-._~%20%2F%2B%25%26%3D%C3%A4")));
	assert_int_equal(fetch_escape(arena, STR("")).n, 0);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_status_type_and_body),
		cmocka_unit_test(bodies_and_methods_are_sent),
		cmocka_unit_test(redirects_are_followed_but_not_for_ever_nor_to_files),
		cmocka_unit_test(failures_say_what_and_where),
		cmocka_unit_test(downloads_go_to_a_file_only_when_wanted),
		cmocka_unit_test(query_values_are_escaped),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
