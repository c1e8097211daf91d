/* SPDX-License-Identifier: Apache-2.0 */
/* Shares of clients: limits for one and for all, proxies, the rate on a clock of the test's own. */
#include "http/clients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t now_us;

static int64_t read_now(void *context)
{
	(void)context;
	return now_us;
}

static const struct clock test_clock = { .wall_us = read_now, .monotonic_us = read_now };

static struct http_address address(unsigned number)
{
	struct http_address made;
	char text[32];
	snprintf(text, sizeof(text), "192.0.%u.%u", number / 256, number % 256);
	assert_true(http_address_parse(str_from(text), false, &made));
	return made;
}

static void one_client_cannot_take_all(void **state)
{
	(void)state;
	struct http_limits limits = { .requests = 3, .client_requests = 2 };
	struct http_clients *clients = http_clients_new(&limits, &test_clock);
	struct http_address one = address(1);
	struct http_address two = address(2);
	unsigned retry = 0;
	assert_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &one, false, &retry));
	assert_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &one, false, &retry));
	assert_non_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &one, false, &retry));
	assert_int_equal(retry, 1);
	assert_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &two, false, &retry));
	assert_non_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &two, false, &retry));
	http_clients_give(clients, HTTP_SHARE_REQUEST, &one, false);
	assert_null(http_clients_take(clients, HTTP_SHARE_REQUEST, &two, false, &retry));
	http_clients_give(clients, HTTP_SHARE_REQUEST, &one, false);
	http_clients_give(clients, HTTP_SHARE_REQUEST, &two, false);
	http_clients_give(clients, HTTP_SHARE_REQUEST, &two, false);
	http_clients_free(&clients);
}

static void a_proxy_counts_for_all_only(void **state)
{
	(void)state;
	struct http_limits limits = { .uploads = 3, .client_uploads = 1 };
	struct http_clients *clients = http_clients_new(&limits, &test_clock);
	struct http_address proxy = address(1);
	unsigned retry;
	for (unsigned i = 0; i < 3; i++)
		assert_null(http_clients_take(clients, HTTP_SHARE_UPLOAD, &proxy, true, &retry));
	assert_non_null(http_clients_take(clients, HTTP_SHARE_UPLOAD, &proxy, true, &retry));
	for (unsigned i = 0; i < 3; i++)
		http_clients_give(clients, HTTP_SHARE_UPLOAD, &proxy, true);
	http_clients_free(&clients);
}

static void connections_over_the_limit_are_told_then_refused(void **state)
{
	(void)state;
	struct http_limits limits = { .connections = 1000, .client_connections = 4 };
	struct http_clients *clients = http_clients_new(&limits, &test_clock);
	struct http_address one = address(1);
	struct http_address two = address(2);
	unsigned retry;
	unsigned told = 0;
	unsigned taken = 0;
	while (http_clients_welcome(clients, &one, false) && taken < 100) {
		told += http_clients_take(clients, HTTP_SHARE_CONNECTION, &one, false, &retry) !=
			NULL;
		taken++;
	}
	assert_int_equal(taken - told, 4);
	assert_in_range(told, 1, 20);
	assert_true(http_clients_welcome(clients, &two, false));
	assert_true(http_clients_welcome(clients, &one, true));
	for (unsigned i = 0; i < taken; i++)
		http_clients_give(clients, HTTP_SHARE_CONNECTION, &one, false);
	assert_true(http_clients_welcome(clients, &one, false));
	http_clients_free(&clients);
}

static void the_rate_fills_up_again(void **state)
{
	(void)state;
	struct http_limits limits = { .client_rate = 2, .client_burst = 4 };
	now_us = 1000000;
	struct http_clients *clients = http_clients_new(&limits, &test_clock);
	struct http_address one = address(1);
	struct http_address two = address(2);
	unsigned retry = 0;
	for (unsigned i = 0; i < 4; i++)
		assert_null(http_clients_rate(clients, &one, &retry));
	assert_non_null(http_clients_rate(clients, &one, &retry));
	assert_int_equal(retry, 1);
	assert_null(http_clients_rate(clients, &two, &retry));
	now_us += 500000;
	assert_null(http_clients_rate(clients, &one, &retry));
	assert_non_null(http_clients_rate(clients, &one, &retry));
	now_us += 3600000000;
	for (unsigned i = 0; i < 4; i++)
		assert_null(http_clients_rate(clients, &one, &retry));
	assert_non_null(http_clients_rate(clients, &one, &retry));
	http_clients_free(&clients);
}

static void many_clients_are_forgotten_again(void **state)
{
	(void)state;
	struct http_limits limits = { .client_rate = 10, .client_burst = 10 };
	now_us = 1000000;
	struct http_clients *clients = http_clients_new(&limits, &test_clock);
	unsigned retry;
	for (unsigned i = 0; i < 60000; i++) {
		struct http_address one = address(i);
		assert_null(http_clients_rate(clients, &one, &retry));
		now_us += 1000;
	}
	/* A bucket of which one token is gone is full after 100 ms: 100 clients. */
	assert_true(http_clients_remembered(clients) < 3000);
	http_clients_free(&clients);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_client_cannot_take_all),
		cmocka_unit_test(a_proxy_counts_for_all_only),
		cmocka_unit_test(connections_over_the_limit_are_told_then_refused),
		cmocka_unit_test(the_rate_fills_up_again),
		cmocka_unit_test(many_clients_are_forgotten_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
