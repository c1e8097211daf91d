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
	address->tls = false;
	return 0;
}

static bool take_scheme(struct str *text, struct str scheme)
{
	if (!str_starts(*text, scheme))
		return false;
	*text = str_skip(*text, scheme.n);
	return true;
}

int listen_list_parse(struct str text, bool certificate, struct listen_list *list, struct err *err)
{
	struct str one;
	*list = (struct listen_list){ .n = 0 };
	while (str_cut(&text, ',', &one)) {
		if (list->n == LISTEN_LIST_MAX)
			return err_set(
				err, EINVAL, "there are more than %d addresses", LISTEN_LIST_MAX);
		struct listen_address *address = &list->items[list->n++];
		one = str_trim(one);
		bool plain = take_scheme(&one, STR("http://"));
		bool tls = !plain && (take_scheme(&one, STR("https://")) || certificate);
		int result = listen_parse(one, address, err);
		if (result)
			return err_trace(err, result);
		address->tls = tls;
		if (tls && !certificate)
			return err_set(err, EINVAL,
				"https://" STR_FMT " needs a certificate: set tls.certificate and "
				"tls.key",
				STR_ARG(one));
	}
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
	snprintf(out, out_size, "%s://%s%s%s:%u", address->tls ? "https" : "http", six ? "[" : "",
		host, six ? "]" : "", port);
}
