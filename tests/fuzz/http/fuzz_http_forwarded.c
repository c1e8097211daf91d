/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded, X-Forwarded-* and lists of networks. The input is one header value, read as each of
 * them. Properties: without a trusted peer nobody else becomes the client; what is taken as scheme,
 * host and prefix can stand in a URL; an address written out reads back as itself.
 */
#include "base/check.h"
#include "http/forwarded.h"

static const struct http_network ten = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0 } }, 104
};
static const struct http_address inside = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0,
	1 } };
static const struct http_address outside = { { 0x20, 1 } };

static void check_url_parts(const struct http_forwarded *forwarded)
{
	CHECK(!forwarded->scheme.p || str_eq(forwarded->scheme, STR("http")) ||
		str_eq(forwarded->scheme, STR("https")));
	CHECK(!forwarded->host.p || http_host_valid(forwarded->host));
	struct str prefix = forwarded->prefix;
	if (!prefix.p)
		return;
	CHECK(prefix.n > 1 && prefix.p[0] == '/' && prefix.p[1] != '/');
	for (size_t i = 0; i < prefix.n; i++)
		CHECK(prefix.p[i] > ' ' && prefix.p[i] < 0x7f &&
			!strchr("?#%\\\"<>:@", prefix.p[i]));
}

static void check_as_header(struct arena *arena, struct str text)
{
	struct http_networks trusted = { &ten, 1 };
	struct http_forwarded known = { .client = inside };
	struct http_forwarded stranger = { .client = outside };
	http_forwarded_for(text, &trusted, &known);
	http_forwarded_for(text, &trusted, &stranger);
	CHECK(http_address_equal(&stranger.client, &outside));
	http_forwarded_scheme(text, &known);
	http_forwarded_host(text, &known);
	http_forwarded_prefix(text, &known);
	check_url_parts(&known);
	struct http_forwarded rfc = { .client = inside };
	if (!http_forwarded_rfc(arena, text, &trusted, &rfc))
		CHECK(http_address_equal(&rfc.client, &inside) && !rfc.host.p && !rfc.scheme.p);
	check_url_parts(&rfc);
	(void)http_forwarded_rfc(arena, text, &trusted, &stranger);
	CHECK(http_address_equal(&stranger.client, &outside));
}

static void check_as_networks(struct arena *arena, struct str text)
{
	struct http_networks networks;
	struct http_address address;
	struct http_address again;
	char written[HTTP_ADDRESS_TEXT];
	if (http_networks_parse(arena, text, &networks, NULL) == 0)
		for (size_t i = 0; i < networks.n; i++)
			CHECK(networks.items[i].bits <= 128 &&
				http_networks_hold(&networks, &networks.items[i].address));
	if (!http_address_parse(text, true, &address))
		return;
	http_address_text(&address, written);
	CHECK(http_address_parse(str_from(written), false, &again));
	CHECK(http_address_equal(&address, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct str text = { (const char *)bytes, n };
	check_as_header(arena, text);
	check_as_networks(arena, text);
	arena_free(&arena);
	return 0;
}
