/* SPDX-License-Identifier: Apache-2.0 */
/* conda, RubyGems, Composer, .NET: their lists, in old and new forms, whole and damaged. */
#include "language.h"

struct row {
	analyze_fn *analyze;
	const char *text;
	const char *packages;
	const char *arch, *licence, *supplier; /* of the first package */
};

static void lists_in_all_their_forms(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ analyze_conda,
			"{\"name\":\"numpy\",\"version\":\"1.26.4\",\"build\":\"py311_0\","
			"\"subdir\":\"linux-64\",\"license\":\"BSD\",\"channel\":\"c\"}",
			"conda numpy 1.26.4\n", "linux-64", "BSD", "c" },
		{ analyze_gem,
			"# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n#\n\n"
			"Gem::Specification.new do |s|\n  s.name = \"other\".freeze\n"
			"  s.version = \"9\"\n  s.licenses = [\"MIT\".freeze]\n"
			"  s.authors = [\"A\".freeze, \"B\".freeze]\nend\n",
			"gem nokogiri 1.15.4\n", "x86_64-linux", "MIT", "A" },
		{ analyze_gem,
			"Gem::Specification.new do |spec|\n  spec.name = 'rake'\n"
			"  spec.version = '13.0.6'\n  spec.required_ruby_version = \"2\"\nend\n",
			"gem rake 13.0.6\n", "", "", "" },
		{ analyze_gem, "# stub: x 1.0 ruby lib\n", "gem x 1.0\n", "", "", "" },
		/* Put together when it runs: not known. */
		{ analyze_gem, "s.name = \"x\"\ns.version = \"1.#{minor}\"\n", "", "", "", "" },
		{ analyze_gem, "s.name = \"x\"\ns.version = VERSION\n", "", "", "", "" },
		{ analyze_composer,
			"{\"packages\":[{\"name\":\"a/"
			"b\",\"version\":\"v1.2.3\",\"license\":[\"MIT\","
			"\"GPL-2.0\"],\"authors\":[{\"name\":\"A\"}]},{\"name\":\"c/"
			"d\",\"version\":"
			"\"dev-main\"},{\"name\":\"no/version\"}],\"dev\":true}",
			"composer a/b 1.2.3\ncomposer c/d dev-main\n", "", "MIT OR GPL-2.0", "A" },
		{ analyze_composer, "[{\"name\":\"a/b\",\"version\":\"1.0.0.0\"}]",
			"composer a/b 1.0.0.0\n", "", "", "" },
		{ analyze_dotnet,
			"{\"runtimeTarget\":{},\"libraries\":{\"App/1.0.0\":{\"type\":\"project\"},"
			"\"Newtonsoft.Json/13.0.1\":{\"type\":\"package\",\"serviceable\":true},"
			"\"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1\":"
			"{\"type\":\"runtimepack\"},\"odd\":{\"type\":\"package\"}}}",
			"nuget Newtonsoft.Json 13.0.1\n"
			"nuget Microsoft.NETCore.App.Runtime.linux-x64 6.0.1\n",
			"", "", "" },
		{ analyze_dotnet, "{}", "", "", "", "" },
		{ analyze_java_release,
			"IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"17.0.9+9\"\n"
			"JAVA_VERSION=\"17.0.9\"\n",
			"generic openjdk 17.0.9+9\n", "", "", "Eclipse Adoptium" },
		{ analyze_java_release, "JAVA_VERSION=\"1.8.0_392\"\nBUILD_TYPE=\"commercial\"\n",
			"generic oracle-java 1.8.0_392\n", "", "", "" },
		{ analyze_java_release, "node v18 release notes\n", "", "", "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome = analyze_cstr(rows[i].analyze, "some/path", rows[i].text);
		assert_packages(&outcome, rows[i].packages);
		const struct package *package = outcome.inventory.packages.items;
		if (outcome.inventory.packages.n) {
			assert_true(str_eq(package->arch, str_from(rows[i].arch)));
			assert_true(str_eq(package->licence, str_from(rows[i].licence)));
			assert_true(str_eq(package->supplier, str_from(rows[i].supplier)));
		}
		arena_free(&outcome.arena);
	}
}

static void damage_is_told(void **state)
{
	(void)state;
	is_damaged(analyze_cstr(analyze_conda, "x", "{\"name\":\"x\""), "");
	is_damaged(analyze_cstr(analyze_composer, "x", ""), "");
	is_damaged(analyze_cstr(analyze_dotnet, "x", "{\"libraries\":{"), "");
	is_damaged(analyze_bytes(analyze_gem, "x", STR("s.name = \"x\"\0\n")), "not text");
}

/* Deep nesting and many values are refused before they cost memory. */
static void bombs_are_refused(void **state)
{
	(void)state;
	static analyze_fn *const analyzers[] = { analyze_conda, analyze_composer, analyze_dotnet };
	AUTO_STRBUF struct strbuf wide = STRBUF(128 << 20);
	AUTO_STRBUF struct strbuf deep = STRBUF(1 << 20);
	strbuf_add_cstr(&wide, "{\"packages\":[");
	while (wide.n < 100 << 20)
		strbuf_add_cstr(&wide, "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},");
	for (int i = 0; i < 100000; i++)
		strbuf_add_cstr(&deep, "{\"a\":");
	for (size_t i = 0; i < 3; i++) {
		is_damaged(analyze_bytes(analyzers[i], "x", strbuf_view(&wide)), "JSON values");
		is_damaged(analyze_bytes(analyzers[i], "x", strbuf_view(&deep)), "");
	}
}

static void table_finds_every_file(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum layer_file_kind kind;
	} rows[] = {
		{ "opt/conda/conda-meta/numpy-1.26.4-0.json", LAYER_FILE_CONDA },
		{ "opt/conda/envs/e/conda-meta/x-1-0.json", LAYER_FILE_CONDA },
		{ "usr/lib/ruby/gems/3.1.0/specifications/x-1.gemspec", LAYER_FILE_GEM },
		{ "usr/lib/ruby/gems/3.1.0/specifications/default/x-1.gemspec", LAYER_FILE_GEM },
		{ "app/vendor/composer/installed.json", LAYER_FILE_COMPOSER },
		{ "app/app.deps.json", LAYER_FILE_DOTNET },
		{ "opt/java/openjdk/release", LAYER_FILE_JAVA_RELEASE },
		{ "app/x.war", LAYER_FILE_JAVA },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct analyzer *found = analyze_for_path(str_from(rows[i].path));
		if (!found || found->kind != rows[i].kind)
			fail_msg("%s", rows[i].path);
	}
	assert_null(analyze_for_path(STR("opt/conda/pkgs/x/info/index.json")));
	assert_null(analyze_for_path(STR("gems/x-1/x.gemspec")));
	assert_null(analyze_for_path(STR("app/installed.json")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_in_all_their_forms),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(table_finds_every_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
