/* SPDX-License-Identifier: Apache-2.0 */
/* Python distributions: METADATA and PKG-INFO, eggs. */
#include "language.h"

#include "../codec/zip_samples.h"

static void metadata_in_all_its_forms(void **state)
{
	(void)state;
	static const struct {
		const char *text, *package, *licence, *supplier;
	} rows[] = {
		{ "Metadata-Version: 2.1\nName: Foo_Bar.baz\nVersion: 1.0.post1\nLicense: MIT\n"
		  "Author: A\nAuthor-email: a@b\n\nName: not this\n",
			"pypi Foo_Bar.baz 1.0.post1\n", "MIT", "A" },
		{ "Name: x\r\nVersion: 1!2.0\r\nLicense: UNKNOWN\r\n"
		  "Classifier: Topic :: Y\r\n"
		  "Classifier: License :: OSI Approved :: BSD License\r\nAuthor-email: a@b\r\n",
			"pypi x 1!2.0\n", "BSD License", "a@b" },
		{ "Version: 1\nname: x\nLicense-Expression: MIT OR Apache-2.0\nLicense: other\n"
		  "Author: UNKNOWN\n",
			"pypi x 1\n", "MIT OR Apache-2.0", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome =
			analyze_cstr(analyze_python, "x.dist-info/METADATA", rows[i].text);
		assert_packages(&outcome, rows[i].package);
		const struct package *package = outcome.inventory.packages.items;
		assert_true(str_eq(package->licence, str_from(rows[i].licence)));
		assert_true(str_eq(package->supplier, str_from(rows[i].supplier)));
		arena_free(&outcome.arena);
	}
}

static void what_names_nothing_is_passed_over(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "Name: x\n", "Name: x\n\nVersion: 1\n",
		"Version: 1\n", "Name: a b\nVersion: 1\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct outcome outcome = analyze_cstr(analyze_python, "x.egg-info", texts[i]);
		assert_packages(&outcome, "");
		arena_free(&outcome.arena);
	}
	is_damaged(analyze_bytes(analyze_python, "x.egg-info", STR("Name: x\0\n")), "not text");
}

static void eggs_are_opened(void **state)
{
	(void)state;
	for (int deflated = 0; deflated < 2; deflated++) {
		AUTO_STRBUF struct strbuf egg = STRBUF(1 << 20);
		struct zip_sample zip;
		zip_sample_begin(&zip, &egg);
		zip_sample_add(&zip, "x/__init__.py", STR("code"), true);
		zip_sample_add(&zip, "EGG-INFO/PKG-INFO", STR("Name: x\nVersion: 1.2\n"), deflated);
		zip_sample_end(&zip, false, "");
		struct outcome outcome =
			analyze_bytes(analyze_python_egg, "x-1.2-py3.11.egg", strbuf_view(&egg));
		assert_packages(&outcome, "pypi x 1.2\n");
		arena_free(&outcome.arena);
		is_damaged(analyze_bytes(analyze_python_egg, "x.egg",
				   str_sub(strbuf_view(&egg), 0, egg.n / 2)),
			"zip");
	}
	struct outcome outcome = analyze_bytes(analyze_python_egg, "x.egg", STR(""));
	assert_packages(&outcome, "");
	arena_free(&outcome.arena);
}

static void table_finds_every_layout(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"usr/lib/python3/dist-packages/six-1.16.0.egg-info",
		"usr/lib/python3/dist-packages/idna-3.3.egg-info/PKG-INFO",
		"usr/lib/python3.11/site-packages/pip-23.dist-info/METADATA",
		"srv/lib/x-1.0-py3.11.egg/EGG-INFO/PKG-INFO",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(analyze_for_path(str_from(paths[i]))->kind, LAYER_FILE_PYTHON);
	assert_int_equal(analyze_for_path(STR("a/x-1.0.egg"))->kind, LAYER_FILE_PYTHON_EGG);
	assert_null(analyze_for_path(STR("a/METADATA")));
	assert_null(analyze_for_path(STR("a/PKG-INFO")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_in_all_its_forms),
		cmocka_unit_test(what_names_nothing_is_passed_over),
		cmocka_unit_test(eggs_are_opened),
		cmocka_unit_test(table_finds_every_layout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
