/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server listens, and whether other machines could reach it. Exit codes of --fail-on. */
#include "cmd/listen.h"
#include "cmd/threshold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cli.c asks for a table of verbs; these tests need none. */
const struct cli_verb cli_verbs[] = { { .name = "none" } };
const size_t cli_verb_count = 0;

static void addresses_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *text, *address, *url;
		uint16_t port;
		bool loopback;
	} rows[] = {
		{ "127.0.0.1:5000", "127.0.0.1", "http://127.0.0.1:5000", 5000, true },
		{ "127.9.9.9:1", "127.9.9.9", "http://127.9.9.9:1", 1, true },
		{ "localhost:0", "127.0.0.1", "http://127.0.0.1:0", 0, true },
		{ "[::1]:5000", "::1", "http://[::1]:5000", 5000, true },
		{ "0.0.0.0:80", "0.0.0.0", "http://127.0.0.1:80", 80, false },
		{ ":80", "0.0.0.0", "http://127.0.0.1:80", 80, false },
		{ "[::]:80", "::", "http://[::1]:80", 80, false },
		{ "192.0.2.1:80", "192.0.2.1", "http://192.0.2.1:80", 80, false },
		{ "128.0.0.1:80", "128.0.0.1", "http://128.0.0.1:80", 80, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct listen_address a;
		char url[128];
		assert_int_equal(listen_parse(str_from(rows[i].text), &a, &err), 0);
		listen_url(&a, a.port, url, sizeof(url));
		assert_string_equal(a.address, rows[i].address);
		assert_string_equal(url, rows[i].url);
		assert_int_equal(a.port, rows[i].port);
		assert_int_equal(a.loopback, rows[i].loopback);
	}
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "", "5000", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:5000", "[::1]",
		"registry.example:5000", "127.0.0.1:5000 ", "256.0.0.1:1", "[127.0.0.1:1" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct listen_address a;
		if (listen_parse(str_from(rows[i]), &a, &err) != -EINVAL)
			fail_msg("\"%s\" is accepted", rows[i]);
	}
}

static void lists_say_what_each_address_speaks(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct listen_list list;
	char url[128];
	struct str both = STR("http://127.0.0.1:5000, :5443");
	assert_int_equal(listen_list_parse(both, true, &list, &err), 0);
	assert_int_equal(list.n, 2);
	assert_false(list.items[0].tls);
	assert_true(list.items[1].tls);
	listen_url(&list.items[1], 5443, url, sizeof(url));
	assert_string_equal(url, "https://127.0.0.1:5443");
	assert_int_equal(listen_list_parse(both, false, &list, &err), 0);
	assert_false(list.items[1].tls);
	assert_int_equal(listen_list_parse(STR("https://:5443"), false, &list, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "tls.certificate"));
	assert_int_equal(listen_list_parse(STR(":1,"), true, &list, &err), -EINVAL);
	assert_int_equal(listen_list_parse(STR("ftp://:1"), true, &list, &err), -EINVAL);
	assert_int_equal(
		listen_list_parse(STR(":1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1,:1"), true,
			&list, &err),
		-EINVAL);
}

static void exit_codes_follow_the_threshold(void **state)
{
	(void)state;
	struct severity_counts high = { .total = 1 };
	struct severity_counts unknown = { .total = 1 };
	struct severity_counts none = { 0 };
	high.by_severity[SEVERITY_HIGH] = 1;
	unknown.by_severity[SEVERITY_UNKNOWN] = 1;
	struct threshold no = { 0 };
	struct threshold critical = { true, SEVERITY_CRITICAL };
	struct threshold medium = { true, SEVERITY_MEDIUM };
	struct threshold any = { true, SEVERITY_UNKNOWN };
	assert_int_equal(threshold_exit(&no, IMAGE_UNHEALTHY, &high), CLI_DONE);
	assert_int_equal(threshold_exit(&critical, IMAGE_UNHEALTHY, &high), CLI_DONE);
	assert_int_equal(threshold_exit(&medium, IMAGE_UNHEALTHY, &high), CLI_FINDINGS);
	assert_int_equal(threshold_exit(&medium, IMAGE_UNHEALTHY, &unknown), CLI_DONE);
	assert_int_equal(threshold_exit(&any, IMAGE_UNHEALTHY, &unknown), CLI_FINDINGS);
	assert_int_equal(threshold_exit(&any, IMAGE_HEALTHY, &none), CLI_DONE);
	assert_int_equal(threshold_exit(&any, IMAGE_NO_ADVISORIES, &none), CLI_FAILURE);
	assert_int_equal(threshold_exit(&no, IMAGE_NO_ADVISORIES, &none), CLI_DONE);
	assert_int_equal(threshold_exit(&no, IMAGE_FAILED, &none), CLI_FAILURE);
	assert_int_equal(threshold_exit(&no, IMAGE_UNSUPPORTED, &none), CLI_FAILURE);
	assert_int_equal(threshold_worse(CLI_FINDINGS, CLI_FAILURE), CLI_FAILURE);
	assert_int_equal(threshold_worse(CLI_FINDINGS, CLI_DONE), CLI_FINDINGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_understood),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(lists_say_what_each_address_speaks),
		cmocka_unit_test(exit_codes_follow_the_threshold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
