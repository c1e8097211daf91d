/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many connections that do little: idle ones, short ones, and ones that send a byte a second. One
 * thread serves them all, so the client's own cost does not grow with them.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void raise_file_limit(uint64_t wanted)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		fail("asking for the limit of open files: %s", strerror(errno));
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < wanted + 64)
		fail("%llu connections need a higher limit of open files than %llu (ulimit -n)",
			(unsigned long long)wanted, (unsigned long long)files.rlim_cur);
}

static void ping_all(struct client *client, const int *fds, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		client->fd = fds[i];
		client_expect(client, 200, "GET", "/v2/", NULL);
		if (client->fd < 0)
			fail("the server closed a connection that was to stay");
	}
	client->fd = -1;
}

void load_idle(const struct address *address, char **argv)
{
	uint64_t count = parse_count(argv[0]);
	if (!count || count > 100000)
		fail("%s is not a number of connections", argv[0]);
	raise_file_limit(count);
	int *fds = calloc(count, sizeof(*fds));
	struct client *client = malloc(sizeof(*client));
	if (!fds || !client)
		fail("out of memory");
	client_init(client, address, true);
	for (uint64_t i = 0; i < count; i++) {
		fds[i] = address_connect(address);
		ping_all(client, fds + i, 1);
	}
	printf("{\"connections\": %llu}\n", (unsigned long long)count);
	fflush(stdout);
	char ignored[256];
	while (read(STDIN_FILENO, ignored, sizeof(ignored)) > 0)
		;
	/* Each must still be there and be served. */
	ping_all(client, fds, count);
	printf("{\"served_again\": %llu}\n", (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++)
		close(fds[i]);
	free(client);
	free(fds);
}

static int slow_connection(const struct address *address, bool body)
{
	int fd = address_connect(address);
	char head[256];
	int n = snprintf(head, sizeof(head),
		body ? "PUT /v2/slow/manifests/never HTTP/1.1\r\nHost: %s\r\nContent-Type: "
		       "application/vnd.oci.image.manifest.v1+json\r\nContent-Length: "
		       "100000\r\n\r\n"
		     : "GET /v2/ HTTP/1.1\r\nHost: %s\r\nX-Slow: ",
		address->text);
	if (n < 0 || send(fd, head, (size_t)n, MSG_NOSIGNAL) != n)
		fail("sending to %s: %s", address->text, strerror(errno));
	return fd;
}

/* One byte on each; false: the server has closed it, as it should in the end. */
static bool dribble(int fd)
{
	char answer[4096];
	ssize_t got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		return false;
	return send(fd, "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

void load_slow(const struct address *address, char **argv)
{
	bool body = strcmp(argv[0], "body") == 0;
	if (!body && strcmp(argv[0], "head") != 0)
		fail("%s is neither head nor body", argv[0]);
	uint64_t count = parse_count(argv[1]);
	if (!count || count > 100000)
		fail("%s is not a number of connections", argv[1]);
	raise_file_limit(count);
	int *fds = calloc(count, sizeof(*fds));
	if (!fds)
		fail("out of memory");
	for (uint64_t i = 0; i < count; i++)
		fds[i] = slow_connection(address, body);
	uint64_t open = count;
	int64_t began = now_us();
	int64_t until = began + (int64_t)(parse_seconds(argv[2]) * 1e6);
	for (int64_t round = 1; now_us() < until && open; round++) {
		int64_t wait = began + round * 1000000 - now_us();
		if (wait > 0)
			poll(NULL, 0, (int)(wait / 1000));
		for (uint64_t i = 0; i < count; i++) {
			if (fds[i] < 0 || dribble(fds[i]))
				continue;
			close(fds[i]);
			fds[i] = -1;
			open--;
		}
	}
	printf("{\"connections\": %llu, \"still_open\": %llu, \"seconds\": %.1f}\n",
		(unsigned long long)count, (unsigned long long)open,
		(double)(now_us() - began) / 1e6);
	for (uint64_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
}

struct burst {
	const struct address *address;
	int poll;
	uint64_t open;
	uint64_t done;
	char request[128];
};

static void burst_open(struct burst *burst)
{
	int fd = address_connect(burst->address);
	size_t n = strlen(burst->request);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	if (send(fd, burst->request, n, MSG_NOSIGNAL) != (ssize_t)n ||
		epoll_ctl(burst->poll, EPOLL_CTL_ADD, fd, &event) != 0)
		fail("starting a request: %s", strerror(errno));
	burst->open++;
}

/* The whole answer comes at once, it is so small; then the connection ends. */
static void burst_answer(struct burst *burst, int fd)
{
	char answer[4096];
	ssize_t got = recv(fd, answer, sizeof(answer), 0);
	if (got < 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0)
		fail("not the answer 200");
	close(fd);
	burst->open--;
	burst->done++;
}

void load_burst(const struct address *address, char **argv)
{
	uint64_t count = parse_count(argv[0]);
	if (!count || count > 100000)
		fail("%s is not a number of connections", argv[0]);
	raise_file_limit(count);
	struct burst burst = { .address = address, .poll = epoll_create1(EPOLL_CLOEXEC) };
	snprintf(burst.request, sizeof(burst.request),
		"GET /v2/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address->text);
	int64_t began = now_us();
	int64_t until = began + (int64_t)(parse_seconds(argv[1]) * 1e6);
	do {
		while (burst.open < count && now_us() < until)
			burst_open(&burst);
		struct epoll_event events[256];
		int n = epoll_wait(burst.poll, events, 256, 30000);
		if (n <= 0)
			fail("no answer for 30 seconds");
		for (int i = 0; i < n; i++)
			burst_answer(&burst, events[i].data.fd);
	} while (burst.open);
	double seconds = (double)(now_us() - began) / 1e6;
	printf("{\"requests\": %llu, \"seconds\": %.3f, \"rate\": %.1f}\n",
		(unsigned long long)burst.done, seconds, (double)burst.done / seconds);
	close(burst.poll);
}
