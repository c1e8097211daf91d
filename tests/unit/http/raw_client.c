/* SPDX-License-Identifier: Apache-2.0 */
/* See raw_client.h. */
#include "raw_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

int raw_connect(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct timeval patience = { .tv_sec = 10 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

size_t raw_send_some(int fd, const void *bytes, size_t n)
{
	size_t sent = 0;
	while (sent < n) {
		ssize_t k = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
		if (k <= 0)
			break;
		sent += (size_t)k;
	}
	return sent;
}

void raw_send_bytes(int fd, const void *bytes, size_t n)
{
	assert_int_equal(raw_send_some(fd, bytes, n), n);
}

void raw_send(int fd, const char *text)
{
	raw_send_bytes(fd, text, strlen(text));
}

const char *raw_header(const struct raw_answer *answer, const char *name)
{
	static __thread char value[1024];
	size_t length = strlen(name);
	for (const char *line = strchr(answer->head, '\n'); line; line = strchr(line + 1, '\n')) {
		if (strncasecmp(line + 1, name, length) || line[1 + length] != ':')
			continue;
		const char *start = line + 1 + length + 1;
		start += strspn(start, " ");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(start, "\r\n"), start);
		return value;
	}
	return NULL;
}

static bool head_complete(const char *head, size_t n)
{
	return n >= 4 && !memcmp(head + n - 4, "\r\n\r\n", 4);
}

void raw_answer(int fd, bool without_body, struct raw_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	size_t n = 0;
	while (!head_complete(answer->head, n)) {
		assert_true(n + 1 < sizeof(answer->head));
		ssize_t k = recv(fd, answer->head + n, 1, 0);
		if (k <= 0)
			return;
		n++;
	}
	answer->status = (int)strtol(answer->head + strcspn(answer->head, " "), NULL, 10);
	const char *length = raw_header(answer, "Content-Length");
	if (without_body || !length)
		return;
	size_t left = strtoul(length, NULL, 10);
	char block[65536];
	while (left) {
		ssize_t k = recv(fd, block, left < sizeof(block) ? left : sizeof(block), 0);
		assert_true(k > 0);
		size_t got = (size_t)k;
		if (answer->body_bytes + got < sizeof(answer->body))
			memcpy(answer->body + answer->body_bytes, block, got);
		answer->body_bytes += got;
		left -= got;
	}
}

bool raw_closed(int fd)
{
	char block[4096];
	for (;;) {
		ssize_t k = recv(fd, block, sizeof(block), 0);
		if (k == 0 || (k < 0 && errno == ECONNRESET))
			return true;
		if (k < 0)
			return false;
	}
}

bool raw_silent(int fd, int milliseconds)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	return poll(&wait, 1, milliseconds) == 0;
}
