/* SPDX-License-Identifier: Apache-2.0 */
/* Each analyzer on small texts: what counts, what does not, what is damage. */
#include "analyze/analyzer.h"
#include "inventory/watched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct result {
	struct arena *arena;
	struct layer_inventory inventory;
	struct err err;
	int code;
};

static struct result run(analyze_fn *analyze, const char *text)
{
	struct result result = { .arena = arena_new(0) };
	struct analyze_sink sink = { .arena = result.arena, .inventory = &result.inventory };
	result.code = analyze(str_from(text), &sink, &result.err);
	return result;
}

static void is_package(const struct package *package, const char *name, const char *version,
	const char *source_name, const char *source_version)
{
	assert_true(str_eq(package->name, str_from(name)));
	assert_true(str_eq(package->version, str_from(version)));
	assert_true(str_eq(package->source_name, str_from(source_name)));
	assert_true(str_eq(package->source_version, str_from(source_version)));
}

static void dpkg_takes_installed_packages_only(void **state)
{
	(void)state;
	struct result result = run(analyze_dpkg_status,
		"Package: bsdutils\nStatus: install ok installed\nArchitecture: amd64\n"
		"Source: util-linux (2.38.1-5)\nMaintainer: Somebody <s@example.org>\n"
		"Version: 1:2.38.1-5+b1\nDescription: basic utilities\n long text: with colon\n .\n"
		"\n\n"
		"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		"Package: half\nStatus: install ok half-configured\nVersion: 1\n\n"
		"Package: held\nStatus: hold ok installed\nVersion: 2-1\n\n"
		"Package: silent\nVersion: 3\n\n"
		"Package: libc6\nStatus: install ok installed\nSource: glibc\nVersion: 2.36-9");
	assert_int_equal(result.code, 0);
	assert_int_equal(result.inventory.packages.n, 3);
	const struct package *packages = result.inventory.packages.items;
	is_package(&packages[0], "bsdutils", "1:2.38.1-5+b1", "util-linux", "2.38.1-5");
	assert_true(str_eq(packages[0].arch, STR("amd64")));
	assert_true(str_eq(packages[0].supplier, STR("Somebody <s@example.org>")));
	is_package(&packages[1], "held", "2-1", "held", "2-1");
	is_package(&packages[2], "libc6", "2.36-9", "glibc", "2.36-9");
	arena_free(&result.arena);
}

static void dpkg_damage_is_told(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"this is not a database\n",
		"Package: x\nStatus: install ok installed\n\n",
		"Status: install ok installed\nVersion: 1\n\n",
		"Package: two words\nStatus: install ok installed\nVersion: 1\n",
		" continuation of nothing\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct result result = run(analyze_dpkg_status, texts[i]);
		assert_true(result.code < 0);
		arena_free(&result.arena);
	}
}

static void status_d_needs_no_status_and_has_other_files(void **state)
{
	(void)state;
	struct result result = run(
		analyze_dpkg_status_d, "Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n");
	assert_int_equal(result.code, 0);
	assert_int_equal(result.inventory.packages.n, 1);
	arena_free(&result.arena);
	result = run(analyze_dpkg_status_d, "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x\n");
	assert_int_equal(result.code, 0);
	assert_int_equal(result.inventory.packages.n, 0);
	arena_free(&result.arena);
}

static void apk_takes_origin_as_source(void **state)
{
	(void)state;
	struct result result = run(analyze_apk_installed,
		"C:Q1abc=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\nL:Apache-2.0\no:openssl\n"
		"m:Some One <a@b.c>\nF:lib\nR:libcrypto.so.3\na:0:0:755\nZ:Q1x=\n\n"
		"P:musl\nV:1.2.4-r2\nF:\n\n\n");
	assert_int_equal(result.code, 0);
	assert_int_equal(result.inventory.packages.n, 2);
	const struct package *packages = result.inventory.packages.items;
	is_package(&packages[0], "libcrypto3", "3.1.4-r5", "openssl", "3.1.4-r5");
	assert_true(str_eq(packages[0].licence, STR("Apache-2.0")));
	is_package(&packages[1], "musl", "1.2.4-r2", "musl", "1.2.4-r2");
	arena_free(&result.arena);
	result = run(analyze_apk_installed, "P:no-version\n\n");
	assert_true(result.code < 0);
	arena_free(&result.arena);
	result = run(analyze_apk_installed, "\x1f\x8bgarbage");
	assert_true(result.code < 0);
	arena_free(&result.arena);
}

static void os_release_unquotes_like_a_shell(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *value; /* NULL: no fact */
	} rows[] = {
		{ "ID=debian", "debian" },
		{ "ID=\"al pine\"", "al pine" },
		{ "ID='it is $5'", "it is $5" },
		{ "ID=\"a \\\"b\\\" \\$c \\n\"", "a \"b\" $c \\n" },
		{ "  ID=padded  ", "padded" },
		{ "ID=", "" },
		{ "# ID=comment", NULL },
		{ "no assignment", NULL },
		{ "1D=x", NULL },
		{ "ID=\"open", "open" },
		{ "ID=crlf\r", "crlf" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct result result = run(analyze_os_release, rows[i].line);
		assert_int_equal(result.code, 0);
		assert_int_equal(result.inventory.facts.n, rows[i].value ? 1 : 0);
		if (rows[i].value &&
			!str_eq(result.inventory.facts.items[0].value, str_from(rows[i].value)))
			fail_msg("%s gave " STR_FMT, rows[i].line,
				STR_ARG(result.inventory.facts.items[0].value));
		arena_free(&result.arena);
	}
}

static void paths_are_matched_whole(void **state)
{
	(void)state;
	assert_non_null(analyze_for_path(STR("var/lib/dpkg/status")));
	assert_non_null(analyze_for_path(STR("var/lib/dpkg/status.d/base")));
	assert_null(analyze_for_path(STR("var/lib/dpkg/status.d/a/b")));
	assert_null(analyze_for_path(STR("var/lib/dpkg/status.d/")));
	assert_null(analyze_for_path(STR("var/lib/dpkg/status-old")));
	assert_non_null(analyze_for_path(STR("usr/lib/apk/db/installed")));
	assert_true(analyze_cares_below(STR("")));
	assert_true(analyze_cares_below(STR("var/lib")));
	assert_true(analyze_cares_below(STR("var/lib/dpkg/status.d")));
	assert_true(analyze_cares_below(STR("var/lib/dpkg/status.d/base")));
	assert_false(analyze_cares_below(STR("var/li")));
	assert_false(analyze_cares_below(STR("var/library")));
	assert_false(analyze_cares_below(STR("home")));
}

/* Every file kind has a row; rows of one name stand together, with one version. */
static void table_is_complete(void **state)
{
	(void)state;
	bool seen[LAYER_FILE_KIND_COUNT] = { false };
	for (size_t i = 0; i < analyze_table_count; i++) {
		bool waits = analyze_table[i].kind == LAYER_FILE_SQLITE_LOG;
		assert_true(waits == (analyze_table[i].read == NULL));
		seen[analyze_table[i].kind] = true;
		for (size_t k = 0; k < i; k++)
			if (str_eq(analyze_table[k].name, analyze_table[i].name))
				assert_true(
					analyze_table[k].version == analyze_table[i].version &&
					str_eq(analyze_table[i - 1].name, analyze_table[i].name));
	}
	for (size_t i = 0; i < LAYER_FILE_KIND_COUNT; i++)
		assert_true(seen[i]);
	struct arena *arena = arena_new(0);
	assert_true(str_starts(analyze_versions(arena), STR("dpkg=2,apk=2,rpm=1,")));
	arena_free(&arena);
}

/* What is given to a worker from a root directory is what its analyzers read. */
static void watched_paths_are_those_of_the_table(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"var/lib/dpkg/status",
		"var/lib/dpkg/info/bash.list",
		"var/lib/dpkg/info/bash.md5sums",
		"usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
		"var/lib/pacman/local/a-1-1/desc",
		"var/lib/pacman/local/a-1-1/mtree",
		"etc/os-release",
		"etc/passwd",
		"home/app/node_modules/x/package.json",
		"opt/app.jar",
		"",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(watched_path(str_from(paths[i])),
			analyze_for_path(str_from(paths[i])) != NULL);
	for (size_t i = 0; i < analyze_table_count; i++) {
		struct str rest = analyze_table[i].paths;
		struct str pattern;
		while (rest.n && str_cut(&rest, ' ', &pattern)) {
			AUTO_STRBUF struct strbuf path = STRBUF(4096);
			for (size_t k = 0; k < pattern.n; k++)
				strbuf_add_char(&path, pattern.p[k] == '*' ? 'x' : pattern.p[k]);
			assert_true(watched_path(strbuf_view(&path)));
		}
	}
	assert_true(watched_head(STR("\177ELF")));
	assert_false(watched_head(STR("#!/b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dpkg_takes_installed_packages_only),
		cmocka_unit_test(dpkg_damage_is_told),
		cmocka_unit_test(status_d_needs_no_status_and_has_other_files),
		cmocka_unit_test(apk_takes_origin_as_source),
		cmocka_unit_test(os_release_unquotes_like_a_shell),
		cmocka_unit_test(paths_are_matched_whole),
		cmocka_unit_test(table_is_complete),
		cmocka_unit_test(watched_paths_are_those_of_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
