/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside: limits before trees, words that say where, getters that never fail. */
#include "base/json.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void size_is_checked_first(void **state)
{
	(void)state;
	json_t *root = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(json_parse(STR("[1, 2]"), 5, &root, &err), -E2BIG);
	assert_null(root);
	assert_int_equal(json_parse(STR("[1, 2]"), 6, &root, &err), 0);
	json_release(&root);
	assert_null(root);
}

static void broken_text_says_where(void **state)
{
	(void)state;
	const char *broken[] = { "", "{", "{\"a\":}", "[1,]", "nonsense", "{} {}", "\"\xff\"" };
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		json_t *root = NULL;
		struct err err = ERR_INIT;
		assert_int_equal(json_parse(str_from(broken[i]), 100, &root, &err), -EINVAL);
		assert_non_null(strstr(err_text(&err), "line"));
	}
}

static void deep_nesting_is_an_error_and_no_crash(void **state)
{
	(void)state;
	size_t n = 1000000;
	char *deep = malloc(n);
	assert_non_null(deep);
	memset(deep, '[', n);
	json_t *root = NULL;
	assert_int_equal(json_parse((struct str){ deep, n }, n, &root, NULL), -EINVAL);
	free(deep);
}

static void getters_give_the_empty_value(void **state)
{
	(void)state;
	AUTO_JSON json_t *root = NULL;
	assert_int_equal(json_parse(STR("{\"s\":\"t\",\"i\":7,\"o\":{},\"l\":[],\"n\":null}"), 100,
				 &root, NULL),
		0);
	assert_true(str_eq(json_str(root, "s"), STR("t")));
	assert_null(json_str(root, "i").p);
	assert_null(json_str(root, "absent").p);
	assert_null(json_str(NULL, "s").p);
	assert_int_equal(json_int(root, "i", 3), 7);
	assert_int_equal(json_int(root, "s", 3), 3);
	assert_non_null(json_obj(root, "o"));
	assert_null(json_obj(root, "l"));
	assert_non_null(json_list(root, "l"));
	assert_null(json_list(root, "n"));
}

static void bad_utf8_is_replaced_not_dropped(void **state)
{
	(void)state;
	AUTO_JSON json_t *root = json_object();
	json_put(root, "k", (struct str){ "a\xff\xc0z", 4 });
	json_put(root, "null", STR_NULL);
	struct str value = json_str(root, "k");
	assert_true(str_starts(value, STR("a")) && str_ends(value, STR("z")));
	assert_true(value.n > 2);
	assert_true(json_is_null(json_object_get(root, "null")));
}

static void built_trees_read_back(void **state)
{
	(void)state;
	AUTO_JSON json_t *root = json_object();
	json_put_int(root, "big", INT64_MAX);
	json_put_bool(root, "yes", true);
	json_put_time(root, "t", 0);
	json_put_time(root, "never", TIME_NONE);
	json_put_cstr(json_add_object(json_put_list(root, "list")), "x", "y");
	json_put_int(json_put_object(root, "inner"), "i", -1);
	char *text = json_dump(root, false);
	AUTO_JSON json_t *again = NULL;
	assert_int_equal(json_parse(str_from(text), 1000, &again, NULL), 0);
	assert_true(json_equal(root, again));
	assert_int_equal(json_int(again, "big", 0), INT64_MAX);
	assert_true(json_is_null(json_object_get(again, "never")));
	assert_true(str_starts(json_str(again, "t"), STR("1970-01-01T00:00:00")));
	free(text);
}

static void values_are_counted_without_parsing(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		size_t at_most;
	} rows[] = {
		{ STR_INIT(""), 1 }, { STR_INIT("7"), 1 }, { STR_INIT("[1,2,3]"), 4 },
		{ STR_INIT("{\"a\":{},\"b\":[]}"), 5 }, { STR_INIT("[\",,,[[{{\",\"\\\",[\"]"), 3 },
		{ STR_INIT("\"\\"), 1 }, /* ends in the middle */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(json_values_at_most(rows[i].text), rows[i].at_most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_checked_first),
		cmocka_unit_test(broken_text_says_where),
		cmocka_unit_test(deep_nesting_is_an_error_and_no_crash),
		cmocka_unit_test(getters_give_the_empty_value),
		cmocka_unit_test(bad_utf8_is_replaced_not_dropped),
		cmocka_unit_test(built_trees_read_back),
		cmocka_unit_test(values_are_counted_without_parsing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
