/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks (contract in address.h). inet_pton() decides what an address is. */
#include "http/address.h"

#include "base/vec.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const unsigned char mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_v4(const struct http_address *address)
{
	return !memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix));
}

static void set_v4(struct http_address *address, const struct in_addr *v4)
{
	memcpy(address->bytes, mapped_prefix, sizeof(mapped_prefix));
	memcpy(address->bytes + sizeof(mapped_prefix), v4, 4);
}

bool http_address_from(const struct sockaddr *from, struct http_address *address)
{
	if (from && from->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, from, sizeof(v4));
		set_v4(address, &v4.sin_addr);
		return true;
	}
	if (from && from->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, from, sizeof(v6));
		memcpy(address->bytes, &v6.sin6_addr, sizeof(address->bytes));
		return true;
	}
	memset(address, 0, sizeof(*address));
	return false;
}

static bool parse_plain(struct str text, struct http_address *address)
{
	char copy[HTTP_ADDRESS_TEXT];
	if (!text.n || text.n >= sizeof(copy) || str_has_nul(text))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	struct in_addr v4;
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		set_v4(address, &v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool is_port(struct str text)
{
	uint64_t port;
	return str_parse_u64(text, &port) && port <= UINT16_MAX;
}

bool http_address_parse(struct str text, bool with_port, struct http_address *address)
{
	if (str_starts(text, STR("["))) {
		size_t end = str_find(text, ']');
		if (end == STR_NONE)
			return false;
		struct str behind = str_skip(text, end + 1);
		if (behind.n && !(with_port && behind.p[0] == ':' && is_port(str_skip(behind, 1))))
			return false;
		struct str inner = str_sub(text, 1, end - 1);
		return str_find(inner, ':') != STR_NONE && parse_plain(inner, address);
	}
	size_t colon = str_find(text, ':');
	/* One colon: a port behind an IPv4 address. More: IPv6, which has its port behind brackets.
	 */
	if (with_port && colon != STR_NONE && str_rfind(text, ':') == colon) {
		if (!is_port(str_skip(text, colon + 1)))
			return false;
		text = str_sub(text, 0, colon);
	}
	return parse_plain(text, address);
}

void http_address_text(const struct http_address *address, char text[HTTP_ADDRESS_TEXT])
{
	const char *written =
		is_v4(address) ? inet_ntop(AF_INET, address->bytes + sizeof(mapped_prefix), text,
					 HTTP_ADDRESS_TEXT)
			       : inet_ntop(AF_INET6, address->bytes, text, HTTP_ADDRESS_TEXT);
	CHECK(written);
}

bool http_address_equal(const struct http_address *a, const struct http_address *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct http_address http_address_client(const struct http_address *address)
{
	struct http_address client = *address;
	if (!is_v4(address))
		memset(client.bytes + 8, 0, 8);
	return client;
}

/* Whether the first bits of both are the same. */
static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

static bool rest_is_zero(const struct http_network *network)
{
	for (unsigned bit = network->bits; bit < 128; bit++)
		if (network->address.bytes[bit / 8] & (0x80u >> bit % 8))
			return false;
	return true;
}

bool http_network_parse(struct str text, struct http_network *network)
{
	size_t slash = str_find(text, '/');
	struct str address = str_sub(text, 0, slash == STR_NONE ? text.n : slash);
	if (!parse_plain(address, &network->address))
		return false;
	bool v4 = str_find(address, ':') == STR_NONE;
	uint64_t bits = v4 ? 32 : 128;
	uint64_t most = bits;
	if (slash != STR_NONE && (!str_parse_u64(str_skip(text, slash + 1), &bits) || bits > most))
		return false;
	network->bits = (unsigned)bits + (v4 ? 96 : 0);
	return rest_is_zero(network);
}

int http_networks_parse(
	struct arena *arena, struct str text, struct http_networks *networks, struct err *err)
{
	VEC(struct http_network) found = { 0 };
	struct str rest = str_trim(text);
	struct str one;
	if (!rest.n)
		rest = STR_NULL;
	while (str_cut(&rest, ',', &one)) {
		struct http_network network;
		one = str_trim(one);
		if (!http_network_parse(one, &network))
			return err_set(err, EINVAL,
				"\"" STR_FMT "\" is not a network; write ADDRESS or ADDRESS/BITS "
				"with nothing behind the mask (10.0.0.0/8, ::1)",
				STR_ARG(str_sub(one, 0, 100)));
		if (found.n == HTTP_NETWORKS_MAX)
			return err_set(
				err, EINVAL, "there are more than %d networks", HTTP_NETWORKS_MAX);
		AVEC_PUSH(arena, &found, network);
	}
	*networks = (struct http_networks){ found.items, found.n };
	return 0;
}

bool http_networks_hold(const struct http_networks *networks, const struct http_address *address)
{
	for (size_t i = 0; i < networks->n; i++)
		if (same_bits(networks->items[i].address.bytes, address->bytes,
			    networks->items[i].bits))
			return true;
	return false;
}
