/* SPDX-License-Identifier: Apache-2.0 */
/* Targets and routes: what a raw request target is cut into, and which row of a table it finds. */
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void handle(struct http_exchange *x)
{
	(void)x;
}

#define R(method_, pattern_, flags_)                                                               \
	{                                                                                          \
		.method = (method_), .pattern = (pattern_), .handle = handle, .flags = (flags_)    \
	}

static const struct http_route routes[] = {
	R(HTTP_GET, "/v2/", 0),
	R(HTTP_GET, "/v2/{name*}/tags/list", 0),
	R(HTTP_POST, "/v2/{name*}/blobs/uploads/", 0),
	R(HTTP_POST, "/v2/{name*}/blobs/uploads", 0),
	R(HTTP_PATCH, "/v2/{name*}/blobs/uploads/{id}", 0),
	R(HTTP_GET, "/v2/{name*}/blobs/{digest}", 0),
	R(HTTP_GET, "/v2/{name*}/manifests/{reference}", 0),
	R(HTTP_PUT, "/v2/{name*}/manifests/{reference}", 0),
	R(HTTP_GET, "/subscriptions/{sub}/{scope*}/providers/Microsoft.Security/assessments",
		HTTP_NOCASE),
	R(HTTP_HEAD, "/own/head", 0),
	R(HTTP_GET, "/own/head", 0),
	R(HTTP_GET, "/get/first", 0),
	R(HTTP_HEAD, "/get/first", 0),
};

struct row {
	enum http_method method;
	const char *target;
	int route; /* index; -1: none */
	const char *first_value;
	const char *second_value;
};

static const struct row rows[] = {
	{ HTTP_GET, "/v2/", 0, NULL, NULL },
	{ HTTP_HEAD, "/v2/", 0, NULL, NULL },
	{ HTTP_GET, "/v2", -1, NULL, NULL },
	{ HTTP_GET, "/V2/", -1, NULL, NULL },
	{ HTTP_GET, "/v2//", -1, NULL, NULL },
	{ HTTP_GET, "/v2/a/tags/list", 1, "a", NULL },
	{ HTTP_GET, "/v2/a/b/c/tags/list?n=1", 1, "a/b/c", NULL },
	{ HTTP_GET, "/v2/a/tags/list/", -1, NULL, NULL },
	{ HTTP_GET, "/v2/a/tags/LIST", -1, NULL, NULL },
	{ HTTP_GET, "/v2/tags/list", -1, NULL, NULL },
	{ HTTP_GET, "/v2//tags/list", -1, NULL, NULL },
	{ HTTP_GET, "/v2/a//b/tags/list", 1, "a//b", NULL },
	{ HTTP_GET, "/v2/tags/list/tags/list", 1, "tags/list", NULL },
	{ HTTP_POST, "/v2/a/blobs/uploads/", 2, "a", NULL },
	{ HTTP_POST, "/v2/a/blobs/uploads", 3, "a", NULL },
	{ HTTP_PATCH, "/v2/a/b/blobs/uploads/7f", 4, "a/b", "7f" },
	{ HTTP_GET, "/v2/a/blobs/uploads/blobs/sha256:1", 5, "a/blobs/uploads", "sha256:1" },
	{ HTTP_GET, "/v2/a/blobs/sha256%3A1", 5, "a", "sha256:1" },
	{ HTTP_GET, "/v2/a/%62lobs/x", 5, "a", "x" },
	{ HTTP_GET, "/v2/a/blobs/", -1, NULL, NULL },
	{ HTTP_GET, "/v2/a/manifests/x%2Fblobs%2Fy", 6, "a", "x/blobs/y" },
	{ HTTP_GET, "/v2/a%2Fmanifests%2Fx", -1, NULL, NULL },
	{ HTTP_GET, "/v2/a%2Fb/manifests/x", 6, "a/b", "x" },
	{ HTTP_GET, "/v2/%2e%2e/manifests/x", 6, "..", "x" },
	{ HTTP_GET, "/v2/a/../manifests/x", 6, "a/..", "x" },
	{ HTTP_GET, "/v2/a+b/manifests/1+2", 6, "a+b", "1+2" },
	{ HTTP_PUT, "/v2/a/manifests/x", 7, "a", "x" },
	{ HTTP_GET, "http://host:1/v2/a/manifests/x", 6, "a", "x" },
	{ HTTP_GET, "HTTPS://host/v2/", 0, NULL, NULL },
	{ HTTP_GET, "/SUBSCRIPTIONS/S1/resourceGroups/G/Providers/microsoft.security/Assessments",
		8, "S1", "resourceGroups/G" },
	{ HTTP_HEAD, "/own/head", 9, NULL, NULL },
	{ HTTP_GET, "/own/head", 10, NULL, NULL },
	{ HTTP_HEAD, "/get/first", 12, NULL, NULL },
	{ HTTP_GET, "/", -1, NULL, NULL },
};

static void the_table_finds_what_it_should(void **state)
{
	(void)state;
	struct http_table *table = http_table_new(routes, sizeof(routes) / sizeof(routes[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		print_message("# %s\n", row->target);
		struct arena *arena = arena_new(0);
		struct http_target target;
		assert_null(http_target_parse(arena, str_from(row->target), &target));
		struct http_match match;
		http_table_match(table, arena, row->method, &target, &match);
		assert_ptr_equal(match.route, row->route < 0 ? NULL : &routes[row->route]);
		size_t captures = (row->first_value ? 1u : 0u) + (row->second_value ? 1u : 0u);
		assert_int_equal(match.capture_count, captures);
		if (row->first_value)
			assert_true(str_eq(match.captures[0].value, str_from(row->first_value)));
		if (row->second_value)
			assert_true(str_eq(match.captures[1].value, str_from(row->second_value)));
		arena_free(&arena);
	}
	http_table_free(&table);
	assert_null(table);
}

static void a_wrong_method_learns_the_right_ones(void **state)
{
	(void)state;
	struct http_table *table = http_table_new(routes, sizeof(routes) / sizeof(routes[0]));
	struct arena *arena = arena_new(0);
	struct http_target target;
	struct http_match match;
	assert_null(http_target_parse(arena, STR("/v2/a/manifests/x"), &target));
	http_table_match(table, arena, HTTP_DELETE, &target, &match);
	assert_null(match.route);
	assert_true(str_eq(http_allow_text(arena, match.allowed), STR("GET, HEAD, PUT")));
	http_table_match(table, arena, HTTP_METHOD_COUNT, &target, &match);
	assert_null(match.route);
	assert_true(match.allowed != 0);
	arena_free(&arena);
	http_table_free(&table);
}

static void broken_targets_are_refused(void **state)
{
	(void)state;
	static const char *const broken[] = { "", "*", "v2/", "/v2/%", "/v2/%4", "/v2/%zz",
		"/v2/%00", "/v2/a%00b/x", "/v2/?n=%zz", "/v2/?n=%00", "/v2/\x01", "/v2/a b",
		"/v2/\x7f", "host:80" };
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct http_target target;
		print_message("# %s\n", broken[i]);
		assert_non_null(http_target_parse(arena, str_from(broken[i]), &target));
		assert_true(target.path.p != NULL);
	}
	arena_free(&arena);
}

static void parameters_are_decoded_once_and_the_first_counts(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct str query = STR("a=1&a=2&b=x%2By+z&empty=&bare&c%20d=e&mount=sha256:ab&from=p/q");
	struct {
		const char *name;
		const char *value;
	} expected[] = { { "a", "1" }, { "b", "x+y+z" }, { "empty", "" }, { "bare", "" },
		{ "c d", "e" }, { "mount", "sha256:ab" }, { "from", "p/q" }, { "absent", NULL } };
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct str value = http_query_param(arena, query, str_from(expected[i].name), 0);
		assert_int_equal(value.p != NULL, expected[i].value != NULL);
		assert_true(str_eq(value, str_from(expected[i].value)));
	}
	assert_null(http_query_param(arena, STR_NULL, STR("a"), 0).p);
	struct str repeated = STR("t=1&u=x&%74=2&t=%33");
	for (size_t i = 0; i < 3; i++) {
		char digit[2] = { (char)('1' + i), 0 };
		assert_true(
			str_eq(http_query_param(arena, repeated, STR("t"), i), str_from(digit)));
	}
	assert_null(http_query_param(arena, repeated, STR("t"), 3).p);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_finds_what_it_should),
		cmocka_unit_test(a_wrong_method_learns_the_right_ones),
		cmocka_unit_test(broken_targets_are_refused),
		cmocka_unit_test(parameters_are_decoded_once_and_the_first_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
