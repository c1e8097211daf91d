/* SPDX-License-Identifier: Apache-2.0 */
/* Documents for other programs, member by member: what a change of one byte would mean is for the
 * reader of expected.h to judge. Version and content ids are taken out before comparing, because
 * they change with every release. */
#include "base/timefmt.h"
#include "base/uuid.h"
#include "expected.h"
#include "report/report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYER  "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static const struct listed_package listed[] = {
	{
		.package = { .type = PACKAGE_NPM,
			.name = STR_INIT("@babel/core"),
			.version = STR_INIT("7.0.0"),
			.source_name = STR_INIT("@babel/core"),
			.source_version = STR_INIT("7.0.0"),
			.licence = STR_INIT("MIT OR Apache-2.0") },
		.purl = STR_INIT("pkg:npm/%40babel/core@7.0.0"),
		.layer = 1,
		.layer_digest = STR_INIT(LAYER),
		.evidence = STR_INIT("b/node_modules/@babel/core/package.json"),
	},
	{
		.package = { .type = PACKAGE_DEB,
			.name = STR_INIT("libssl3"),
			.version = STR_INIT("3.0.9-1"),
			.source_name = STR_INIT("openssl"),
			.source_version = STR_INIT("3.0.9-1"),
			.arch = STR_INIT("amd64"),
			.licence = STR_INIT("see the \"copyright\" file"),
			.supplier = STR_INIT("Debian OpenSSL Team <openssl@lists.example>") },
		.purl = STR_INIT("pkg:deb/debian/libssl3@3.0.9-1?arch=amd64"),
		.layer = 0,
		.layer_digest = STR_INIT(LAYER),
		.evidence = STR_INIT("var/lib/dpkg/status"),
	},
	{
		.package = { .type = PACKAGE_NPM,
			.name = STR_INIT("@babel/core"),
			.version = STR_INIT("7.0.0"),
			.source_name = STR_INIT("@babel/core"),
			.source_version = STR_INIT("7.0.0"),
			.licence = STR_INIT("MIT OR Apache-2.0") },
		.purl = STR_INIT("pkg:npm/%40babel/core@7.0.0"),
		.layer = 0,
		.layer_digest = STR_INIT(LAYER),
		.evidence = STR_INIT("a b/node_modules/@babel/core/package.json"),
	},
};

static struct finding a_finding(void)
{
	return (struct finding){
		.match = {
			.vulnerability = STR("CVE-2023-5363"),
			.advisories = STR("CVE-2023-5363,DSA-5532-1"),
			.title = STR("Wrong key length"),
			.severity = SEVERITY_HIGH,
			.severity_source = STR("CVE record"),
			.cvss_vector = STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"),
			.cvss_score_tenths = 75,
			.cvss_version = STR("3.1"),
			.fix_state = FIX_AVAILABLE,
			.fixed_version = STR("3.0.11-1~deb12u2"),
			.explanation = STR("Debian:12 openssl 3.0.9-1 < 3.0.11-1~deb12u2"),
			.published_us = 1700000000000000,
			.modified_us = TIME_NONE,
		},
		.package = listed[1].package,
		.purl = listed[1].purl,
		.layer_digest = listed[1].layer_digest,
		.evidence = listed[1].evidence,
		.remedy = STR("Upgrade libssl3."),
	};
}

static struct report_image an_image(const struct finding *findings, size_t count)
{
	return (struct report_image){
		.name = STR("team/app:1"),
		.digest = STR(DIGEST),
		.state = count ? STR("Unhealthy") : STR("Healthy"),
		.reason = STR(""),
		.platform = { .release_key = STR("Debian:12"),
			.os_id = STR("debian"),
			.os_version = STR("12"),
			.os_name = STR("Debian GNU/Linux 12 (bookworm)") },
		.snapshot = STR("0123"),
		.snapshot_built_us = TIME_NONE,
		.findings = findings,
		.finding_count = count,
		.listed = listed,
		.listed_count = sizeof(listed) / sizeof(listed[0]),
		.created_us = 1700000001500000,
	};
}

static json_t *document_of(enum report_format format, const struct report_image *image)
{
	struct err err = ERR_INIT;
	json_t *document;
	if (report_document(format, image, &document, &err))
		fail_msg("%s", err_text(&err));
	return document;
}

static void take_id(json_t *document, const char *member)
{
	struct str id = json_str(document, member);
	if (!id.n)
		return;
	assert_true(str_starts(id, STR("urn:uuid:")));
	assert_true(uuid_valid(str_skip(id, 9)));
	json_put_cstr(document, member, "ID");
}

/* Every text that names the version of the program. */
static void take_version(json_t *value)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;
	json_object_foreach_safe(value, next, key, member)
	{
		struct str text = json_text(member);
		if (str_eq(json_str(value, "name"), STR("lazaret")) && strcmp(key, "version") == 0)
			json_put_cstr(value, key, "VERSION");
		else if (str_starts(text, STR("lazaret ")))
			json_put_cstr(value, key, "lazaret VERSION");
		else
			take_version(member);
	}
	json_array_foreach (value, i, member) {
		if (str_starts(json_text(member), STR("Tool: lazaret-")))
			json_array_set_new(value, i, json_string("Tool: lazaret-VERSION"));
		else
			take_version(member);
	}
}

static void check(enum report_format format, const char *expected)
{
	const struct finding finding = a_finding();
	const struct report_image image = an_image(&finding, 1);
	json_t *document = document_of(format, &image);
	take_id(document, "serialNumber");
	take_id(document, "documentNamespace");
	take_id(document, "@id");
	take_version(document);
	char *text = json_dump(document, true);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "# got:\n%s\n", text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(document);
}

static void cyclonedx(void **state)
{
	(void)state;
	check(REPORT_CYCLONEDX, expected_cyclonedx);
}

static void cyclonedx_with_vulnerabilities(void **state)
{
	(void)state;
	check(REPORT_CYCLONEDX_VULNERABILITIES, expected_cyclonedx_vulnerabilities);
}

static void spdx(void **state)
{
	(void)state;
	check(REPORT_SPDX, expected_spdx);
}

static void sarif(void **state)
{
	(void)state;
	check(REPORT_SARIF, expected_sarif);
}

static void openvex(void **state)
{
	(void)state;
	check(REPORT_OPENVEX, expected_openvex);
}

static void trivy(void **state)
{
	(void)state;
	check(REPORT_TRIVY, expected_trivy);
}

static void ids_follow_the_content_and_not_the_time(void **state)
{
	(void)state;
	const struct finding finding = a_finding();
	struct report_image image = an_image(&finding, 1);
	json_t *first = document_of(REPORT_CYCLONEDX, &image);
	image.created_us += 1000000000;
	json_t *later = document_of(REPORT_CYCLONEDX, &image);
	image.listed_count--;
	image.listed_count--;
	json_t *other = document_of(REPORT_CYCLONEDX, &image);
	struct str id = json_str(first, "serialNumber");
	assert_true(str_eq(id, json_str(later, "serialNumber")));
	assert_false(json_equal(first, later));
	assert_false(str_eq(id, json_str(other, "serialNumber")));
	json_decref(first);
	json_decref(later);
	json_decref(other);
}

static void what_was_not_read_has_no_document(void **state)
{
	(void)state;
	const char *const states[] = { "Failed", "NotScanned" };
	for (size_t i = 0; i < 2; i++) {
		for (int format = REPORT_JSON + 1; format < REPORT_FORMAT_COUNT; format++) {
			struct report_image image = an_image(NULL, 0);
			struct err err = ERR_INIT;
			json_t *document;
			image.state = str_from(states[i]);
			image.reason = STR("It is damaged.");
			assert_int_equal(report_document((enum report_format)format, &image,
						 &document, &err),
				-ENODATA);
			assert_non_null(strstr(err_text(&err), states[i]));
			assert_non_null(strstr(err_text(&err), "It is damaged."));
		}
	}
}

static void openvex_needs_a_statement(void **state)
{
	(void)state;
	const struct report_image image = an_image(NULL, 0);
	struct err err = ERR_INIT;
	json_t *document;
	assert_int_equal(report_document(REPORT_OPENVEX, &image, &document, &err), -ENODATA);
}

static void an_incomplete_list_says_so(void **state)
{
	(void)state;
	struct report_image image = an_image(NULL, 0);
	image.state = STR("Unsupported");
	image.reason = STR("No package database that lazaret reads was found.");
	image.listed_count = 0;
	json_t *document = document_of(REPORT_CYCLONEDX, &image);
	const json_t *composition = json_array_get(json_list(document, "compositions"), 0);
	assert_true(str_eq(json_str(composition, "aggregate"), STR("incomplete")));
	json_decref(document);
}

static void hostile_names_stay_inside_their_text(void **state)
{
	(void)state;
	struct finding finding = a_finding();
	struct report_image image = an_image(&finding, 1);
	finding.match.vulnerability = STR("X-1?a=b&c#d e");
	finding.evidence = STR("../a b#c\xff");
	image.name = STR("\"x\":\"y\"\n@\xff/");
	for (int format = REPORT_JSON; format < REPORT_FORMAT_COUNT; format++) {
		json_t *document = document_of((enum report_format)format, &image);
		char *text = json_dump(document, false);
		json_t *back = json_loads(text, 0, NULL);
		assert_non_null(back);
		assert_true(json_equal(back, document));
		assert_null(strstr(text, "vulnerability/X-1?"));
		json_decref(back);
		json_decref(document);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cyclonedx),
		cmocka_unit_test(cyclonedx_with_vulnerabilities),
		cmocka_unit_test(spdx),
		cmocka_unit_test(sarif),
		cmocka_unit_test(openvex),
		cmocka_unit_test(trivy),
		cmocka_unit_test(ids_follow_the_content_and_not_the_time),
		cmocka_unit_test(what_was_not_read_has_no_document),
		cmocka_unit_test(openvex_needs_a_statement),
		cmocka_unit_test(an_incomplete_list_says_so),
		cmocka_unit_test(hostile_names_stay_inside_their_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
