/* SPDX-License-Identifier: Apache-2.0 */
/* Names, the reading order of findings, and what they advise. */
#include "inventory/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void feeds_words_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		enum severity severity;
	} cases[] = { { "CRITICAL", SEVERITY_CRITICAL }, { "Important", SEVERITY_HIGH },
		{ "moderate", SEVERITY_MEDIUM }, { "MEDIUM", SEVERITY_MEDIUM },
		{ "negligible", SEVERITY_LOW }, { "low", SEVERITY_LOW }, { "none", SEVERITY_LOW },
		{ "unknown", SEVERITY_UNKNOWN } };
	enum severity severity;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(severity_parse(str_from(cases[i].word), &severity));
		assert_int_equal(severity, cases[i].severity);
	}
	assert_false(severity_parse(STR("not yet assigned"), &severity));
	assert_false(severity_parse(STR(""), &severity));
}

static void names_are_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < IMAGE_STATE_COUNT; i++) {
		enum image_state state_read;
		assert_true(image_state_parse(image_state_name((enum image_state)i), &state_read));
		assert_int_equal(state_read, i);
	}
	for (int i = FIX_UNKNOWN; i <= FIX_WONT; i++) {
		enum fix_state fix;
		assert_true(fix_state_parse(fix_state_name((enum fix_state)i), &fix));
		assert_int_equal(fix, i);
	}
}

static struct package package(enum package_type type)
{
	return (struct package){ .type = type,
		.name = STR("libssl3"),
		.version = STR("3.0.9-1"),
		.source_name = STR("openssl"),
		.source_version = STR("3.0.9-1") };
}

static void the_remedy_names_command_and_versions(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	const struct match match = { .fix_state = FIX_AVAILABLE, .fixed_version = STR("3.0.11-1") };
	struct package deb = package(PACKAGE_DEB);
	struct str text = finding_remedy(arena, &deb, &match);
	assert_string_equal(text.p, "Upgrade libssl3 from 3.0.9-1 to 3.0.11-1 or later: apt-get "
				    "update && apt-get install --only-upgrade -y libssl3 (built "
				    "from source package openssl), or use a newer base image; then "
				    "rebuild and push.");
	struct package apk = package(PACKAGE_APK);
	apk.source_name = apk.name;
	text = finding_remedy(arena, &apk, &match);
	assert_string_equal(text.p, "Upgrade libssl3 from 3.0.9-1 to 3.0.11-1 or later: apk "
				    "upgrade --no-cache libssl3, or use a newer base image; then "
				    "rebuild and push.");
	/* The binary package counts its own versions. */
	deb.version = STR("1:3.0.9-1+b1");
	text = finding_remedy(arena, &deb, &match);
	assert_true(str_starts(text, STR("Upgrade libssl3 1:3.0.9-1+b1 to one built from openssl "
					 "3.0.11-1 or later: apt-get")));
	/* No command of a name that a shell would not take as a name. */
	static const char *const names[] = { "a;reboot", "$(reboot)", "-y", "`x`", "a|sh" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		apk.name = apk.source_name = str_from(names[i]);
		assert_false(str_contains(finding_remedy(arena, &apk, &match), STR("apk upgrade")));
	}
	arena_free(&arena);
}

static void without_a_fix_no_upgrade_is_promised(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct package deb = package(PACKAGE_DEB);
	const struct match none = { .fix_state = FIX_NONE };
	const struct match wont = { .fix_state = FIX_WONT };
	struct str text = finding_remedy(arena, &deb, &none);
	assert_true(str_starts(text, STR("No fixed version")));
	assert_false(str_contains(text, STR("apt-get")));
	assert_true(str_contains(finding_remedy(arena, &deb, &wont), STR("will not fix")));
	arena_free(&arena);
}

static void worst_and_fixable_come_first(void **state)
{
	(void)state;
	struct finding findings[] = {
		{ .match = { .severity = SEVERITY_LOW, .vulnerability = STR("CVE-1") } },
		{ .match = { .severity = SEVERITY_HIGH, .vulnerability = STR("CVE-2") } },
		{ .match = { .severity = SEVERITY_HIGH,
			  .vulnerability = STR("CVE-3"),
			  .fix_state = FIX_AVAILABLE } },
		{ .match = { .severity = SEVERITY_CRITICAL, .vulnerability = STR("CVE-4") } },
	};
	qsort(findings, 4, sizeof(*findings), finding_compare);
	static const char *const expected[] = { "CVE-4", "CVE-3", "CVE-2", "CVE-1" };
	for (size_t i = 0; i < 4; i++)
		assert_true(str_eq(findings[i].match.vulnerability, str_from(expected[i])));
}

static void partial_reasons_are_known(void **state)
{
	(void)state;
	assert_true(image_reason_is_partial(STR("Verdict.\nNot everything was read: a: b")));
	assert_true(image_reason_is_partial(STR("\nOther. Not everything was read: a: b")));
	assert_false(image_reason_is_partial(STR("Not everything was read: a: b")));
	assert_false(image_reason_is_partial(STR("Verdict.\nIts configuration is odd.")));
	assert_false(image_reason_is_partial(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feeds_words_are_understood),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(the_remedy_names_command_and_versions),
		cmocka_unit_test(without_a_fix_no_upgrade_is_promised),
		cmocka_unit_test(worst_and_fixable_come_first),
		cmocka_unit_test(partial_reasons_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
