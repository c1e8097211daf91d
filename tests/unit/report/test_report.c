/* SPDX-License-Identifier: Apache-2.0 */
/* Output for people and programs: nothing cut that people copy, nothing passed that moves a cursor,
 * nothing lost on the way through JSON. */
#include "base/timefmt.h"
#include "report/report.h"
#include "report/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct finding make_finding(void)
{
	return (struct finding){
		.match = {
			.vulnerability = STR("CVE-2022-1292"),
			.advisories = STR("DEBIAN-CVE-2022-1292,DSA-5139-1"),
			.title = STR("c_rehash runs commands"),
			.severity = SEVERITY_CRITICAL,
			.severity_source = STR("Debian"),
			.cvss_vector = STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
			.cvss_score_tenths = 98,
			.cvss_version = STR("3.1"),
			.fix_state = FIX_AVAILABLE,
			.fixed_version = STR("1.1.1n-0+deb10u2"),
			.explanation = STR("Debian:10 openssl 1.1.1d-0+deb10u3 < 1.1.1n-0+deb10u2"),
			.published_us = 1651536000000000,
			.modified_us = TIME_NONE,
		},
		.package = {
			.type = PACKAGE_DEB,
			.name = STR("libssl1.1"),
			.version = STR("1.1.1d-0+deb10u3"),
			.source_name = STR("openssl"),
			.source_version = STR("1.1.1d-0+deb10u3"),
			.arch = STR("amd64"),
			.licence = STR(""),
			.supplier = STR("Debian OpenSSL Team"),
		},
		.purl = STR("pkg:deb/debian/libssl1.1@1.1.1d-0%2Bdeb10u3?arch=amd64"),
		.layer = 2,
		.layer_digest = STR("sha256:aa"),
		.evidence = STR("var/lib/dpkg/status"),
		.remedy = STR("Upgrade libssl1.1 from 1.1.1d-0+deb10u3 to 1.1.1n-0+deb10u2 or later "
			      "(apt-get install --only-upgrade libssl1.1), rebuild and push."),
	};
}

static struct report_image make_image(const struct finding *findings, size_t count)
{
	struct report_image image = {
		.name = STR("team/app:1"),
		.digest = STR("sha256:0123"),
		.state = STR("Unhealthy"),
		.reason = STR(""),
		.platform = {
			.release_key = STR("Debian:10"),
			.flavours = STR(""),
			.os_id = STR("debian"),
			.os_version = STR("10"),
			.os_name = STR("Debian GNU/Linux 10 (buster)"),
		},
		.package_count = 87,
		.not_evaluated = 1,
		.snapshot = STR("0123456789abcdef"),
		.snapshot_built_us = 1700000000000000,
		.findings = findings,
		.finding_count = count,
	};
	image.counts.by_severity[SEVERITY_CRITICAL] = (uint32_t)count;
	image.counts.total = (uint32_t)count;
	image.counts.fixable = (uint32_t)count;
	return image;
}

static void assert_has(const struct strbuf *text, const char *part)
{
	if (!str_contains(strbuf_view(text), str_from(part)))
		fail_msg("\"%s\" is missing in:\n%s", part, strbuf_cstr(text));
}

static void assert_has_not(const struct strbuf *text, const char *part)
{
	if (str_contains(strbuf_view(text), str_from(part)))
		fail_msg("\"%s\" must not be in:\n%s", part, strbuf_cstr(text));
}

static void a_finding_says_everything_at_any_width(void **state)
{
	(void)state;
	const unsigned widths[] = { 0, 40, 80, 120, 160 };
	const struct finding finding = make_finding();
	const struct report_image image = make_image(&finding, 1);
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		AUTO_STRBUF struct strbuf out = STRBUF((size_t)1 << 16);
		report_findings_table(&image, widths[i], &out);
		assert_has(&out, "team/app:1");
		assert_has(&out, "Debian:10");
		assert_has(&out, "Critical");
		assert_has(&out, "CVE-2022-1292");
		assert_has(&out, "libssl1.1");
		assert_has(&out, "1.1.1d-0+deb10u3");
		assert_has(&out, "1.1.1n-0+deb10u2");
		assert_has(&out, "var/lib/dpkg/status");
		assert_has(&out, "Upgrade libssl1.1");
		assert_has(&out, "2023-11-14T22:13:20Z");
		assert_has(&out, "87 packages, 1 finding, 1 fixable: 1 Critical");
	}
}

static void lines_keep_to_the_width_where_it_is_wide_enough(void **state)
{
	(void)state;
	const struct finding finding = make_finding();
	const struct report_image image = make_image(&finding, 1);
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)1 << 16);
	report_findings_table(&image, 100, &out);
	struct str rest = strbuf_view(&out);
	struct str line;
	while (str_cut(&rest, '\n', &line))
		assert_true(text_width(line) <= 100);
}

static void other_states_say_their_reason(void **state)
{
	(void)state;
	struct report_image image = make_image(NULL, 0);
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)1 << 16);
	image.state = STR("NoAdvisories");
	image.reason =
		STR("There are no advisories for Alpine v3.15 in the current data.\nA remark.");
	image.snapshot = STR("");
	report_findings_table(&image, 80, &out);
	assert_has(&out, "NoAdvisories");
	assert_has(&out, "no advisories for Alpine v3.15");
	assert_has(&out, "    A remark.\n");
	assert_has(&out, "none imported yet");
}

static void package_data_cannot_steer_the_terminal(void **state)
{
	(void)state;
	struct finding finding = make_finding();
	struct report_image image;
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)1 << 16);
	finding.package.name = STR("a\033[2Jb\x9b"
				   "c\u202ed\nE\x80\xc2\x9b"
				   "f\xe2\x82");
	finding.evidence = STR("x\ty");
	finding.remedy = STR("run \033]0;title\007 this");
	image = make_image(&finding, 1);
	image.name = STR("\rname");
	report_findings_table(&image, 0, &out);
	assert_has(&out, "a?[2Jb?c?d?E??f??");
	assert_has(&out, "x?y");
	assert_has(&out, "run ?]0;title? this");
	assert_has(&out, "?name");
	assert_has_not(&out, "\033");
	assert_has_not(&out, "\xc2\x9b");
}

static void valid_text_passes_unchanged(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)256);
	text_show(STR("Zoë 日本 \xf0\x9f\x93\xa6"), 0, &out);
	assert_string_equal(strbuf_cstr(&out), "Zoë 日本 \xf0\x9f\x93\xa6");
	assert_int_equal(text_width(STR("Zoë")), 3);
	/* Overlong and surrogate forms are not characters. */
	strbuf_clear(&out);
	text_show(STR("\xe0\x80\x9b\xed\xa0\x80"), 0, &out);
	assert_string_equal(strbuf_cstr(&out), "??");
}

static void a_table_cuts_only_its_last_column(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)4096);
	const char *const titles[] = { "ID", "WORDS" };
	const struct str row[] = { STR("a-long-identifier"), STR("many words that do not fit") };
	const struct str other[] = { STR("b"), STR("few") };
	struct report_table *table = report_table_new(arena, titles, 2);
	report_table_row(table, row);
	report_table_row(table, other);
	report_table_print(table, 30, &out);
	assert_string_equal(strbuf_cstr(&out), "ID                 WORDS\n"
					       "a-long-identifier  many wor...\n"
					       "b                  few\n");
	arena_free(&arena);
}

static void json_comes_back_as_it_went(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	const struct finding finding = make_finding();
	const struct report_image image = make_image(&finding, 1);
	json_t *json = report_findings_json(&image);
	struct report_image back;
	struct err err = ERR_INIT;
	assert_int_equal(report_findings_from_json(arena, json, &back, &err), 0);
	assert_int_equal(back.finding_count, 1);
	const struct finding *got = &back.findings[0];
	assert_true(str_eq(back.name, image.name));
	assert_true(str_eq(back.state, image.state));
	assert_true(str_eq(back.platform.release_key, image.platform.release_key));
	assert_true(back.snapshot_built_us == image.snapshot_built_us);
	assert_memory_equal(&back.counts, &image.counts, sizeof(back.counts));
	assert_int_equal(got->match.cvss_score_tenths, 98);
	assert_true(str_eq(got->match.advisories, finding.match.advisories));
	assert_int_equal(got->match.severity, SEVERITY_CRITICAL);
	assert_int_equal(got->match.fix_state, FIX_AVAILABLE);
	assert_true(got->match.published_us == finding.match.published_us);
	assert_true(got->match.modified_us == TIME_NONE);
	assert_true(package_same(&got->package, &finding.package));
	assert_true(str_eq(got->remedy, finding.remedy));
	assert_int_equal(got->layer, 2);
	/* And once more, to compare the rest at once. */
	json_t *again = report_findings_json(&back);
	assert_true(json_equal(json, again));
	char *text = json_dump(json, false);
	assert_non_null(strstr(text, "\"score\":9.8"));
	assert_null(strstr(text, "9.80000"));
	free(text);
	json_decref(again);
	json_decref(json);
	arena_free(&arena);
}

static void strange_documents_are_refused_or_harmless(void **state)
{
	(void)state;
	const struct {
		const char *text;
		bool accepted;
	} cases[] = {
		{ "{}", false },
		{ "[]", false },
		{ "{\"state\":\"Fine\",\"findings\":[]}", false },
		{ "{\"state\":\"Healthy\",\"findings\":{}}", false },
		{ "{\"state\":\"Healthy\",\"findings\":[]}", true },
		{ "{\"state\":\"Healthy\",\"findings\":[1,null,{\"layer\":-5,\"cvss\":3}]}", true },
		{ "{\"state\":\"Unhealthy\",\"counts\":{\"total\":99999999999},\"findings\":[{"
		  "\"cvss\":{"
		  "\"score\":1e300},\"severity\":\"Worse\"}]}",
			true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new(0);
		struct report_image image;
		struct err err = ERR_INIT;
		json_t *json = json_loads(cases[i].text, 0, NULL);
		assert_non_null(json);
		int rc = report_findings_from_json(arena, json, &image, &err);
		assert_int_equal(rc == 0, cases[i].accepted);
		if (rc == 0) {
			AUTO_STRBUF struct strbuf out = STRBUF((size_t)1 << 16);
			report_findings_table(&image, 80, &out);
			assert_false(strbuf_failed(&out));
		}
		json_decref(json);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_says_everything_at_any_width),
		cmocka_unit_test(lines_keep_to_the_width_where_it_is_wide_enough),
		cmocka_unit_test(other_states_say_their_reason),
		cmocka_unit_test(package_data_cannot_steer_the_terminal),
		cmocka_unit_test(valid_text_passes_unchanged),
		cmocka_unit_test(a_table_cuts_only_its_last_column),
		cmocka_unit_test(json_comes_back_as_it_went),
		cmocka_unit_test(strange_documents_are_refused_or_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
