/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The setting server.listen: "127.0.0.1:5000", "[::1]:5000", "localhost:0", ":5000" (all
 * addresses), and lists of them: "http://127.0.0.1:5000, https://:5443". Pure functions.
 */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include "base/err.h"
#include "base/str.h"

enum { LISTEN_ADDRESS_MAX = 64, LISTEN_LIST_MAX = 16 };

struct listen_address {
	char address[LISTEN_ADDRESS_MAX]; /* numeric, without brackets */
	uint16_t port;
	bool loopback; /* only this machine can reach it */
	bool tls;
};

struct listen_list {
	struct listen_address items[LISTEN_LIST_MAX];
	size_t n; /* at least 1 */
};

/* -EINVAL with words. */
int listen_parse(struct str text, struct listen_address *address, struct err *err) MUST_CHECK;
/* Separated by commas. What has no "http://" or "https://" before it speaks TLS when there is a
 * certificate. -EINVAL also when TLS is asked for without one. */
int listen_list_parse(
	struct str text, bool certificate, struct listen_list *list, struct err *err) MUST_CHECK;
/* "http://127.0.0.1:5000", "http://[::1]:5000"; all addresses are shown as the loopback one. */
void listen_url(const struct listen_address *address, uint16_t port, char *out, size_t out_size);

#endif
