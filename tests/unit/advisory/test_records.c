/* SPDX-License-Identifier: Apache-2.0 */
/* CVSS scores, and reading single OSV and CVE records: what is kept, tolerated and refused. */
#include "advisory/ecosystem.h"
#include "advisory/record.h"
#include "base/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void scores_are_those_of_the_standards(void **state)
{
	(void)state;
	static const struct {
		const char *vector;
		int tenths;
		enum severity severity;
	} cases[] = {
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, SEVERITY_CRITICAL },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100, SEVERITY_CRITICAL },
		{ "CVSS:3.0/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 54, SEVERITY_MEDIUM },
		{ "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 78, SEVERITY_HIGH },
		{ "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N", 59, SEVERITY_MEDIUM },
		{ "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:N/I:L/A:N", 38, SEVERITY_LOW },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0, SEVERITY_LOW },
		{ "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P/RL:O", 61, SEVERITY_MEDIUM },
		{ "AV:N/AC:L/Au:N/C:C/I:C/A:C", 100, SEVERITY_HIGH },
		{ "(AV:N/AC:L/Au:N/C:N/I:N/A:C)", 78, SEVERITY_HIGH },
		{ "AV:L/AC:H/Au:N/C:C/I:C/A:C", 62, SEVERITY_MEDIUM },
		{ "AV:N/AC:L/Au:N/C:N/I:N/A:N", 0, SEVERITY_LOW },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93,
			SEVERITY_CRITICAL },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100,
			SEVERITY_CRITICAL },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0,
			SEVERITY_LOW },
		{ "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:L/SI:L/SA:L", 73,
			SEVERITY_HIGH },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 87,
			SEVERITY_HIGH },
		{ "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:U", 46,
			SEVERITY_MEDIUM },
		{ "CVSS:4.0/AV:A/AC:H/AT:P/PR:L/UI:A/VC:L/VI:L/VA:N/SC:L/SI:N/SA:L", 10,
			SEVERITY_LOW },
		{ "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L/E:U", 1,
			SEVERITY_LOW },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:H/SA:H/MSI:S/MSA:S", 92,
			SEVERITY_CRITICAL },
		{ "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:P/CR:L/IR:M/"
		  "AR:L/MAV:A/U:Red",
			73, SEVERITY_HIGH },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cvss cvss;
		assert_true(cvss_parse(str_from(cases[i].vector), &cvss));
		if (cvss.score_tenths != cases[i].tenths)
			fail_msg("%s: %d", cases[i].vector, cvss.score_tenths);
		assert_int_equal(cvss_severity(&cvss), cases[i].severity);
	}
}

static void half_vectors_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = { "", "CVSS:3.1/", "CVSS:3.1/AV:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
		"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:9.9/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "7.5",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:Q",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/MVC:S",
		"AV:N/AC:L/Au:N/C:C/I:C" };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cvss cvss;
		assert_false(cvss_parse(str_from(cases[i]), &cvss));
		assert_int_equal(cvss.score_tenths, -1);
	}
}

static int parse(struct arena *arena, const char *text, struct record *record)
{
	return record_parse(arena, str_from(text), record, NULL);
}

static void an_osv_record_is_read(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct record record;
	assert_int_equal(
		parse(arena,
			"{\"id\":\"DSA-1-1\",\"published\":\"2023-01-02T03:04:05Z\",\"new\":{},"
			"\"upstream\":[\"CVE-2023-1\"],\"affected\":[{\"package\":{\"ecosystem\":"
			"\"Debian:12\",\"name\":\"x\"},\"ranges\":[{\"type\":\"GIT\",\"events\":[{"
			"\"introduced\":\"abc\"}]},{\"type\":\"ECOSYSTEM\",\"events\":[{"
			"\"introduced\":\"0\"},{\"fixed\":\"2\"}]}],\"versions\":[\"1\"],"
			"\"ecosystem_specific\":{\"urgency\":\"high\"}}]}",
			&record),
		0);
	assert_int_equal(record.affected.n, 1);
	assert_true(str_eq(record.affected.items[0].ranges, STR("R\ni0\nf2\nv1\n")));
	assert_int_equal(record.affected.items[0].rating.word, SEVERITY_HIGH);
	assert_int_equal(record.links.items[0].kind, LINK_UPSTREAM);
	assert_true(record.withdrawn_us == TIME_NONE);
	assert_true(record.published_us == 1672628645000000);
	arena_free(&arena);
}

static void broken_records_are_refused_whole(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"id\":7}",
		"{\"id\":\"\"}",
		"{\"id\":\"a\\nb\"}",
		"{\"id\":\"A\",\"affected\":{}}",
		"{\"id\":\"A\",\"affected\":[{\"package\":{\"name\":\"x\"}}]}",
		"{\"id\":\"A\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian\",\"name\":\"x\"}"
		","
		"\"ranges\":[{\"type\":\"ECOSYSTEM\"}]}]}",
		"{\"id\":\"A\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian\",\"name\":\"x\"}"
		","
		"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"fixed\":1}]}]}]}",
		"{\"id\":\"A\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian\",\"name\":\"x\"}"
		","
		"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"until\":\"1\"}]}]}]}",
		"{\"id\":\"A\",\"withdrawn\":\"yes\"}",
		"{\"id\":\"A\",\"aliases\":[1]}",
		"{\"id\":\"\xff\"}",
		"{\"cveMetadata\":{\"cveId\":\"X\"}}",
		"{\"cveMetadata\":{\"cveId\":\"CVE-2023-1\"}}",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct record record;
		if (parse(arena, cases[i], &record) >= 0)
			fail_msg("accepted: %s", cases[i]);
		arena_free(&arena);
	}
}

static void a_cve_record_names_who_rates(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct record record;
	assert_int_equal(
		parse(arena,
			"{\"cveMetadata\":{\"cveId\":\"CVE-2023-1\",\"datePublished\":"
			"\"2023-01-01T00:00:00\"},\"containers\":{\"cna\":{\"title\":\"T\"},"
			"\"adp\":[{\"providerMetadata\":{\"shortName\":\"CISA-ADP\"},\"metrics\":["
			"{\"cvssV3_1\":{\"vectorString\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/"
			"I:H/A:H\"}}],\"problemTypes\":[{\"descriptions\":[{\"cweId\":"
			"\"CWE-79\"}]}]}]}}",
			&record),
		0);
	assert_int_equal(record.kind, RECORD_CVE);
	assert_true(str_eq(record.rating.source, STR("CISA-ADP")));
	assert_int_equal(record.rating.cvss.score_tenths, 98);
	assert_true(str_eq(record.weaknesses.items[0], STR("CWE-79")));
	arena_free(&arena);
}

static void release_keys_are_normalised(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{ "Debian:12", "Debian", "12" },
		{ "Ubuntu:22.04:LTS", "Ubuntu", "22.04" },
		{ "Ubuntu:22.10", "Ubuntu", "22.10" },
		{ "Ubuntu:Pro:18.04:LTS", "Ubuntu", "Pro:18.04" },
		{ "Alpine:v3.18", "Alpine", "v3.18" },
		{ "Alpine:3.18", "Alpine", "v3.18" },
		{ "Wolfi", "Wolfi", "" },
		{ "Red Hat:enterprise_linux:9::baseos", "Red Hat", "enterprise_linux:9::baseos" },
	};
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str base;
		struct str release;
		ecosystem_split(arena, str_from(cases[i][0]), &base, &release);
		assert_true(str_eq(base, str_from(cases[i][1])));
		assert_true(str_eq(release, str_from(cases[i][2])));
	}
	arena_free(&arena);
	assert_true(str_eq(cve_suffix(STR("ALPINE-CVE-2021-21193")), STR("CVE-2021-21193")));
	assert_int_equal(cve_suffix(STR("DSA-1-1")).n, 0);
	assert_false(is_cve(STR("CVE-2021-")));
	assert_false(is_cve(STR("CVE-2021-1234-x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_are_those_of_the_standards),
		cmocka_unit_test(half_vectors_are_refused),
		cmocka_unit_test(an_osv_record_is_read),
		cmocka_unit_test(broken_records_are_refused_whole),
		cmocka_unit_test(a_cve_record_names_who_rates),
		cmocka_unit_test(release_keys_are_normalised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
