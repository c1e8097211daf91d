/* SPDX-License-Identifier: Apache-2.0 */
/* Import and judging together, through files: what is replaced, kept, counted, matched and shown.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define RANGE(fix)                                                                                 \
	"\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"" fix \
	"\"}]}]"
#define ENTRY(release, package, fix)                                                               \
	"{\"package\":{\"ecosystem\":\"" release "\",\"name\":\"" package "\"}," RANGE(fix) "}"
#define RECORD(id, links, entries) "{\"id\":\"" id "\"," links "\"affected\":[" entries "]}"

static size_t matches(struct fixture *f, const char *release, const char *version)
{
	return fixture_judge(f, release, PACKAGE_DEB, "x", version).items.n;
}

static void errata_give_one_match_per_cve(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		STR(RECORD("DSA-1-1", "\"upstream\":[\"CVE-2023-1001\",\"CVE-2023-1002\"],",
			ENTRY("Debian:12", "x", "2-1")) "\n" RECORD("DSA-2-1",
			"\"upstream\":[\"CVE-2023-1002\"],", ENTRY("Debian:12", "x", "2-3"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(f->report.records, 2);
	struct match_list list = fixture_judge(f, "Debian:12", PACKAGE_DEB, "x", "1-1");
	assert_int_equal(list.items.n, 2);
	const struct match *match = fixture_find(&list, "CVE-2023-1002");
	assert_true(str_eq(match->advisories, STR("DSA-1-1,DSA-2-1")));
	assert_true(str_eq(match->fixed_version, STR("2-3")));
	assert_true(str_eq(match->explanation, STR("Debian:12 x 1-1 < fixed 2-3 (DSA-2-1)")));
	assert_int_equal(match->severity, SEVERITY_UNKNOWN);
	assert_true(str_eq(match->severity_source, STR("none")));
	/* The later of two fixed versions decides. */
	list = fixture_judge(f, "Debian:12", PACKAGE_DEB, "x", "2-1");
	assert_int_equal(list.items.n, 1);
	assert_true(str_eq(list.items.items[0].advisories, STR("DSA-2-1")));
	assert_int_equal(matches(f, "Debian:12", "2-3"), 0);
}

static void releases_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		STR(RECORD("DSA-1-1", "", ENTRY("Debian:11", "x", "2")) "\n" RECORD(
			"USN-1-1", "", ENTRY("Ubuntu:22.04:LTS", "x", "2")) "\n" RECORD("USN-2-1",
			"", ENTRY("Ubuntu:Pro:22.04:LTS", "x", "3")) "\n" RECORD("E-1", "",
			ENTRY("Echo", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(matches(f, "Debian:11", "1"), 1);
	assert_int_equal(matches(f, "Debian:12", "1"), 0);
	assert_int_equal(matches(f, "Debian", "1"), 0); /* unknown release */
	assert_int_equal(matches(f, "", "1"), 0);
	assert_int_equal(matches(f, "Ubuntu:22.04", "1"), 1);
	assert_int_equal(matches(f, "Ubuntu:22.04:LTS", "1"), 1);
	assert_int_equal(matches(f, "Echo", "1"), 1);
	assert_int_equal(matches(f, "Echo:1", "1"), 1); /* no suffix: all releases */
	/* Another kind of package is never compared with this grammar. */
	assert_int_equal(fixture_judge(f, "Debian:11", PACKAGE_APK, "x", "1").items.n, 0);
}

static void known_releases_are_told(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.json", STR(RECORD("DSA-1-1", "", ENTRY("Debian:11", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.json"), 0);
	struct str data = arena_printf(f->arena, "%s/data", f->root);
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open_current(data.p, &snapshot, &f->err), 0);
	assert_true(snapshot_has_release(snapshot, STR("Debian:11")));
	assert_false(snapshot_has_release(snapshot, STR("Debian:12")));
	assert_false(snapshot_has_release(snapshot, STR("Debian")));
	assert_false(snapshot_has_release(snapshot, STR("")));
	snapshot_close(&snapshot);
}

static void identity_follows_aliases_both_ways(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		STR(RECORD("CGA-1", "\"aliases\":[\"GHSA-b\"],",
			ENTRY("Echo", "x", "2")) "\n"
						 "{\"id\":\"GHSA-b\",\"aliases\":[\"CVE-2023-"
						 "1001\"],\"database_specific\":{"
						 "\"severity\":\"MODERATE\"}}\n" RECORD("ALSA-1",
							 "\"related\":[\"CVE-2023-1002\"],",
							 ENTRY("Echo", "x",
								 "2")) "\n" RECORD("GHSA-c",
							 "\"related\":[\"CVE-2023-1003\"],",
							 ENTRY("Echo", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	struct match_list list = fixture_judge(f, "Echo", PACKAGE_DEB, "x", "1");
	assert_int_equal(list.items.n, 3);
	const struct match *match = fixture_find(&list, "CVE-2023-1001");
	assert_non_null(match);
	assert_int_equal(match->severity, SEVERITY_MEDIUM);
	assert_true(str_eq(match->severity_source, STR("GitHub")));
	assert_non_null(fixture_find(&list, "CVE-2023-1002")); /* an erratum: related counts */
	assert_non_null(fixture_find(&list, "GHSA-c"));	       /* not one: it does not */
}

#define VECTOR "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

static void the_vendors_word_goes_before_other_ratings(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		STR("{\"id\":\"UBUNTU-CVE-2023-1001\",\"upstream\":[\"CVE-2023-1001\"],"
		    "\"severity\":[{"
		    "\"type\":\"Ubuntu\",\"score\":\"low\"}],\"affected\":[" ENTRY("Ubuntu:23.10",
			    "x", "2") "]}\n"
				      "{\"id\":\"UBUNTU-CVE-2023-1002\",\"upstream\":[\"CVE-2023-"
				      "1002\"],\"affected\":[" ENTRY("Ubuntu:23.10", "x",
					      "2") "]}\n"
						   "{\"cveMetadata\":{\"cveId\":\"CVE-2023-1001\"},"
						   "\"containers\":{\"cna\":{\"title\":"
						   "\"Own "
						   "title\",\"providerMetadata\":{\"shortName\":"
						   "\"mitre\"},\"metrics\":[{"
						   "\"cvssV3_1\":{\"vectorString\":\"" VECTOR
						   "\"}}]}}}\n"
						   "{\"cveMetadata\":{\"cveId\":\"CVE-2023-1002\"},"
						   "\"containers\":{\"cna\":{"
						   "\"providerMetadata\":{\"shortName\":\"mitre\"},"
						   "\"metrics\":[{\"cvssV3_1\":{"
						   "\"vectorString\":\"" VECTOR "\"}}]}}}"));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(f->report.severities, 2);
	struct match_list list = fixture_judge(f, "Ubuntu:23.10", PACKAGE_DEB, "x", "1");
	const struct match *match = fixture_find(&list, "CVE-2023-1001");
	assert_int_equal(match->severity, SEVERITY_LOW);
	assert_true(str_eq(match->severity_source, STR("Ubuntu")));
	assert_int_equal(match->cvss_score_tenths, 98); /* shown, but does not decide */
	assert_true(str_eq(match->title, STR("Own title")));
	match = fixture_find(&list, "CVE-2023-1002");
	assert_int_equal(match->severity, SEVERITY_CRITICAL);
	assert_true(str_eq(match->severity_source, STR("CVE record (mitre)")));
}

static void withdrawal_counts_when_it_is_reached(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.json",
		STR(RECORD("DSA-1-1", "\"withdrawn\":\"2024-01-01T00:00:00Z\",",
			ENTRY("Debian:12", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.json"), 0);
	assert_int_equal(f->report.withdrawn, 0);
	assert_int_equal(matches(f, "Debian:12", "1"), 1);
	char before[65];
	snprintf(before, sizeof(before), "%s", f->report.snapshot_id);
	f->now_us += (int64_t)365 * 86400 * 1000000;
	assert_int_equal(fixture_import(f, "a.json"), 0);
	assert_int_equal(f->report.withdrawn, 1);
	assert_int_equal(matches(f, "Debian:12", "1"), 0);
	assert_string_not_equal(before, f->report.snapshot_id);
}

static void odd_entries_match_as_the_schema_says(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		/* a commit range before the package range; neither ranges nor versions; listed
		 * only; a version that is none; what the distribution does not count; no fix */
		STR("{\"id\":\"A-1\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
		    "\"name\":"
		    "\"x\"},\"ranges\":[{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]},{"
		    "\"type\":"
		    "\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"2\"}]}]}]}\n"
		    "{\"id\":\"A-2\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
		    "\"name\":"
		    "\"x\"}}]}\n"
		    "{\"id\":\"A-3\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\","
		    "\"name\":"
		    "\"x\"},\"versions\":[\"1-0\"]}]}\n" RECORD("A-4", "",
			    ENTRY("Debian:12", "x",
				    "no version")) "\n"
						   "{\"id\":\"A-5\",\"affected\":[{\"package\":{"
						   "\"ecosystem\":\"Debian:12\",\"name\":"
						   "\"x\"},\"ecosystem_specific\":{\"urgency\":"
						   "\"unimportant\"}," RANGE(
							   "2") "}]}\n"
								"{\"id\":\"A-6\",\"affected\":[{"
								"\"package\":{\"ecosystem\":"
								"\"Debian:12\",\"name\":"
								"\"x\"},\"ranges\":[{\"type\":"
								"\"ECOSYSTEM\",\"events\":[{"
								"\"introduced\":\"0\"}]}]}]}"));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	struct match_list list = fixture_judge(f, "Debian:12", PACKAGE_DEB, "x", "1");
	assert_true(list.not_evaluated);
	assert_int_equal(list.items.n, 3);
	assert_int_equal(fixture_find(&list, "A-1")->fix_state, FIX_AVAILABLE);
	assert_int_equal(fixture_find(&list, "A-3")->fix_state, FIX_UNKNOWN);
	assert_int_equal(fixture_find(&list, "A-6")->fix_state, FIX_NONE);
}

/* No finding because nothing was compared is not the same as no finding. */
static void what_has_no_grammar_here_is_not_evaluated(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.json",
		STR(RECORD("DSA-1-1", "",
			ENTRY("Debian:12", "x", "2") "," ENTRY("Rocky Linux:8", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.json"), 0);
	assert_false(fixture_judge(f, "Debian:12", PACKAGE_DEB, "x", "3").not_evaluated);
	assert_true(fixture_judge(f, "Debian:12", PACKAGE_APK, "x", "1").not_evaluated);
	assert_true(fixture_judge(f, "Rocky Linux:8", PACKAGE_DEB, "x", "1").not_evaluated);
	assert_true(fixture_judge(f, "", PACKAGE_DEB, "x", "1").not_evaluated);
}

static void bad_records_are_named_and_lose_nothing(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl",
		STR(RECORD("DSA-1-1", "", ENTRY("Debian:12", "x", "2")) "\n" RECORD(
			"DSA-2-1", "", ENTRY("Debian:12", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(matches(f, "Debian:12", "1"), 2);
	/* The second record is cut: its old form stays in force. */
	fixture_write(f, "a.jsonl",
		STR(RECORD("DSA-1-1", "", ENTRY("Debian:12", "x", "3")) "\n{\"id\":\"DSA-2-1\",\n"
									"\xff\xfe\n"));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(f->report.bad, 2);
	assert_int_equal(f->report.named.n, 2);
	assert_non_null(strstr(f->report.named.items[0].where, "line 2"));
	struct match_list list = fixture_judge(f, "Debian:12", PACKAGE_DEB, "x", "1");
	assert_int_equal(list.items.n, 2);
	assert_true(str_eq(fixture_find(&list, "DSA-1-1")->fixed_version, STR("3")));
	/* Read without a bad record, what is no longer there is removed. */
	fixture_write(f, "a.jsonl", STR(RECORD("DSA-1-1", "", ENTRY("Debian:12", "x", "3"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(matches(f, "Debian:12", "1"), 1);
}

static void other_sources_are_kept_and_order_does_not_matter(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl", STR(RECORD("DSA-1-1", "", ENTRY("Debian:12", "x", "2"))));
	fixture_write(f, "b.json",
		STR("[" RECORD("DSA-2-1", "", ENTRY("Debian:12", "x", "2")) "," RECORD(
			"DSA-3-1", "", ENTRY("Debian:12", "x", "2")) "]"));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_int_equal(fixture_import(f, "b.json"), 0);
	assert_int_equal(f->report.records, 2);
	assert_int_equal(matches(f, "Debian:12", "1"), 3);
	char id[65];
	snprintf(id, sizeof(id), "%s", f->report.snapshot_id);
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_string_equal(id, f->report.snapshot_id);
}

static void a_failed_import_leaves_the_old_snapshot(void **state)
{
	struct fixture *f = *state;
	fixture_write(f, "a.jsonl", STR(RECORD("DSA-1-1", "", ENTRY("Debian:12", "x", "2"))));
	assert_int_equal(fixture_import(f, "a.jsonl"), 0);
	assert_true(fixture_import(f, "absent.zip") < 0);
	assert_true(fixture_import(f, "data") == 0); /* nothing to read there, nothing changes */
	assert_int_equal(matches(f, "Debian:12", "1"), 1);
	fixture_write(f, "broken.zip", STR("PK\3\4 not really an archive"));
	assert_int_equal(fixture_import(f, "broken.zip"), 0);
	assert_int_equal(f->report.bad, 1);
	assert_int_equal(matches(f, "Debian:12", "1"), 1);
}

static void without_an_import_there_is_no_snapshot(void **state)
{
	struct fixture *f = *state;
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open_current(f->root, &snapshot, &f->err), SNAPSHOT_NONE);
	char id[65];
	assert_int_equal(snapshot_current_id(f->root, id, &f->err), SNAPSHOT_NONE);
}

static void real_feeds_are_read_without_a_bad_record(void **state)
{
	struct fixture *f = *state;
	const char *shared = getenv("LAZARET_SHARED");
	struct str osv = arena_printf(f->arena, "%s/data/osv", shared ? shared : "");
	struct str cve = arena_printf(f->arena, "%s/data/cve5", shared ? shared : "");
	if (access(osv.p, R_OK) || access(cve.p, R_OK)) {
		print_message("# SKIP real feeds: no test data at LAZARET_SHARED\n");
		return;
	}
	assert_int_equal(fixture_import(f, osv.p), 0);
	assert_int_equal(f->report.records, 42519);
	assert_int_equal(f->report.bad, 0);
	assert_int_equal(fixture_import(f, cve.p), 0);
	assert_int_equal(f->report.severities, 3895);
	/* DSA-4807-1 fixes CVE-2020-1971 of openssl in buster with 1.1.1d-0+deb10u4. */
	struct match_list list =
		fixture_judge(f, "Debian:10", PACKAGE_DEB, "openssl", "1.1.1d-0+deb10u3");
	const struct match *match = fixture_find(&list, "CVE-2020-1971");
	assert_true(str_eq(match->fixed_version, STR("1.1.1d-0+deb10u4")));
	list = fixture_judge(f, "Debian:10", PACKAGE_DEB, "openssl", "1.1.1d-0+deb10u4");
	assert_null(fixture_find(&list, "CVE-2020-1971"));
	/* Alpine 3.10: musl 1.1.22-r4 has the fix of CVE-2020-28928. */
	list = fixture_judge(f, "Alpine:v3.10", PACKAGE_APK, "musl", "1.1.22-r3");
	assert_non_null(fixture_find(&list, "CVE-2020-28928"));
	list = fixture_judge(f, "Alpine:v3.10", PACKAGE_APK, "musl", "1.1.22-r4");
	assert_int_equal(list.items.n, 0);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FIXTURE(errata_give_one_match_per_cve),
		IN_FIXTURE(releases_are_kept_apart),
		IN_FIXTURE(known_releases_are_told),
		IN_FIXTURE(identity_follows_aliases_both_ways),
		IN_FIXTURE(the_vendors_word_goes_before_other_ratings),
		IN_FIXTURE(withdrawal_counts_when_it_is_reached),
		IN_FIXTURE(odd_entries_match_as_the_schema_says),
		IN_FIXTURE(what_has_no_grammar_here_is_not_evaluated),
		IN_FIXTURE(bad_records_are_named_and_lose_nothing),
		IN_FIXTURE(other_sources_are_kept_and_order_does_not_matter),
		IN_FIXTURE(a_failed_import_leaves_the_old_snapshot),
		IN_FIXTURE(without_an_import_there_is_no_snapshot),
		IN_FIXTURE(real_feeds_are_read_without_a_bad_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
