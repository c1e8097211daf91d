/* SPDX-License-Identifier: Apache-2.0 */
/* package.json: which are packages, what is taken, what is damage. */
#include "language.h"

static void roots_are_packages(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		bool is_package;
	} rows[] = {
		{ "app/node_modules/x/package.json", true },
		{ "app/node_modules/@s/x/package.json", true },
		{ "app/node_modules/y/node_modules/x/package.json", true },
		{ "app/node_modules/.pnpm/x@1.0.0/node_modules/x/package.json", true },
		{ "app/node_modules/.pnpm/@s+x@1.0.0/node_modules/@s/x/package.json", true },
		{ "usr/local/lib/node_modules/npm/package.json", true },
		{ "opt/yarn-v1.22.19/package.json", true },
		{ "usr/share/nodejs/x/package.json", true },
		{ "package.json", true },
		{ "app/node_modules/x/esm/package.json", false },
		{ "app/node_modules/@s/x/dist/package.json", false },
		{ "app/node_modules/@s/package.json", false },
		{ "app/node_modules/package.json", false },
		{ "app/node_modules/x/test/a/b/package.json", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome = analyze_cstr(
			analyze_npm, rows[i].path, "{\"name\": \"x\", \"version\": \"1.0.0\"}");
		assert_int_equal(outcome.code, 0);
		if (outcome.inventory.packages.n != rows[i].is_package)
			fail_msg("%s", rows[i].path);
		arena_free(&outcome.arena);
	}
}

static void fields_in_all_their_forms(void **state)
{
	(void)state;
	static const struct {
		const char *text, *package, *licence, *supplier;
	} rows[] = {
		{ "{\"name\":\"@a/b\",\"version\":\"1.2.3-rc.1+b\",\"license\":\"MIT\","
		  "\"author\":\"A <a@b>\"}",
			"npm @a/b 1.2.3-rc.1+b\n", "MIT", "A <a@b>" },
		{ "\xEF\xBB\xBF{\"name\":\"b\",\"version\":\"v1.0.0\","
		  "\"license\":{\"type\":\"ISC\"},\"author\":{\"name\":\"A\"}}",
			"npm b 1.0.0\n", "ISC", "A" },
		{ "{\"name\":\"c\",\"version\":\" =2.0.0 \","
		  "\"licenses\":[{\"type\":\"MIT\"},\"X\",3]}",
			"npm c 2.0.0\n", "MIT OR X", "" },
		{ "{\"name\":\"d\",\"version\":\"1\",\"license\":7,\"author\":[1]}", "npm d 1\n",
			"", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome =
			analyze_cstr(analyze_npm, "node_modules/x/package.json", rows[i].text);
		assert_packages(&outcome, rows[i].package);
		const struct package *package = outcome.inventory.packages.items;
		assert_true(str_eq(package->licence, str_from(rows[i].licence)));
		assert_true(str_eq(package->supplier, str_from(rows[i].supplier)));
		assert_true(str_eq(package->source_name, package->name));
		arena_free(&outcome.arena);
	}
}

static void what_is_no_package_is_passed_over(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"type\": \"module\"}",
		"{\"name\": \"x\"}",
		"{\"version\": \"1\"}",
		"{\"name\": \"two words\", \"version\": \"1\"}",
		"[]",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct outcome outcome =
			analyze_cstr(analyze_npm, "node_modules/x/package.json", texts[i]);
		assert_packages(&outcome, "");
		arena_free(&outcome.arena);
	}
	static const char application[] =
		"{\"name\": \"app\", \"version\": \"1.0.0\", \"private\": true}";
	struct outcome outcome = analyze_cstr(analyze_npm, "srv/package.json", application);
	assert_packages(&outcome, "");
	arena_free(&outcome.arena);
	outcome = analyze_cstr(analyze_npm, "srv/node_modules/app/package.json", application);
	assert_packages(&outcome, "npm app 1.0.0\n");
	arena_free(&outcome.arena);
}

static void damage_and_bombs_are_told(void **state)
{
	(void)state;
	is_damaged(analyze_cstr(analyze_npm, "package.json", "{\"name\": "), "");
	is_damaged(analyze_cstr(analyze_npm, "package.json", ""), "");
	AUTO_STRBUF struct strbuf deep = STRBUF(1 << 20);
	for (int i = 0; i < 100000; i++)
		strbuf_add_char(&deep, '[');
	is_damaged(analyze_bytes(analyze_npm, "package.json", strbuf_view(&deep)), "");
	AUTO_STRBUF struct strbuf wide = STRBUF(16 << 20);
	strbuf_add_char(&wide, '[');
	for (int i = 0; i < 2000000; i++)
		strbuf_add_cstr(&wide, "{},");
	is_damaged(analyze_bytes(analyze_npm, "package.json", strbuf_view(&wide)), "JSON values");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_packages),
		cmocka_unit_test(fields_in_all_their_forms),
		cmocka_unit_test(what_is_no_package_is_passed_over),
		cmocka_unit_test(damage_and_bombs_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
