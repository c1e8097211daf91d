/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: precedence of the sources, range checks, and words that name source and key. */
#include "base/limits.h"
#include "cmd/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int set_up(void **state)
{
	*state = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	struct arena *arena = *state;
	arena_free(&arena);
	return 0;
}

static void assert_refused(struct arena *arena, const char *yaml, const char *words)
{
	struct err err = ERR_INIT;
	struct config config;
	config_defaults(&config);
	assert_int_equal(
		config_read_yaml(arena, str_from(yaml), "lazaret.yaml", &config, &err), -EINVAL);
	if (!str_contains(str_from(err_text(&err)), str_from(words)))
		fail_msg("\"%s\" does not say \"%s\"", err_text(&err), words);
	if (!str_starts(str_from(err_text(&err)), STR("lazaret.yaml")))
		fail_msg("\"%s\" does not name the file", err_text(&err));
}

static void defaults_are_valid_and_repeat_the_limits(void **state)
{
	struct err err = ERR_INIT;
	struct config config;
	config_defaults(&config);
	assert_true(config_number(&config, SETTING_SCAN_LAYER_BYTES) == LIMIT_LAYER_INFLATED);
	assert_true(config_number(&config, SETTING_SCAN_LAYER_ENTRIES) == LIMIT_LAYER_ENTRIES);
	assert_true(config_number(&config, SETTING_SCAN_DATABASE_BYTES) == LIMIT_DATABASE_BYTES);
	assert_true(config_number(&config, SETTING_SCAN_LAYER_SECONDS) == LIMIT_LAYER_SECONDS);
	assert_true(config_number(&config, SETTING_SCAN_WORKER_BYTES) == LIMIT_WORKER_BYTES);
	assert_false(config_bool(&config, SETTING_SERVER_ALLOW_PLAIN_HTTP));

	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	config_show(&config, &text);
	struct config again = { 0 };
	config_defaults(&again);
	assert_int_equal(config_read_yaml(*state, strbuf_view(&text), "shown", &again, &err), 0);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		assert_int_equal(again.values[i].source, SETTING_FILE);
		assert_true(str_eq(again.values[i].text, config.values[i].text));
		assert_true(again.values[i].number == config.values[i].number);
	}
}

static void file_gives_values(void **state)
{
	struct err err = ERR_INIT;
	struct config config;
	config_defaults(&config);
	assert_int_equal(config_read_yaml(*state,
				 STR("# mine\nserver:\n  listen: 127.0.0.1:6000\n  "
				     "allow_plain_http: true\nscan:\n  layer_bytes: 2GiB\n"),
				 "f", &config, &err),
		0);
	assert_string_equal(config_cstr(&config, SETTING_SERVER_LISTEN), "127.0.0.1:6000");
	assert_true(config_bool(&config, SETTING_SERVER_ALLOW_PLAIN_HTTP));
	assert_true(config_number(&config, SETTING_SCAN_LAYER_BYTES) == (uint64_t)2 << 30);
	assert_string_equal(config_cstr(&config, SETTING_LOG_LEVEL), "info");
}

static void empty_files_change_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct config config;
	config_defaults(&config);
	assert_int_equal(config_read_yaml(*state, STR(""), "f", &config, &err), 0);
	assert_int_equal(config_read_yaml(*state, STR("# only words\n\n"), "f", &config, &err), 0);
	assert_int_equal(config_read_yaml(*state, STR("---\n"), "f", &config, &err), 0);
	assert_int_equal(config.values[SETTING_SERVER_LISTEN].source, SETTING_DEFAULT);
}

static void bad_files_are_refused_with_words(void **state)
{
	assert_refused(*state, "server:\n  listne: x:1\n", "listne");
	assert_refused(*state, "sever:\n  listen: x:1\n", "sever");
	assert_refused(*state, "server:\n  drain_seconds: 99999\n", "server.drain_seconds");
	assert_refused(*state, "server:\n  drain_seconds: soon\n", "\"soon\" is not a number");
	assert_refused(*state, "server:\n  drain_seconds: -1\n", "not a number");
	assert_refused(*state, "log:\n  level: loud\n", "debug|info|warning|error");
	assert_refused(*state, "server:\n  allow_plain_http: maybe\n", "neither true nor false");
	assert_refused(*state, "scan:\n  layer_bytes: 99999999999GiB\n", "scan.layer_bytes");
	assert_refused(*state, "server: [1, 2]\n", "server");
	assert_refused(*state, "server:\n  listen: [1]\n", "listen");
	assert_refused(*state, "server:\n\tlisten: x\n", "");
	assert_refused(*state, "just words\n", "");
	assert_refused(*state, "log:\n  level: info\nlog:\n  level: debug\n", "log");
	assert_refused(*state, "log:\n  level: info\n---\nlog:\n  level: debug\n", "documents");
	assert_refused(*state, "log: &a\n  level: *a\n", "");
}

static void unknown_key_names_its_line(void **state)
{
	struct err err = ERR_INIT;
	struct config config;
	config_defaults(&config);
	assert_int_equal(config_read_yaml(*state, STR("log:\n  level: info\n  colour: red\n"),
				 "lazaret.yaml", &config, &err),
		-EINVAL);
	assert_true(str_starts(str_from(err_text(&err)), STR("lazaret.yaml:")));
	assert_true(str_contains(str_from(err_text(&err)), STR("colour")));
}

static void flags_win_over_environment_over_defaults(void **state)
{
	struct err err = ERR_INIT;
	struct config *config;
	char listen[] = "LAZARET_SERVER_LISTEN=127.0.0.1:1";
	char data[] = "LAZARET_SERVER_DATA=/srv/x";
	char other[] = "LAZARET_CLOCK_OFFSET=5";
	char home[] = "HOME=/root";
	char *environment[] = { listen, data, other, home, NULL };
	struct config_override overrides[] = {
		{ STR("server.listen=127.0.0.1:2"), "--listen" },
		{ STR("server.listen=127.0.0.1:3"), "--set" },
	};
	struct config_sources sources = {
		.environment = environment, .overrides = overrides, .override_count = 2
	};
	assert_int_equal(config_load(*state, &sources, &config, &err), 0);
	assert_string_equal(config_cstr(config, SETTING_SERVER_LISTEN), "127.0.0.1:3");
	assert_int_equal(config->values[SETTING_SERVER_LISTEN].source, SETTING_FLAG);
	assert_string_equal(config_cstr(config, SETTING_SERVER_DATA), "/srv/x");
	assert_int_equal(config->values[SETTING_SERVER_DATA].source, SETTING_ENVIRONMENT);
	assert_int_equal(config->values[SETTING_LOG_LEVEL].source, SETTING_DEFAULT);
}

static void assert_flag_refused(struct arena *arena, struct str assignment, const char *words)
{
	struct err err = ERR_INIT;
	struct config *config;
	struct config_override override = { assignment, "--set" };
	struct config_sources sources = { .overrides = &override, .override_count = 1 };
	assert_int_equal(config_load(arena, &sources, &config, &err), -EINVAL);
	if (!str_contains(str_from(err_text(&err)), str_from(words)))
		fail_msg("\"%s\" does not say \"%s\"", err_text(&err), words);
}

static void bad_flags_and_variables_are_refused(void **state)
{
	assert_flag_refused(*state, STR("server.listen"), "section.key=value expected");
	assert_flag_refused(*state, STR("server.colour=red"), "server.colour");
	assert_flag_refused(*state, STR("listen=red"), "there is no setting");
	assert_flag_refused(*state, STR("log.level="), "log.level");
	assert_flag_refused(*state, STR("server.data=a\nb"), "control character");

	struct err err = ERR_INIT;
	struct config *config;
	char misspelt[] = "LAZARET_SERVER_LISTNE=x";
	char *environment[] = { misspelt, NULL };
	struct config_sources sources = { .environment = environment };
	assert_int_equal(config_load(*state, &sources, &config, &err), -EINVAL);
	assert_true(str_contains(str_from(err_text(&err)), STR("LAZARET_SERVER_LISTNE")));
}

static void absent_file_is_an_error(void **state)
{
	struct err err = ERR_INIT;
	struct config *config;
	struct config_sources sources = { .file = "/nonexistent/lazaret.yaml" };
	assert_int_equal(config_load(*state, &sources, &config, &err), -ENOENT);
	assert_true(str_contains(str_from(err_text(&err)), STR("/nonexistent/lazaret.yaml")));
}

static void markdown_names_every_setting(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	config_show_markdown(&text);
	assert_true(str_contains(strbuf_view(&text), STR("LAZARET_SCAN_LAYER_CPU_SECONDS")));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		assert_true(str_contains(strbuf_view(&text), str_from(setting_rows[i].doc)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_valid_and_repeat_the_limits),
		cmocka_unit_test(file_gives_values),
		cmocka_unit_test(empty_files_change_nothing),
		cmocka_unit_test(bad_files_are_refused_with_words),
		cmocka_unit_test(unknown_key_names_its_line),
		cmocka_unit_test(flags_win_over_environment_over_defaults),
		cmocka_unit_test(bad_flags_and_variables_are_refused),
		cmocka_unit_test(absent_file_is_an_error),
		cmocka_unit_test(markdown_names_every_setting),
	};
	struct CMUnitTest each[sizeof(tests) / sizeof(tests[0])];
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		each[i] = tests[i];
		each[i].setup_func = set_up;
		each[i].teardown_func = tear_down;
	}
	return cmocka_run_group_tests(each, NULL, NULL);
}
