/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the grammar of the distribution specification row by row. */
#include "base/limits.h"
#include "oci/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

static void repositories_follow_the_grammar(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "a", true },
		{ "0", true },
		{ "library/alpine", true },
		{ "a/b/c/d/e/f", true },
		{ "a.b", true },
		{ "a_b", true },
		{ "a__b", true },
		{ "a-b", true },
		{ "a-----b", true },
		{ "a.b_c__d-e--f/g0", true },
		{ "", false },
		{ "/", false },
		{ "a/", false },
		{ "/a", false },
		{ "a//b", false },
		{ "A", false },
		{ "a..b", false },
		{ "a.-b", false },
		{ "a___b", false },
		{ "a_-b", false },
		{ "-a", false },
		{ "a-", false },
		{ ".a", false },
		{ "a.", false },
		{ "_a", false },
		{ "..", false },
		{ "a/../b", false },
		{ "a b", false },
		{ "a:b", false },
		{ "a@b", false },
		{ "a\n", false },
		{ "\xc3\xa4", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (oci_repository_valid(str_from(rows[i].name)) != rows[i].valid)
			fail_msg("wrong answer for \"%s\"", rows[i].name);
	}
	assert_false(oci_repository_valid((struct str){ "a\0b", 3 }));
}

static void lengths_have_an_edge(void **state)
{
	(void)state;
	char text[LIMIT_REPOSITORY_NAME + 1];
	memset(text, 'a', sizeof(text));
	assert_true(oci_repository_valid((struct str){ text, LIMIT_REPOSITORY_NAME }));
	assert_false(oci_repository_valid((struct str){ text, LIMIT_REPOSITORY_NAME + 1 }));
	assert_true(oci_tag_valid((struct str){ text, LIMIT_TAG_NAME }));
	assert_false(oci_tag_valid((struct str){ text, LIMIT_TAG_NAME + 1 }));
}

static void tags_follow_the_grammar(void **state)
{
	(void)state;
	static const char *const good[] = { "latest", "_", "1.0", "V1-rc.2_x", "A", "9..-" };
	static const char *const bad[] = { "", ".a", "-a", "a b", "a/b", "a:b", "a+b", "a\t" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(oci_tag_valid(str_from(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(oci_tag_valid(str_from(bad[i])));
}

static void references_are_taken_apart(void **state)
{
	(void)state;
	struct oci_reference r;
	assert_true(oci_reference_parse(STR("library/alpine"), &r));
	assert_true(str_eq(r.repository, STR("library/alpine")));
	assert_true(str_eq(r.tag, STR("latest")));
	assert_null(r.digest.p);
	assert_true(oci_reference_parse(STR("app:1.0"), &r));
	assert_true(str_eq(r.repository, STR("app")) && str_eq(r.tag, STR("1.0")));
	assert_true(oci_reference_parse(STR("app@" DIGEST), &r));
	assert_true(str_eq(r.repository, STR("app")) && str_eq(r.digest, STR(DIGEST)));
	assert_true(r.tag.n == 0);
	assert_true(oci_reference_parse(STR("app:1@" DIGEST), &r));
	assert_true(str_eq(r.tag, STR("1")) && str_eq(r.digest, STR(DIGEST)));
}

static void broken_references_leave_the_result_alone(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ":", "@", "app:", "app@", "app@sha256:12", ":tag",
		"@" DIGEST, "app@" DIGEST ":tag", "app:a:b", "host:5000/app", "App:1" };
	struct oci_reference r = { .tag = STR("untouched") };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (oci_reference_parse(str_from(bad[i]), &r))
			fail_msg("accepted: %s", bad[i]);
	}
	assert_true(str_eq(r.tag, STR("untouched")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repositories_follow_the_grammar),
		cmocka_unit_test(lengths_have_an_edge),
		cmocka_unit_test(tags_follow_the_grammar),
		cmocka_unit_test(references_are_taken_apart),
		cmocka_unit_test(broken_references_leave_the_result_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
