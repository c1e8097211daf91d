/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, networks of them, and what trusted proxies say about a request. */
#include "http/forwarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH(rows) (sizeof(rows) / sizeof((rows)[0]))

static void networks_hold_their_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *network, *address;
		bool holds;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "203.0.113.9", true },
		{ "::1", "::1", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_network network;
		struct http_address address;
		assert_true(http_network_parse(str_from(rows[i].network), &network));
		assert_true(http_address_parse(str_from(rows[i].address), false, &address));
		struct http_networks all = { &network, 1 };
		if (http_networks_hold(&all, &address) != rows[i].holds)
			fail_msg("%s and %s", rows[i].network, rows[i].address);
	}
}

static void other_networks_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "::/129",
		"10.0.0.0/8/8", "localhost", "10.0.0", "/8", "10.0.0.0/-1", "2001:db8::1/32" };
	struct http_network network;
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (http_network_parse(str_from(rows[i]), &network))
			fail_msg("\"%s\" is accepted", rows[i]);
}

static void lists_of_networks_name_the_wrong_one(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct http_networks networks;
	struct err err = ERR_INIT;
	assert_int_equal(http_networks_parse(arena, STR(" "), &networks, &err), 0);
	assert_int_equal(networks.n, 0);
	assert_int_equal(
		http_networks_parse(arena, STR("127.0.0.1, ::1,10.0.0.0/8"), &networks, &err), 0);
	assert_int_equal(networks.n, 3);
	assert_int_equal(
		http_networks_parse(arena, STR("127.0.0.1,nonsense"), &networks, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "nonsense"));
	arena_free(&arena);
}

static void addresses_may_have_ports(void **state)
{
	(void)state;
	static const struct {
		const char *text, *address; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "[2001:db8::1]:80", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:99999", NULL },
		{ "[192.0.2.1]", NULL },
		{ "[2001:db8::1", NULL },
		{ "[2001:db8::1]x", NULL },
		{ "unknown", NULL },
		{ "_hidden", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_address address;
		char text[HTTP_ADDRESS_TEXT];
		bool good = http_address_parse(str_from(rows[i].text), true, &address);
		if (good != (rows[i].address != NULL))
			fail_msg("\"%s\"", rows[i].text);
		if (!good)
			continue;
		http_address_text(&address, text);
		assert_string_equal(text, rows[i].address);
	}
}

static void a_client_is_an_address_or_a_64(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8::1", "2001:db8::ffff:1", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_address a;
		struct http_address b;
		assert_true(http_address_parse(str_from(rows[i].a), false, &a));
		assert_true(http_address_parse(str_from(rows[i].b), false, &b));
		a = http_address_client(&a);
		b = http_address_client(&b);
		assert_int_equal(http_address_equal(&a, &b), rows[i].same);
	}
}

struct row {
	const char *header;
	const char *client;
	const char *scheme; /* NULL: not said */
	const char *host;
};

static struct http_forwarded from_proxy(void)
{
	struct http_forwarded forwarded = { .scheme = STR_NULL };
	assert_true(http_address_parse(STR("10.0.0.1"), false, &forwarded.client));
	return forwarded;
}

static void check(const struct row *row, const struct http_forwarded *forwarded)
{
	char text[HTTP_ADDRESS_TEXT];
	http_address_text(&forwarded->client, text);
	if (!str_eq(str_from(text), str_from(row->client)))
		fail_msg("\"%s\": client %s", row->header, text);
	if (!str_eq(forwarded->scheme, str_from(row->scheme)) ||
		!str_eq(forwarded->host, str_from(row->host)))
		fail_msg("\"%s\": scheme or host", row->header);
}

static struct http_networks ten(struct arena *arena)
{
	struct http_networks trusted;
	assert_int_equal(http_networks_parse(arena, STR("10.0.0.0/8"), &trusted, NULL), 0);
	return trusted;
}

static void only_what_trusted_proxies_added_counts(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "10.0.0.1", NULL, NULL },
		{ "192.0.2.7", "192.0.2.7", NULL, NULL },
		/* The client wrote the first one itself. */
		{ "203.0.113.1, 192.0.2.7", "192.0.2.7", NULL, NULL },
		{ "203.0.113.1, 192.0.2.7, 10.0.0.2", "192.0.2.7", NULL, NULL },
		{ "203.0.113.1,unknown", "10.0.0.1", NULL, NULL },
		{ "10.0.0.3,10.0.0.2", "10.0.0.3", NULL, NULL },
		{ ",,,", "10.0.0.1", NULL, NULL },
		{ "[2001:db8::5]:99", "2001:db8::5", NULL, NULL },
	};
	struct arena *arena = arena_new(0);
	struct http_networks trusted = ten(arena);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_forwarded forwarded = from_proxy();
		http_forwarded_for(str_from(rows[i].header), &trusted, &forwarded);
		check(&rows[i], &forwarded);
	}
	arena_free(&arena);
}

static void forwarded_is_read_as_its_rfc_says(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60", "http", NULL },
		{ "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", NULL, NULL },
		{ "for=192.0.2.43, for=198.51.100.17;host=a.example;proto=https", "198.51.100.17",
			"https", "a.example" },
		{ "for=192.0.2.43, for=10.9.9.9", "192.0.2.43", NULL, NULL },
		{ "for=_hidden;host=\"a.example:8443\"", "10.0.0.1", NULL, "a.example:8443" },
		{ "for=192.0.2.1 ; proto=https", "192.0.2.1", "https", NULL },
		{ "for=192.0.2.1;;host=\"a b\"", "192.0.2.1", NULL, NULL },
		{ "proto=gopher", "10.0.0.1", NULL, NULL },
		/* Malformed: nothing is believed. */
		{ "for=192.0.2.1;proto", "10.0.0.1", NULL, NULL },
		{ "for=\"192.0.2.1", "10.0.0.1", NULL, NULL },
		{ "for=192.0.2.1 proto=https", "10.0.0.1", NULL, NULL },
		{ "=x", "10.0.0.1", NULL, NULL },
		{ "for=192.0.2.1;proto=\"https\\", "10.0.0.1", NULL, NULL },
	};
	struct arena *arena = arena_new(0);
	struct http_networks trusted = ten(arena);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_forwarded forwarded = from_proxy();
		(void)http_forwarded_rfc(arena, str_from(rows[i].header), &trusted, &forwarded);
		check(&rows[i], &forwarded);
	}
	arena_free(&arena);
}

static void schemes_hosts_and_prefixes_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *text, *prefix; /* NULL: ignored */
	} rows[] = {
		{ "/registry", "/registry" },
		{ "/a/b//", "/a/b" },
		{ "/x, /y", "/y" },
		{ "/", NULL },
		{ "registry", NULL },
		{ "//evil.example", NULL },
		{ "/a b", NULL },
		{ "/a?b", NULL },
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct http_forwarded forwarded = from_proxy();
		http_forwarded_prefix(str_from(rows[i].text), &forwarded);
		if (!str_eq(forwarded.prefix, str_from(rows[i].prefix)))
			fail_msg("\"%s\"", rows[i].text);
	}
	struct http_forwarded forwarded = from_proxy();
	http_forwarded_scheme(STR("http, HTTPS"), &forwarded);
	assert_true(str_eq(forwarded.scheme, STR("https")));
	http_forwarded_host(STR("a.example/evil"), &forwarded);
	assert_null(forwarded.host.p);
	http_forwarded_host(STR("first.example, a.example:443"), &forwarded);
	assert_true(str_eq(forwarded.host, STR("a.example:443")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_hold_their_addresses),
		cmocka_unit_test(other_networks_are_refused),
		cmocka_unit_test(lists_of_networks_name_the_wrong_one),
		cmocka_unit_test(addresses_may_have_ports),
		cmocka_unit_test(a_client_is_an_address_or_a_64),
		cmocka_unit_test(only_what_trusted_proxies_added_counts),
		cmocka_unit_test(forwarded_is_read_as_its_rfc_says),
		cmocka_unit_test(schemes_hosts_and_prefixes_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
