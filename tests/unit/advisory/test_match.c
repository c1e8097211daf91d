/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging by ecosystem: which advisories speak of a hand-made package and which fix is shown; the
 * rules of spec/scanner.md §2.1 to §2.5, and each case of §2.3 in which a well-known implementation
 * departs from the OSV schema.
 */
#include "advisory/ecosystem.h"
#include "advisory/snapshot_private.h"
#include "base/strbuf.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct feed {
	struct fixture *fixture;
	struct strbuf lines;
};

static struct feed feed_new(void **state)
{
	return (struct feed){ *state, STRBUF(1 << 20) };
}

/* One record with one entry; events is '"introduced":"0"},{"fixed":"2"'; extra are more members. */
static void add(struct feed *feed, const char *id, const char *extra, const char *ecosystem,
	const char *package, const char *events)
{
	strbuf_addf(&feed->lines,
		"{\"id\":\"%s\",%s\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"%s\"}"
		",\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{%s}]}]}]}\n",
		id, extra, ecosystem, package, events);
}

static void add_text(struct feed *feed, const char *json)
{
	strbuf_addf(&feed->lines, "%s\n", json);
}

static void import(struct feed *feed)
{
	fixture_write(feed->fixture, "feed.jsonl", strbuf_view(&feed->lines));
	assert_int_equal(fixture_import(feed->fixture, "feed.jsonl"), 0);
	assert_int_equal(feed->fixture->report.bad, 0);
	strbuf_free(&feed->lines);
}

#define UP_TO(fix) "\"introduced\":\"0\"},{\"fixed\":\"" fix "\""

static size_t count(struct fixture *f, const char *release, enum package_type type,
	const char *name, const char *version)
{
	return fixture_judge(f, release, type, name, version).items.n;
}

static void every_language_is_judged_by_its_grammar_and_spelling(void **state)
{
	static const struct {
		enum package_type type;
		const char *ecosystem, *listed, *name, *inside, *fixed, *outside;
	} cases[] = {
		{ PACKAGE_NPM, "npm", "@a/b", "@a/b", "1.9.0", "1.10.0", "1.10.0" },
		{ PACKAGE_PYPI, "PyPI", "Zope.Interface_x", "zope-interface__X", "1.0rc1", "1.0",
			"1.0.post1" },
		{ PACKAGE_GOLANG, "Go", "github.com/A/b", "github.com/A/b",
			"v0.0.0-20200101000000-0123456789ab", "1.0.0", "v1.0.0+incompatible" },
		{ PACKAGE_GOLANG, "Go", "stdlib", "stdlib", "go1.21rc2", "1.21.0", "go1.21" },
		{ PACKAGE_MAVEN, "Maven", "g:a", "g:a", "1.0-rc1", "1.0", "1.0.Final" },
		{ PACKAGE_GEM, "RubyGems", "rack", "rack", "2.0.0.rc1", "2.0", "2.0.0" },
		{ PACKAGE_NUGET, "NuGet", "Newtonsoft.Json", "newtonsoft.JSON", "12.0.3", "13.0.1",
			"13.0.1.0" },
		{ PACKAGE_COMPOSER, "Packagist", "Vendor/Name", "vendor/name", "v1.0.0-RC1",
			"1.0.0", "1.0.0-patch1" },
		{ PACKAGE_CARGO, "crates.io", "time", "time", "0.1.44", "0.2.0-0", "0.2.0-alpha" },
	};
	struct feed feed = feed_new(state);
	char events[128];
	char id[32];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(id, sizeof(id), "CVE-2024-%zu", 1000 + i);
		snprintf(events, sizeof(events), "\"introduced\":\"0\"},{\"fixed\":\"%s\"",
			cases[i].fixed);
		add(&feed, id, "", cases[i].ecosystem, cases[i].listed, events);
	}
	import(&feed);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* The platform does not matter, not even when it is unknown. */
		struct match_list list = fixture_judge(feed.fixture, i % 2 ? "Debian:12" : "",
			cases[i].type, cases[i].name, cases[i].inside);
		if (list.items.n != 1 || list.not_evaluated)
			fail_msg("%s %s is not found", cases[i].name, cases[i].inside);
		assert_true(str_eq(list.items.items[0].fixed_version, str_from(cases[i].fixed)));
		list = fixture_judge(
			feed.fixture, "", cases[i].type, cases[i].name, cases[i].outside);
		if (list.items.n || list.not_evaluated)
			fail_msg("%s %s is found", cases[i].name, cases[i].outside);
	}
	struct match_list list = fixture_judge(feed.fixture, "", PACKAGE_NPM, "@a/b", "1.0.0");
	assert_true(str_eq(list.items.items[0].explanation,
		STR("npm @a/b 1.0.0 < fixed 1.10.0 (CVE-2024-1000)")));
	assert_int_equal(count(feed.fixture, "", PACKAGE_NPM, "b", "1.0.0"), 0);
	assert_int_equal(count(feed.fixture, "", PACKAGE_GOLANG, "github.com/a/b", "v0.1.0"), 0);
}

static void every_type_of_package_has_an_ecosystem_or_says_so(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "CVE-2024-1", "", "npm", "x", UP_TO("2"));
	import(&feed);
	assert_false(fixture_judge(feed.fixture, "", PACKAGE_NPM, "y", "1.0.0").not_evaluated);
	/* No advisory of this ecosystem was imported; an unknown kind; a version that is none. */
	assert_true(fixture_judge(feed.fixture, "", PACKAGE_PYPI, "y", "1.0").not_evaluated);
	assert_true(fixture_judge(feed.fixture, "", PACKAGE_CONDA, "y", "1.0").not_evaluated);
	assert_true(fixture_judge(feed.fixture, "", PACKAGE_NPM, "y", "latest").not_evaluated);
	assert_true(fixture_judge(feed.fixture, "", PACKAGE_NPM, "x", "").not_evaluated);
	assert_int_equal(count(feed.fixture, "", PACKAGE_NPM, "x", ""), 0);
	assert_true(
		fixture_judge(feed.fixture, "Arch Linux", PACKAGE_ALPM, "x", "1-1").not_evaluated);
	for (int i = 0; i < PACKAGE_TYPE_COUNT; i++) {
		const struct ecosystem *ecosystem = ecosystem_of_type((enum package_type)i);
		if (ecosystem)
			assert_true(str_eq(version_grammar_name(ecosystem->grammar),
				package_type_grammar((enum package_type)i)));
	}
}

static struct package rpm(const char *name, const char *version, const char *module)
{
	return (struct package){ .type = PACKAGE_RPM,
		.name = str_from(name),
		.version = str_from(version),
		.source_name = str_from(name),
		.source_version = str_from(version),
		.module = str_from(module) };
}

static size_t rpm_count(struct fixture *f, const char *release, struct package package)
{
	const struct platform platform = { .release_key = str_from(release) };
	return fixture_judge_on(f, &platform, &package).items.n;
}

static void names_and_versions_are_those_the_feed_uses(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "CVE-2024-1001", "", "Debian:12", "util-linux", UP_TO("2.38.1-6"));
	add(&feed, "CVE-2024-1002", "", "AlmaLinux:8", "perl", UP_TO("4:5.26.3-2.el8"));
	add(&feed, "CVE-2024-1003", "", "Rocky Linux:8", "perl", UP_TO("4:5.26.3-2.el8"));
	add(&feed, "CVE-2024-1004", "", "Red Hat:enterprise_linux:8::appstream", "perl-libs",
		UP_TO("4:5.26.3-2.el8"));
	import(&feed);
	struct fixture *f = feed.fixture;
	const struct platform debian = { .release_key = STR("Debian:12") };
	struct package package = { .type = PACKAGE_DEB,
		.name = STR("bsdutils"),
		.version = STR("1:2.38.1-5"),
		.source_name = STR("util-linux"),
		.source_version = STR("2.38.1-5") };
	assert_int_equal(fixture_judge_on(f, &debian, &package).items.n, 1);
	package.source_version = STR("2.38.1-6");
	assert_int_equal(fixture_judge_on(f, &debian, &package).items.n, 0);
	/* A sibling with a version of its own is not the package of that name. */
	struct package sibling = rpm("perl-Pod-Escapes", "1:1.07-1.el8", "");
	sibling.source_name = STR("perl");
	sibling.source_version = STR("5.26.3-1.el8");
	assert_int_equal(rpm_count(f, "AlmaLinux:8", sibling), 0);
	assert_int_equal(rpm_count(f, "AlmaLinux:8", rpm("perl", "4:5.26.3-1.el8", "")), 1);
	assert_int_equal(rpm_count(f, "AlmaLinux:8", rpm("perl", "4:5.26.3-2.el8", "")), 0);
	assert_int_equal(rpm_count(f, "AlmaLinux:9", rpm("perl", "4:5.26.3-1.el8", "")), 0);
	/* A source package carries no epoch: that of the binary stands in. */
	struct package libs = rpm("perl-libs", "4:5.26.3-1.el8", "");
	libs.source_name = STR("perl");
	libs.source_version = STR("5.26.3-1.el8");
	assert_int_equal(rpm_count(f, "Rocky Linux:8", libs), 1);
	libs.version = STR("4:5.26.3-2.el8");
	libs.source_version = STR("5.26.3-2.el8");
	assert_int_equal(rpm_count(f, "Rocky Linux:8", libs), 0);
	libs.version = STR("4:5.26.3-1.el8");
	assert_int_equal(rpm_count(f, "Red Hat:enterprise_linux:8::baseos", libs), 1);
}

static void modules_are_compared_within_their_stream(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "ALSA-1",
		"\"related\":[\"CVE-2024-1001\"],\"summary\":"
		"\"Important: nodejs:10 security update\",",
		"AlmaLinux:8", "nodejs", UP_TO("1:10.24.0-1.module_el8.3.0+2047+b07ac28e"));
	add(&feed, "ALSA-2",
		"\"related\":[\"CVE-2024-1002\"],\"summary\":"
		"\"Important: nodejs:12 security update\",",
		"AlmaLinux:8", "nodejs", UP_TO("1:12.21.0-1.module_el8.3.0+2050+c0a1f4a1"));
	add(&feed, "ALSA-3", "\"related\":[\"CVE-2024-1003\"],", "AlmaLinux:8", "nodejs",
		UP_TO("1:10.99.0-1.el8"));
	add_text(&feed,
		"{\"id\":\"ALSA-4\",\"related\":[\"CVE-2024-1004\"],\"summary\":\"x:1 update\","
		"\"affected\":[{\"package\":{\"ecosystem\":\"AlmaLinux:8\",\"name\":\"x\"},"
		"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":"
		"\"1.0-5.module_el8.5.0+9+a\"}]}]},{\"package\":{\"ecosystem\":\"AlmaLinux:8\","
		"\"name\":\"x\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":"
		"\"0\"},{\"fixed\":\"1.0-4.module_el8.4.0+7+b\"}]}]},{\"package\":{\"ecosystem\":"
		"\"AlmaLinux:8\",\"name\":\"x\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{"
		"\"introduced\":\"0\"},{\"fixed\":\"1.0-6.module_el8.6.0+3+c\"}]}]}]}");
	import(&feed);
	struct fixture *f = feed.fixture;
	const struct platform alma = { .release_key = STR("AlmaLinux:8") };
	struct package node = rpm("nodejs", "1:10.23.0-1.module_el8.3.0+1+a", "nodejs:10:8030:1");
	struct match_list list = fixture_judge_on(f, &alma, &node);
	assert_int_equal(list.items.n, 1);
	assert_non_null(fixture_find(&list, "CVE-2024-1001"));
	/* Without the label the upstream version tells the stream. */
	node.module = STR("");
	list = fixture_judge_on(f, &alma, &node);
	assert_int_equal(list.items.n, 1);
	assert_non_null(fixture_find(&list, "CVE-2024-1001"));
	/* A package that is of no module is not compared with modules, and the other way round. */
	const struct package plain = rpm("nodejs", "1:9.0-1.el8", "");
	list = fixture_judge_on(f, &alma, &plain);
	assert_int_equal(list.items.n, 1);
	assert_non_null(fixture_find(&list, "CVE-2024-1003"));
	/* Rebuilds for several minor releases: that of the installed one, else the lowest. */
	const char *const repaired[] = { "1.0-4.module_el8.4.0+7+b", "1.0-5.module_el8.5.0+9+a",
		"1.0-4.module_el8.9.0+1+d" };
	const char *const open[] = { "1.0-3.module_el8.4.0+1+a", "1.0-4.module_el8.5.0+1+a",
		"1.0-5.module_el8.6.0+1+a", "1.0-3.module_el8.9.0+1+d" };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rpm_count(f, "AlmaLinux:8", rpm("x", repaired[i], "x:1:2:3")), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(rpm_count(f, "AlmaLinux:8", rpm("x", open[i], "x:1:2:3")), 1);
}

static void parallel_builds_are_compared_with_their_own_kind(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "CVE-2024-1001", "", "Rocky Linux:8", "glibc", UP_TO("2.28-164.el8_5"));
	add(&feed, "CVE-2024-1002", "", "Rocky Linux:9", "glibc",
		UP_TO("2:2.34-60.0.1.ksplice1.el9"));
	import(&feed);
	struct fixture *f = feed.fixture;
	const struct platform eight = { .release_key = STR("Rocky Linux:8") };
	struct package patched = rpm("glibc", "2:2.28-100.0.1.ksplice1.el8", "");
	struct match_list list = fixture_judge_on(f, &eight, &patched);
	assert_int_equal(list.items.n, 0);
	assert_true(list.not_evaluated); /* not silently well */
	struct package plain = rpm("glibc", "2.28-100.el8", "");
	list = fixture_judge_on(f, &eight, &plain);
	assert_false(list.not_evaluated);
}

static void ubuntu_pro_and_fips_are_releases_of_their_own(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "UBUNTU-CVE-2024-1001", "\"upstream\":[\"CVE-2024-1001\"],", "Ubuntu:18.04:LTS",
		"x", "\"introduced\":\"0\"");
	add(&feed, "USN-1-1", "\"upstream\":[\"CVE-2024-1001\"],", "Ubuntu:Pro:18.04:LTS", "x",
		UP_TO("1.2-3ubuntu1+esm2"));
	add(&feed, "USN-2-1", "\"upstream\":[\"CVE-2024-1002\"],", "Ubuntu:Pro:FIPS:18.04:LTS", "x",
		UP_TO("1.2-3ubuntu1.fips.5"));
	import(&feed);
	struct fixture *f = feed.fixture;
	struct match_list list =
		fixture_judge(f, "Ubuntu:18.04:LTS", PACKAGE_DEB, "x", "1.2-3ubuntu1");
	assert_int_equal(list.items.n, 1);
	assert_int_equal(list.items.items[0].fix_state, FIX_NONE); /* not for those without Pro */
	const struct platform pro = { .release_key = STR("Ubuntu:18.04:LTS"),
		.flavours = STR("pro") };
	struct package package = { .type = PACKAGE_DEB,
		.name = STR("x"),
		.version = STR("1.2-3ubuntu1"),
		.source_name = STR("x"),
		.source_version = STR("1.2-3ubuntu1") };
	list = fixture_judge_on(f, &pro, &package);
	assert_int_equal(list.items.n, 1);
	assert_true(str_eq(list.items.items[0].fixed_version, STR("1.2-3ubuntu1+esm2")));
	/* Repaired by Pro; the release's own record, which knows no fix, is silent then. */
	assert_int_equal(count(f, "Ubuntu:18.04:LTS", PACKAGE_DEB, "x", "1.2-3ubuntu1+esm2"), 0);
	list = fixture_judge(f, "Ubuntu:18.04:LTS", PACKAGE_DEB, "x", "1.2-3ubuntu1.fips.4");
	assert_int_equal(list.items.n, 1);
	assert_non_null(fixture_find(&list, "CVE-2024-1002"));
	assert_int_equal(count(f, "Ubuntu:18.04:LTS", PACKAGE_DEB, "x", "1.2-3ubuntu1.fips.5"), 0);
}

static void extended_streams_go_before_the_release(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "RHSA-1", "\"upstream\":[\"CVE-2024-1001\"],",
		"Red Hat:enterprise_linux:9::appstream", "x", UP_TO("1-9.el9"));
	add(&feed, "RHSA-2", "\"upstream\":[\"CVE-2024-1001\"],", "Red Hat:rhel_eus:9.2::appstream",
		"x", UP_TO("1-5.el9_2"));
	add(&feed, "RHSA-3", "\"upstream\":[\"CVE-2024-1003\"],",
		"Red Hat:enterprise_linux:9::baseos", "x", UP_TO("1-9.el9"));
	import(&feed);
	struct fixture *f = feed.fixture;
	struct package package = rpm("x", "1-5.el9_2", "");
	const struct platform main = { .release_key = STR("Red Hat:enterprise_linux:9::baseos"),
		.os_version = STR("9.2") };
	assert_int_equal(fixture_judge_on(f, &main, &package).items.n, 2);
	const struct platform eus[] = {
		{ .release_key = STR_INIT("Red Hat:rhel_eus:9.2::baseos"),
			.os_version = STR_INIT("9.2") },
		{ .release_key = STR_INIT("Red Hat:enterprise_linux:9::baseos"),
			.os_version = STR_INIT("9.2"),
			.flavours = STR_INIT("content-set:rhel-9-for-x86_64-baseos-eus-rpms") },
	};
	for (size_t i = 0; i < 2; i++) {
		struct match_list list = fixture_judge_on(f, &eus[i], &package);
		assert_int_equal(list.items.n, 1); /* what only the release knows still counts */
		assert_non_null(fixture_find(&list, "CVE-2024-1003"));
	}
}

static void the_lowest_fix_that_repairs_all_is_shown(void **state)
{
	struct feed feed = feed_new(state);
	/* One vulnerability under three names; two branches; one source without a fix. */
	add(&feed, "GHSA-a", "\"aliases\":[\"CVE-2024-1001\"],", "npm", "x",
		"\"introduced\":\"0\"},{\"fixed\":\"1.5.1\"},{\"introduced\":\"2.0.0\"},{\"fixed\":"
		"\"2.0.3\"");
	add(&feed, "SNYK-b", "\"aliases\":[\"GHSA-a\"],", "npm", "x",
		"\"introduced\":\"0\"},{\"fixed\":\"1.5.0\"},{\"introduced\":\"2.0.0\"},{\"last_"
		"affected\":\"2.0.1\"");
	add(&feed, "CVE-2024-1001", "", "npm", "x", "\"introduced\":\"0\"");
	import(&feed);
	struct match_list list = fixture_judge(feed.fixture, "", PACKAGE_NPM, "x", "1.4.0");
	assert_int_equal(list.items.n, 1);
	const struct match *match = &list.items.items[0];
	assert_true(str_eq(match->fixed_version, STR("1.5.1")));
	assert_int_equal(match->fix_state, FIX_AVAILABLE);
	assert_true(str_eq(match->advisories, STR("CVE-2024-1001,GHSA-a,SNYK-b")));
	assert_true(str_eq(match->explanation,
		STR("npm x 1.4.0 < fixed 1.5.1 (GHSA-a); CVE-2024-1001 names no fix")));
	list = fixture_judge(feed.fixture, "", PACKAGE_NPM, "x", "2.0.0");
	assert_true(str_eq(list.items.items[0].fixed_version, STR("2.0.3")));
	/* Only the source without a fix is left. */
	list = fixture_judge(feed.fixture, "", PACKAGE_NPM, "x", "1.6.0");
	assert_int_equal(list.items.items[0].fix_state, FIX_NONE);
}

static void errata_about_bugs_are_no_vulnerabilities(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "ALBA-1", "", "AlmaLinux:8", "x", UP_TO("2-1.el8"));
	add(&feed, "ALEA-2", "\"related\":[\"CVE-2024-1001\"],", "AlmaLinux:8", "x",
		UP_TO("2-1.el8"));
	add(&feed, "ALSA-3", "", "AlmaLinux:8", "x", UP_TO("2-1.el8"));
	import(&feed);
	const struct platform alma = { .release_key = STR("AlmaLinux:8") };
	struct package package = rpm("x", "1-1.el8", "");
	struct match_list list = fixture_judge_on(feed.fixture, &alma, &package);
	assert_int_equal(list.items.n, 2);
	assert_non_null(fixture_find(&list, "CVE-2024-1001"));
	assert_non_null(fixture_find(&list, "ALSA-3"));
}

/* --- the seven departures of spec/scanner.md §2.3, and what the schema says besides */

#define PYPI(id, rest)                                                                             \
	"{\"id\":\"" id "\",\"new_member\":{\"a\":[1]},\"affected\":[{\"package\":{\"ecosystem\":" \
	"\"PyPI\",\"name\":\"x\",\"new\":1},\"new\":null," rest "}]}"

static void the_schema_decides_and_nothing_else(void **state)
{
	struct feed feed = feed_new(state);
	/* 1: a commit range first. */
	add_text(&feed, PYPI("A-1", "\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{"
				    "\"introduced\":\"0\"},{\"fixed\":\"abc\"}]},{\"type\":"
				    "\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":"
				    "\"2\"}]}]"));
	/* 2: limits bound the range. */
	add_text(&feed,
		PYPI("A-2", "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":"
			    "\"0\"},{\"limit\":\"1\"}]}]"));
	/* 3: introduced and fixed at one version, in any order. */
	add_text(&feed, PYPI("A-3", "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"fixed\":"
				    "\"1.5\"},{\"introduced\":\"1.5\"}]}]"));
	/* 4: unknown members do not drop the record: they are in all of these. */
	/* 6: a version that cannot be compared is no match, and is told. */
	add_text(&feed,
		PYPI("A-6", "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":"
			    "\"2004d\"}]}]"));
	/* Listed versions count as text and as versions. */
	add_text(&feed, PYPI("A-7", "\"versions\":[\"1.5.0\",\"2004d\"]"));
	/* Neither ranges nor versions; only commits. */
	add_text(&feed, PYPI("A-8", "\"ranges\":[]"));
	add_text(&feed,
		PYPI("A-9", "\"ranges\":[{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}"
			    "]}]"));
	/* Contradictions: it ends before it begins. */
	add_text(&feed,
		PYPI("A-10", "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\""
			     ":\"3\"},{\"fixed\":\"1\"}]}]"));
	import(&feed);
	struct match_list list = fixture_judge(feed.fixture, "", PACKAGE_PYPI, "x", "1.5");
	assert_true(list.not_evaluated);
	assert_int_equal(list.items.n, 2);
	assert_non_null(fixture_find(&list, "A-1"));
	assert_non_null(fixture_find(&list, "A-7"));
	list = fixture_judge(feed.fixture, "", PACKAGE_PYPI, "x", "0.9");
	assert_non_null(fixture_find(&list, "A-2"));
	list = fixture_judge(feed.fixture, "", PACKAGE_PYPI, "x", "2004d");
	assert_int_equal(list.items.n, 1); /* no version, but listed */
	assert_true(list.not_evaluated);
}

/* 5: records of an ecosystem that nothing here compares are kept and harm nothing. */
static void ecosystems_without_a_grammar_are_kept(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "A-1", "", "CRAN", "x", UP_TO("2"));
	add(&feed, "A-2", "", "Azure Linux:3", "x", UP_TO("2-1.azl3"));
	import(&feed);
	assert_int_equal(feed.fixture->report.records, 2);
	assert_int_equal(rpm_count(feed.fixture, "Azure Linux:3", rpm("x", "1-1.azl3", "")), 1);
	assert_true(fixture_judge(feed.fixture, "CRAN", PACKAGE_GENERIC, "x", "1").not_evaluated);
}

/* 7: judging looks entries up; it never goes through a table row by row. */
static void judging_does_not_read_the_whole_feed(void **state)
{
	struct feed feed = feed_new(state);
	char id[32];
	char name[32];
	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "CVE-2024-%d", 1000 + i);
		snprintf(name, sizeof(name), "p%d", i);
		add(&feed, id, "", "npm", name, UP_TO("2.0.0"));
	}
	import(&feed);
	struct fixture *f = feed.fixture;
	struct str data = arena_printf(f->arena, "%s/data", f->root);
	struct snapshot *snapshot;
	struct match_list list;
	const struct platform nowhere = { .os_id = STR("") };
	const struct package package = { .type = PACKAGE_NPM,
		.name = STR("p7"),
		.version = STR("1.0.0"),
		.source_name = STR("p7"),
		.source_version = STR("1.0.0") };
	assert_int_equal(snapshot_open_current(data.p, &snapshot, &f->err), 0);
	assert_int_equal(snapshot_judge(snapshot, f->arena, &package, &nowhere, &list, &f->err), 0);
	assert_int_equal(list.items.n, 1);
	for (int i = 0; i < ST_COUNT; i++)
		assert_int_equal(
			sqlite3_stmt_status(snapshot->st[i], SQLITE_STMTSTATUS_FULLSCAN_STEP, 0),
			0);
	snapshot_close(&snapshot);
}

static void aliases_in_a_circle_end(void **state)
{
	struct feed feed = feed_new(state);
	add(&feed, "GHSA-a", "\"aliases\":[\"PYSEC-b\",\"GHSA-a\"],\"upstream\":[\"GHSA-a\"],",
		"PyPI", "x", UP_TO("2"));
	add(&feed, "PYSEC-b", "\"aliases\":[\"OSV-c\"],\"upstream\":[\"GHSA-a\"],", "PyPI", "x",
		UP_TO("3"));
	add(&feed, "OSV-c", "\"aliases\":[\"GHSA-a\"],", "PyPI", "x", UP_TO("2"));
	import(&feed);
	struct match_list list = fixture_judge(feed.fixture, "", PACKAGE_PYPI, "x", "1");
	assert_int_equal(list.items.n, 1);
	assert_true(str_eq(list.items.items[0].vulnerability, STR("GHSA-a")));
	assert_true(str_eq(list.items.items[0].advisories, STR("GHSA-a,OSV-c,PYSEC-b")));
	assert_true(str_eq(list.items.items[0].fixed_version, STR("3")));
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FIXTURE(every_language_is_judged_by_its_grammar_and_spelling),
		IN_FIXTURE(every_type_of_package_has_an_ecosystem_or_says_so),
		IN_FIXTURE(names_and_versions_are_those_the_feed_uses),
		IN_FIXTURE(modules_are_compared_within_their_stream),
		IN_FIXTURE(parallel_builds_are_compared_with_their_own_kind),
		IN_FIXTURE(ubuntu_pro_and_fips_are_releases_of_their_own),
		IN_FIXTURE(extended_streams_go_before_the_release),
		IN_FIXTURE(the_lowest_fix_that_repairs_all_is_shown),
		IN_FIXTURE(errata_about_bugs_are_no_vulnerabilities),
		IN_FIXTURE(the_schema_decides_and_nothing_else),
		IN_FIXTURE(ecosystems_without_a_grammar_are_kept),
		IN_FIXTURE(judging_does_not_read_the_whole_feed),
		IN_FIXTURE(aliases_in_a_circle_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
