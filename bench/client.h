/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 client for measurements: one connection, blocking, no allocation per request, so
 * that the client takes as little as possible of the processors it shares with the server. It
 * understands answers with Content-Length or without a body; that is all a registry sends here.
 * What it does not understand ends the program: a measurement with errors is worth nothing.
 *
 * Threads: a client belongs to one thread.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	struct sockaddr_in in;
	char text[64]; /* HOST:PORT, for the Host header */
};

struct client {
	const struct address *address;
	bool keep; /* false: a connection for each request, as docker does it */
	int fd;	   /* -1: not connected */
	char location[1024];
	uint64_t length; /* of the last answer's body */
	char buffer[65536];
};

struct body {
	const char *type;  /* Content-Type; NULL: none */
	const void *bytes; /* or, when NULL, from a file by sendfile */
	int fd;
	uint64_t n;
};

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

void address_parse(const char *text, struct address *address);
int address_connect(const struct address *address);

void client_init(struct client *client, const struct address *address, bool keep);
void client_close(struct client *client);
/*
 * Sends a request and reads its answer to the end, dropping the body; the status is returned.
 * Without body (NULL) a POST, PUT or PATCH has Content-Length 0. After an answer with Location,
 * client->location is its path and query.
 */
int client_request(
	struct client *client, const char *method, const char *target, const struct body *body);
/* The same, and fails unless the status is the wanted one. */
void client_expect(struct client *client, int status, const char *method, const char *target,
	const struct body *body);

int64_t now_us(void);

#endif
