/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two snapshots names every package whose judgement may differ, and no other. */
#include "fixture.h"

#include "advisory/diff.h"
#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ENTRY(package, fix)                                                                        \
	"{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"" package                            \
	"\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":"   \
	"\"" fix "\"}]}]}"
#define RECORD(id, members, entries) "{\"id\":\"" id "\"," members "\"affected\":[" entries "]}\n"
#define CVE(id, severity)                                                                          \
	"{\"id\":\"" id "\",\"database_specific\":{\"severity\":\"" severity                       \
	"\"},\"affected\":[]}\n"

/* DSA-1 leads to CVE-2023-1; GHSA-a is another name of CVE-2023-1; DSA-3 stands alone. */
#define LEADING RECORD("DSA-1", "\"upstream\":[\"CVE-2023-1\"],", ENTRY("one", "2"))
#define ALIAS                                                                                      \
	RECORD("GHSA-aaaa-bbbb-cccc", "\"aliases\":[\"CVE-2023-1\"],\"summary\":\"words\",",       \
		ENTRY("two", "2"))
#define ALONE RECORD("DSA-3", "\"related\":[\"DSA-1\"],", ENTRY("three", "2"))

static char before_id[65];

static struct snapshot_diff diff_of(struct fixture *f, const char *first, const char *second)
{
	struct snapshot_diff diff;
	struct snapshot *before;
	struct snapshot *after;
	struct str data = arena_printf(f->arena, "%s/data", f->root);
	fixture_write(f, "a.jsonl", str_from(first));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	memcpy(before_id, f->report.snapshot_id, sizeof(before_id));
	fixture_write(f, "a.jsonl", str_from(second));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(snapshot_open(data.p, str_from(before_id), &before, &f->err), 0);
	assert_int_equal(snapshot_open_current(data.p, &after, &f->err), 0);
	if (snapshot_diff(before, after, f->arena, &diff, &f->err) < 0)
		fail_msg("%s", err_text(&f->err));
	snapshot_close(&before);
	snapshot_close(&after);
	return diff;
}

static void expect(struct snapshot_diff *diff, const char *const *names, size_t count)
{
	struct arena *arena = arena_new(0);
	assert_int_equal(map_count(diff->names), count);
	for (size_t i = 0; i < count; i++) {
		const struct package package = { .name = STR("binary"),
			.source_name = str_from(names[i]) };
		assert_true(snapshot_diff_touches(diff, arena, &package));
	}
	const struct package other = { .name = STR("other"), .source_name = STR("other") };
	assert_false(snapshot_diff_touches(diff, arena, &other));
	snapshot_diff_free(diff);
	arena_free(&arena);
}

static void a_changed_range_names_its_package(void **state)
{
	static const char *const names[] = { "three" };
	struct snapshot_diff diff = diff_of(*state, LEADING ALONE,
		LEADING RECORD("DSA-3", "\"related\":[\"DSA-1\"],", ENTRY("three", "3")));
	assert_int_equal(diff.records, 1);
	expect(&diff, names, 1);
}

static void a_record_that_comes_or_goes_names_its_packages(void **state)
{
	static const char *const names[] = { "three", "four" };
	struct snapshot_diff diff =
		diff_of(*state, LEADING ALONE, LEADING RECORD("DSA-4", "", ENTRY("four", "1")));
	assert_int_equal(diff.records, 2);
	expect(&diff, names, 2);
}

static void a_rating_reaches_all_who_lead_to_it(void **state)
{
	static const char *const names[] = { "one", "two", "three" };
	/* "three" is named because its record mentions DSA-1: one too many does no harm. */
	struct snapshot_diff diff = diff_of(*state, LEADING ALIAS ALONE CVE("CVE-2023-1", "LOW"),
		LEADING ALIAS ALONE CVE("CVE-2023-1", "HIGH"));
	assert_int_equal(diff.records, 1);
	expect(&diff, names, 3);
}

static void a_rating_elsewhere_reaches_nobody(void **state)
{
	struct snapshot_diff diff = diff_of(*state, LEADING ALIAS CVE("CVE-2023-9", "LOW"),
		LEADING ALIAS CVE("CVE-2023-9", "HIGH"));
	assert_int_equal(diff.records, 1);
	expect(&diff, NULL, 0);
}

static void a_new_alias_reaches_those_it_joins(void **state)
{
	static const char *const names[] = { "one", "two" };
	struct snapshot_diff diff = diff_of(*state,
		LEADING RECORD("GHSA-aaaa-bbbb-cccc", "", ENTRY("two", "2")), LEADING ALIAS);
	expect(&diff, names, 2);
}

static void words_and_dates_name_nobody(void **state)
{
	struct snapshot_diff diff = diff_of(*state, LEADING ALIAS,
		LEADING RECORD("GHSA-aaaa-bbbb-cccc",
			"\"aliases\":[\"CVE-2023-1\"],\"summary\":\"other words\",\"modified\":"
			"\"2023-05-06T00:00:00Z\",\"details\":\"long\",",
			ENTRY("two", "2")));
	assert_int_equal(diff.records, 0);
	assert_int_equal(diff.records_text, 1);
	assert_int_equal(diff.texts.n, 2);
	assert_true(str_eq(diff.texts.items[0].title, STR("other words")));
	assert_true(str_eq(diff.texts.items[1].vulnerability, STR("CVE-2023-1")));
	assert_int_equal(diff.texts.items[1].title.n, 0);
	assert_true(diff.texts.items[1].modified_us != TIME_NONE);
	expect(&diff, NULL, 0);
}

static void withdrawal_names_the_package(void **state)
{
	static const char *const names[] = { "three" };
	struct snapshot_diff diff = diff_of(*state, LEADING ALONE,
		LEADING RECORD(
			"DSA-3", "\"withdrawn\":\"2020-01-01T00:00:00Z\",", ENTRY("three", "2")));
	expect(&diff, names, 1);
}

static void the_first_advisories_of_a_release_touch_its_packages(void **state)
{
	struct fixture *f = *state;
	struct snapshot_diff diff = diff_of(f, LEADING,
		LEADING "{\"id\":\"GHSA-x\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\","
			"\"name\":\"Some_Thing\"},\"versions\":[\"1\"]}]}\n");
	const struct package any = {
		.type = PACKAGE_PYPI, .name = STR("x"), .source_name = STR("x")
	};
	const struct package deb = {
		.type = PACKAGE_DEB, .name = STR("x"), .source_name = STR("x")
	};
	assert_true(snapshot_diff_touches(&diff, f->arena, &any));
	assert_false(snapshot_diff_touches(&diff, f->arena, &deb));
	snapshot_diff_free(&diff);
}

static void names_are_compared_as_their_ecosystem_spells_them(void **state)
{
	struct fixture *f = *state;
#define PYPI(version)                                                                              \
	"{\"id\":\"GHSA-x\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":"          \
	"\"some-thing\"},\"versions\":[\"" version "\"]}]}\n"
	struct snapshot_diff diff = diff_of(f, PYPI("1"), PYPI("2"));
	const struct package package = {
		.type = PACKAGE_PYPI, .name = STR("Some_Thing"), .source_name = STR("Some_Thing")
	};
	assert_int_equal(diff.types.n, 0);
	assert_true(snapshot_diff_touches(&diff, f->arena, &package));
	snapshot_diff_free(&diff);
}

static void a_snapshot_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct snapshot *snapshot;
	struct str data = arena_printf(f->arena, "%s/data", f->root);
	struct str id = STR("0123456789012345678901234567890123456789012345678901234567890123");
	assert_int_equal(snapshot_open(data.p, id, &snapshot, &f->err), SNAPSHOT_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_changed_range_names_its_package),
		TEST(a_record_that_comes_or_goes_names_its_packages),
		TEST(a_rating_reaches_all_who_lead_to_it),
		TEST(a_rating_elsewhere_reaches_nobody),
		TEST(a_new_alias_reaches_those_it_joins),
		TEST(words_and_dates_name_nobody),
		TEST(withdrawal_names_the_package),
		TEST(the_first_advisories_of_a_release_touch_its_packages),
		TEST(names_are_compared_as_their_ecosystem_spells_them),
		TEST(a_snapshot_that_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
