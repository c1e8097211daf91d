/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server listens; see listen.h. inet_pton() decides what an address is. */
#include "cmd/listen.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool parse_address(struct str text, struct listen_address *address)
{
	if (text.n == 0)
		text = STR("0.0.0.0");
	if (str_eq(text, STR("localhost")))
		text = STR("127.0.0.1");
	if (text.n >= sizeof(address->address) || str_has_nul(text))
		return false;
	memcpy(address->address, text.p, text.n);
	address->address[text.n] = '\0';
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, address->address, &four) == 1)
		address->loopback = (ntohl(four.s_addr) >> 24) == 127;
	else if (inet_pton(AF_INET6, address->address, &six) == 1)
		address->loopback = IN6_IS_ADDR_LOOPBACK(&six);
	else
		return false;
	return true;
}

int listen_parse(struct str text, struct listen_address *address, struct err *err)
{
	size_t colon = str_rfind(text, ':');
	struct str host = str_sub(text, 0, colon == STR_NONE ? 0 : colon);
	bool bracketed = str_starts(host, STR("[")) && str_ends(host, STR("]"));
	if (bracketed)
		host = str_sub(host, 1, host.n - 2);
	uint64_t port = 0;
	if (colon == STR_NONE || !str_parse_u64(str_skip(text, colon + 1), &port) || port > 65535 ||
		(!bracketed && str_find(host, ':') != STR_NONE) || !parse_address(host, address))
		return err_set(err, EINVAL,
			"\"" STR_FMT "\" is not ADDRESS:PORT (127.0.0.1:5000, [::1]:5000, :5000)",
			STR_ARG(str_sub(text, 0, 100)));
	address->port = (uint16_t)port;
	return 0;
}

void listen_url(const struct listen_address *address, uint16_t port, char *out, size_t out_size)
{
	const char *host = address->address;
	if (str_eq(str_from(host), STR("0.0.0.0")))
		host = "127.0.0.1";
	else if (str_eq(str_from(host), STR("::")))
		host = "::1";
	bool six = str_find(str_from(host), ':') != STR_NONE;
	snprintf(out, out_size, "http://%s%s%s:%u", six ? "[" : "", host, six ? "]" : "", port);
}
