/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-null: the server that does nothing. It takes every request apart just far enough to find
 * its end, reads the body and drops it, and answers what a client of a registry expects next. So it
 * shows what the client and the kernel need by themselves: no registry on this machine can be
 * faster.
 *
 * GET /null/N answers N bytes of nothing. POST: 202 with a Location; PUT: 201; HEAD and any other
 * GET: 200, with an empty body. A thread for each connection, blocking.
 */
#include "base/str.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOTHING_MAX = 4 << 20 };

static const char *nothing; /* NOTHING_MAX zeros */

struct request {
	struct str method;
	struct str target;
	uint64_t length;
	bool close;
};

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "bench-null: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool parse(struct str head, struct request *request)
{
	*request = (struct request){ 0 };
	struct str line;
	if (!str_cut(&head, '\n', &line) || !str_cut(&line, ' ', &request->method) ||
		!str_cut(&line, ' ', &request->target))
		return false;
	while (str_cut(&head, '\n', &line)) {
		struct str name;
		if (!str_cut(&line, ':', &name))
			continue;
		struct str value = str_trim(line);
		if (str_eq_nocase(name, STR("Content-Length"))) {
			if (!str_parse_u64(value, &request->length))
				return false;
		} else if (str_eq_nocase(name, STR("Connection"))) {
			request->close = str_eq_nocase(value, STR("close"));
		}
	}
	return true;
}

static bool send_all(int fd, const char *bytes, size_t n, int flags)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, flags | MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool answer(int fd, const struct request *request)
{
	int status = 200;
	uint64_t n = 0;
	const char *more = "";
	if (str_eq(request->method, STR("POST"))) {
		status = 202;
		more = "Location: /v2/null/blobs/uploads/0\r\n";
	} else if (str_eq(request->method, STR("PUT"))) {
		status = 201;
	} else if (str_starts(request->target, STR("/null/")) &&
		   (!str_parse_u64(str_skip(request->target, 6), &n) || n > NOTHING_MAX)) {
		status = 404;
		n = 0;
	}
	char head[256];
	int size = snprintf(head, sizeof(head),
		"HTTP/1.1 %d OK\r\nContent-Length: %llu\r\n%s%s\r\n", status, (unsigned long long)n,
		more, request->close ? "Connection: close\r\n" : "");
	return size > 0 && send_all(fd, head, (size_t)size, n ? MSG_MORE : 0) &&
	       send_all(fd, nothing, n, 0);
}

/* Reads the body, of which `there` bytes have come already. */
static bool read_body(int fd, uint64_t length, uint64_t there, char *buffer, size_t size)
{
	while (there < length) {
		uint64_t left = length - there;
		ssize_t got = recv(fd, buffer, left < size ? (size_t)left : size, 0);
		if (got <= 0)
			return false;
		there += (uint64_t)got;
	}
	return true;
}

static void serve(int fd, char *buffer, size_t size)
{
	for (;;) {
		size_t n = 0;
		char *end = NULL;
		while (!end) {
			ssize_t got = n < size ? recv(fd, buffer + n, size - n, 0) : 0;
			if (got <= 0)
				return;
			n += (size_t)got;
			end = memmem(buffer, n, "\r\n\r\n", 4);
		}
		struct str head = { buffer, (size_t)(end - buffer) };
		struct request request;
		if (!parse(head, &request))
			return;
		/* The answer to a request with a body is the same whatever the body is. */
		struct request kept = { .length = request.length, .close = request.close };
		char method[8];
		char target[1024];
		snprintf(method, sizeof(method), "%.*s", (int)request.method.n, request.method.p);
		snprintf(target, sizeof(target), "%.*s", (int)request.target.n, request.target.p);
		kept.method = str_from(method);
		kept.target = str_from(target);
		if (!read_body(fd, kept.length, n - head.n - 4, buffer, size) ||
			!answer(fd, &kept) || kept.close)
			return;
	}
}

static void *connection_main(void *argument)
{
	int fd = *(int *)argument;
	free(argument);
	enum { BUFFER = 256 << 10 };
	char *buffer = malloc(BUFFER);
	if (buffer)
		serve(fd, buffer, BUFFER);
	free(buffer);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t port;
	if (argc != 2 || !str_parse_u64(str_from(argv[1]), &port) || port > 65535) {
		fputs("usage: bench-null PORT\n", stderr);
		return 2;
	}
	nothing = calloc(1, NOTHING_MAX);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (!nothing || listener < 0)
		fail("starting");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (const struct sockaddr *)&in, sizeof(in)) || listen(listener, 1024))
		fail("listening");
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			fail("accepting");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		pthread_t thread;
		int *given = malloc(sizeof(*given));
		if (!given)
			fail("memory");
		*given = fd;
		if (pthread_create(&thread, &attributes, connection_main, given))
			fail("starting a thread");
	}
}
