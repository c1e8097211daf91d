/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the load generator (contract in client.h). */
#include "client.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DROP_STEP = 1 << 20 };

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("bench-load: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

int64_t now_us(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

void address_parse(const char *text, struct address *address)
{
	*address = (struct address){ .in.sin_family = AF_INET };
	struct str whole = str_from(text);
	size_t colon = str_rfind(whole, ':');
	uint64_t port;
	char host[64];
	if (colon == STR_NONE || colon >= sizeof(host) || whole.n >= sizeof(address->text) ||
		!str_parse_u64(str_skip(whole, colon + 1), &port) || port > 65535)
		fail("%s is not HOST:PORT", text);
	snprintf(host, sizeof(host), "%.*s", (int)colon, text);
	snprintf(address->text, sizeof(address->text), "%s", text);
	address->in.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &address->in.sin_addr) != 1)
		fail("%s is not an IPv4 address", host);
}

int address_connect(const struct address *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket: %s", strerror(errno));
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&address->in, sizeof(address->in)) != 0)
		fail("connecting to %s: %s", address->text, strerror(errno));
	return fd;
}

void client_init(struct client *client, const struct address *address, bool keep)
{
	client->address = address;
	client->keep = keep;
	client->fd = -1;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void send_all(struct client *client, const void *bytes, size_t n, int flags)
{
	const char *at = bytes;
	while (n) {
		ssize_t sent = send(client->fd, at, n, flags | MSG_NOSIGNAL);
		if (sent < 0)
			fail("sending to %s: %s", client->address->text, strerror(errno));
		at += sent;
		n -= (size_t)sent;
	}
}

static void send_body(struct client *client, const struct body *body)
{
	if (body->bytes) {
		send_all(client, body->bytes, body->n, 0);
		return;
	}
	off_t at = 0;
	while ((uint64_t)at < body->n) {
		ssize_t sent = sendfile(client->fd, body->fd, &at, body->n - (uint64_t)at);
		if (sent <= 0)
			fail("sending a file to %s: %s", client->address->text,
				sent ? strerror(errno) : "it became shorter");
	}
}

static void send_request(
	struct client *client, const char *method, const char *target, const struct body *body)
{
	char head[2048];
	uint64_t n = body ? body->n : 0;
	bool has_length = body || method[0] == 'P';
	char length[64] = "";
	char type[128] = "";
	if (has_length)
		snprintf(length, sizeof(length), "Content-Length: %llu\r\n", (unsigned long long)n);
	if (body && body->type)
		snprintf(type, sizeof(type), "Content-Type: %s\r\n", body->type);
	int size = snprintf(head, sizeof(head),
		"%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench-load\r\n"
		"Accept: application/vnd.oci.image.manifest.v1+json, */*\r\n%s%s%s\r\n",
		method, target, client->address->text, length, type,
		client->keep ? "" : "Connection: close\r\n");
	if (size < 0 || (size_t)size >= sizeof(head))
		fail("the request is too long");
	send_all(client, head, (size_t)size, n ? MSG_MORE : 0);
	if (n)
		send_body(client, body);
}

static size_t receive(struct client *client, size_t at)
{
	ssize_t got = recv(client->fd, client->buffer + at, sizeof(client->buffer) - at, 0);
	if (got <= 0)
		fail("%s %s", client->address->text, got ? strerror(errno) : "closed a connection");
	return (size_t)got;
}

/* Location as path and query: the answer may name host and scheme. */
static void keep_location(struct client *client, struct str value)
{
	size_t scheme = str_starts(value, STR("http://")) ? 7 : 0;
	if (scheme) {
		struct str rest = str_skip(value, scheme);
		size_t slash = str_find(rest, '/');
		value = slash == STR_NONE ? STR("/") : str_skip(rest, slash);
	}
	if (value.n >= sizeof(client->location))
		fail("a Location is too long");
	memcpy(client->location, value.p, value.n);
	client->location[value.n] = '\0';
}

static void read_header(struct client *client, struct str line, bool *closes)
{
	struct str value = line;
	struct str name;
	if (!str_cut(&value, ':', &name))
		return;
	value = str_trim(value);
	if (str_eq_nocase(name, STR("Content-Length"))) {
		if (!str_parse_u64(value, &client->length))
			fail("a broken Content-Length");
	} else if (str_eq_nocase(name, STR("Location"))) {
		keep_location(client, value);
	} else if (str_eq_nocase(name, STR("Connection"))) {
		*closes = str_eq_nocase(value, STR("close"));
	} else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
		fail("an answer in chunks");
	}
}

static void drop_body(struct client *client, uint64_t left)
{
	while (left) {
		/* The kernel throws them away, which costs a client less than a copy. */
		size_t want = left < DROP_STEP ? (size_t)left : DROP_STEP;
		ssize_t got = recv(client->fd, NULL, want, MSG_TRUNC);
		if (got <= 0)
			fail("%s %s within a body", client->address->text,
				got ? strerror(errno) : "closed a connection");
		left -= (uint64_t)got;
	}
}

static int read_answer(struct client *client, bool without_body)
{
	size_t n = 0;
	char *end = NULL;
	while (!end) {
		if (n == sizeof(client->buffer))
			fail("the head of an answer is too long");
		n += receive(client, n);
		end = memmem(client->buffer, n, "\r\n\r\n", 4);
	}
	struct str head = { client->buffer, (size_t)(end - client->buffer) };
	size_t body_read = n - head.n - 4;
	struct str line;
	uint64_t status = 0;
	if (!str_cut(&head, '\n', &line))
		line = head;
	if (!str_starts(line, STR("HTTP/1.1 ")) || !str_parse_u64(str_sub(line, 9, 3), &status))
		fail("not an HTTP answer: %.*s", (int)line.n, line.p);
	bool closes = !client->keep;
	client->length = 0;
	while (str_cut(&head, '\n', &line))
		read_header(client, line, &closes);
	if (!without_body && status != 204 && status != 304)
		drop_body(client, client->length - body_read);
	if (closes)
		client_close(client);
	return (int)status;
}

int client_request(
	struct client *client, const char *method, const char *target, const struct body *body)
{
	if (client->fd < 0)
		client->fd = address_connect(client->address);
	send_request(client, method, target, body);
	return read_answer(client, strcmp(method, "HEAD") == 0);
}

void client_expect(struct client *client, int status, const char *method, const char *target,
	const struct body *body)
{
	int got = client_request(client, method, target, body);
	if (got != status)
		fail("%s %s: %d instead of %d", method, target, got, status);
}
