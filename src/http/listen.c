/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket. It is made here and handed to the library, because only here can a failure
 * be put into words that say which address and what to do about it.
 */
#include "base/cleanup.h"
#include "http/exchange.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int bind_error(const char *address, uint16_t port, struct err *err)
{
	int code = errno;
	switch (code) {
	case EADDRINUSE:
		return err_set(err, code,
			"cannot listen on %s port %u: another program is listening there; stop "
			"it or choose another port",
			address, (unsigned)port);
	case EACCES:
		return err_set(err, code,
			"cannot listen on %s port %u: ports below 1024 need privileges; choose "
			"a higher one",
			address, (unsigned)port);
	case EADDRNOTAVAIL:
		return err_set(err, code,
			"cannot listen on %s port %u: this machine has no such address", address,
			(unsigned)port);
	default:
		errno = code;
		return err_sys(err, "cannot listen on %s port %u", address, (unsigned)port);
	}
}

static uint16_t bound_port(int fd, uint16_t otherwise)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t size = sizeof(bound);
	if (getsockname(fd, (struct sockaddr *)&bound, &size))
		return otherwise;
	if (bound.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&bound)->sin6_port);
	return ntohs(((const struct sockaddr_in *)&bound)->sin_port);
}

int http_listen(const char *address, uint16_t port, int *fd, uint16_t *bound, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char service[8];
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	int code = getaddrinfo(address, service, &hints, &found);
	if (code)
		return err_set(err, EINVAL, "cannot listen on %s port %u: %s", address,
			(unsigned)port, gai_strerror(code));
	AUTO_CLOSE int made = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	bool bad = made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		   bind(made, found->ai_addr, found->ai_addrlen) || listen(made, SOMAXCONN);
	int failure = errno;
	freeaddrinfo(found);
	errno = failure;
	if (bad)
		return bind_error(address, port, err);
	*bound = bound_port(made, port);
	*fd = TAKE_FD(made);
	return 0;
}
