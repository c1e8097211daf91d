/* SPDX-License-Identifier: Apache-2.0 */
/* Image configurations: what a scan takes from them. */
#include "base/timefmt.h"
#include "oci/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_configuration_is_read(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct oci_config config;
	struct str text =
		STR("{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\","
		    "\"created\":\"1970-01-01T00:00:01Z\",\"rootfs\":{\"type\":\"layers\","
		    "\"diff_ids\":[\"" DIGEST "\"]},\"history\":[{\"created_by\":\"ADD f\"},"
		    "{\"created_by\":\"CMD x\",\"empty_layer\":true}]}");
	assert_int_equal(oci_config_parse(arena, text, &config, NULL), 0);
	assert_true(str_eq(config.os, STR("linux")));
	assert_true(str_eq(config.architecture, STR("arm")));
	assert_true(str_eq(config.variant, STR("v7")));
	assert_true(config.created_us == 1000000);
	assert_int_equal(config.diff_ids.n, 1);
	assert_int_equal(config.history.n, 2);
	assert_false(config.history.items[0].empty_layer);
	assert_true(config.history.items[1].empty_layer);
	arena_free(&arena);
}

static void absent_members_are_empty(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct oci_config config;
	assert_int_equal(
		oci_config_parse(arena, STR("{\"rootfs\":{\"diff_ids\":null}}"), &config, NULL), 0);
	assert_true(config.created_us == TIME_NONE);
	assert_true(config.os.n == 0 && config.diff_ids.n == 0 && config.history.n == 0);
	arena_free(&arena);
}

static void broken_ones_say_where(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *word;
	} rows[] = {
		{ "", "JSON" },
		{ "[]", "object" },
		{ "{}", "rootfs" },
		{ "{\"rootfs\":{\"diff_ids\":7}}", "diff_ids" },
		{ "{\"rootfs\":{\"diff_ids\":[\"" DIGEST "\",\"x\"]}}", "diff_ids[1]" },
		{ "{\"rootfs\":{},\"rootfs\":{}}", "JSON" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(0);
		struct oci_config config;
		struct err err = ERR_INIT;
		assert_int_equal(
			oci_config_parse(arena, str_from(rows[i].text), &config, &err), -EINVAL);
		if (!str_contains(str_from(err_text(&err)), str_from(rows[i].word)))
			fail_msg("\"%s\" does not name %s", err_text(&err), rows[i].word);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_is_read),
		cmocka_unit_test(absent_members_are_empty),
		cmocka_unit_test(broken_ones_say_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
