/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients read about images, over a real server and database: the own API and Azure's
 * sub-assessments. The verdicts are written by the test as the scanner and the judge would.
 */
#include "api/api.h"
#include "api/security.h"
#include "base/strbuf.h"
#include "os/clock.h"
#include "store/store.h"

#include <curl/curl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* More than one page of rows for one image. */
enum { FINDINGS = 450 };

static struct {
	char directory[64];
	struct store *store;
	struct api_context api;
	struct http_server *server;
	CURL *curl;
	struct arena *arena;
	json_t *body;
} with;

#define DIGEST(c) "sha256:" c c c c c c c c
#define BAD	  DIGEST("bbbbbbbb")
#define CLEAN	  DIGEST("cccccccc")
#define OLD	  DIGEST("dddddddd")
#define PENDING	  DIGEST("eeeeeeee")
#define INDEX	  DIGEST("ffffffff")
#define KEY	  "dbd0cb49-b563-45e7-9724-889e799fa648"

/* --- content */

static int put_manifest(struct db_conn *c, struct str repository, struct str digest,
	enum store_manifest_kind kind, const struct str *children, size_t count, struct str tag,
	struct err *err)
{
	struct store_manifest manifest = { .digest = digest,
		.media_type = STR("application/vnd.oci.image.manifest.v1+json"),
		.kind = kind,
		.artifact_type = STR(""),
		.subject = STR(""),
		.bytes = STR("{}"),
		.pushed_us = 1700000000000000 };
	int rc = store_repository_ensure(c, repository, 1, &manifest.repository, err);
	for (size_t i = 0; i < count; i++)
		AVEC_PUSH(with.arena, &manifest.references,
			(struct store_reference){ .kind = STORE_REF_CHILD,
				.digest = children[i],
				.media_type = STR("application/vnd.oci.image.manifest.v1+json"),
				.os = STR("linux"),
				.architecture = STR("amd64"),
				.variant = STR("") });
	if (rc == 0)
		rc = store_manifest_put(c, &manifest, err);
	if (rc == 0 && tag.n)
		rc = store_tag_put(c, manifest.repository, tag, manifest.id, 1, err);
	if (rc == 0 && kind != STORE_INDEX)
		rc = store_image_insert_pending(c, digest, 1, err);
	return rc;
}

static int put_matches(struct db_conn *c, int64_t package, int64_t platform, struct err *err)
{
	static struct match matches[FINDINGS];
	for (size_t i = 0; i < FINDINGS; i++)
		matches[i] = (struct match){
			.vulnerability = arena_printf(with.arena, "CVE-2026-%04zu", i),
			.advisories = STR("DSA-1"),
			.title = STR(""),
			.severity = i ? SEVERITY_LOW : SEVERITY_CRITICAL,
			.severity_source = STR("Debian"),
			.cvss_vector = STR("CVSS:3.1/AV:N"),
			.cvss_version = STR("3.1"),
			.cvss_score_tenths = 98,
			.fix_state = FIX_AVAILABLE,
			.fixed_version = STR("2"),
			.explanation = STR("1 < 2"),
			.published_us = 1700000000000000,
			.modified_us = TIME_NONE,
		};
	return store_judgement_put(
		c, package, platform, STR("snap"), false, matches, FINDINGS, err);
}

static int put_verdict(struct db_conn *c, struct str digest, enum image_state state,
	const char *reason, struct err *err)
{
	const struct platform platform = { STR("Debian:12"), STR(""), STR("debian"), STR("12"),
		STR("Debian GNU/Linux 12") };
	const struct package package = { .type = PACKAGE_DEB,
		.name = STR("libssl3"),
		.version = STR("1"),
		.source_name = STR("openssl"),
		.source_version = STR("1"),
		.arch = STR("amd64"),
		.licence = STR(""),
		.supplier = STR("Team") };
	struct store_set_entry entry = { .evidence = STR("var/lib/dpkg/status") };
	struct store_image image = { .digest = digest,
		.state = state,
		.reason = str_from(reason),
		.os = STR("linux"),
		.architecture = STR("amd64"),
		.package_count = 1,
		.snapshot = STR("snap"),
		.scanned_us = 1700000000000000,
		.judged_us = 1700000001000000,
		.layer_digests = STR("sha256:layer0") };
	image.counts.total = state == IMAGE_UNHEALTHY ? FINDINGS : 0;
	int rc = store_platform_ensure(c, &platform, &image.platform, err);
	if (rc == 0)
		rc = store_package_ensure(c, &package, &entry.package, err);
	if (rc == 0 && state == IMAGE_UNHEALTHY)
		rc = put_matches(c, entry.package, image.platform, err);
	if (rc == 0)
		rc = store_image_set_put(c, digest, &entry, 1, err);
	return rc == 0 ? store_image_update(c, &image, err) : rc;
}

static int put_content(struct db_conn *c, void *argument, struct err *err)
{
	const struct str children[] = { STR(CLEAN), STR(BAD) };
	(void)argument;
	int rc = put_manifest(c, STR("team/app"), STR(BAD), STORE_IMAGE, NULL, 0, STR("1"), err);
	if (rc == 0)
		rc = put_manifest(c, STR("copy"), STR(BAD), STORE_IMAGE, NULL, 0, STR(""), err);
	if (rc == 0)
		rc = put_manifest(
			c, STR("team/app"), STR(CLEAN), STORE_IMAGE, NULL, 0, STR("2"), err);
	if (rc == 0)
		rc = put_manifest(
			c, STR("team/app"), STR(OLD), STORE_IMAGE, NULL, 0, STR("3"), err);
	if (rc == 0)
		rc = put_manifest(
			c, STR("team/app"), STR(PENDING), STORE_IMAGE, NULL, 0, STR("4"), err);
	if (rc == 0)
		rc = put_manifest(c, STR("team/app"), STR(INDEX), STORE_INDEX, children, 2,
			STR("latest"), err);
	if (rc == 0)
		rc = put_verdict(c, STR(BAD), IMAGE_UNHEALTHY, "", err);
	if (rc == 0)
		rc = put_verdict(c, STR(CLEAN), IMAGE_HEALTHY, "\nremark", err);
	if (rc == 0)
		rc = put_verdict(c, STR(OLD), IMAGE_NO_ADVISORIES, "No data.", err);
	return rc;
}

/* --- the fixture */

static int start(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	const struct http_listener listener = { .address = "127.0.0.1" };
	struct http_settings settings = { .listeners = &listener,
		.listener_count = 1,
		.fallback = api_fallback,
		.context = &with.api,
		.clock = os_clock() };
	snprintf(with.directory, sizeof(with.directory), "/tmp/lazaret-results-XXXXXX");
	if (!mkdtemp(with.directory))
		return -1;
	with.arena = arena_new(0);
	with.curl = curl_easy_init();
	api_routes(&settings.routes, &settings.route_count);
	if (store_open(with.directory, os_clock(), &with.store, &err) < 0 ||
		store_write(with.store, put_content, NULL, &err) != 0 ||
		http_server_start(&settings, &with.server, &err) < 0) {
		print_error("%s\n", err_text(&err));
		return -1;
	}
	with.api = (struct api_context){ .store = with.store, .clock = os_clock() };
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static int stop(void **state)
{
	(void)state;
	curl_easy_cleanup(with.curl);
	json_release(&with.body);
	http_server_stop(&with.server, 5);
	store_close(&with.store);
	arena_free(&with.arena);
	return nftw(with.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static size_t take(char *bytes, size_t size, size_t n, void *to)
{
	strbuf_add(to, bytes, size * n);
	return size * n;
}

/* GET of a target ("/…") or a whole URL; the body is with.body. */
static long get(const char *target)
{
	long status = 0;
	AUTO_STRBUF struct strbuf url = STRBUF((size_t)65536);
	AUTO_STRBUF struct strbuf body = STRBUF((size_t)64 << 20);
	if (target[0] == '/')
		strbuf_addf(&url, "http://127.0.0.1:%u", http_server_port(with.server, 0));
	strbuf_add_cstr(&url, target);
	curl_easy_setopt(with.curl, CURLOPT_URL, strbuf_cstr(&url));
	curl_easy_setopt(with.curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(with.curl, CURLOPT_WRITEDATA, &body);
	assert_int_equal(curl_easy_perform(with.curl), CURLE_OK);
	curl_easy_getinfo(with.curl, CURLINFO_RESPONSE_CODE, &status);
	json_release(&with.body);
	with.body = json_loadb(body.p, body.n, 0, NULL);
	assert_non_null(with.body);
	return status;
}

static const char *text_at(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "(absent)";
}

static void expect_error(const char *target, long status, const char *code)
{
	assert_int_equal(get(target), status);
	const json_t *error = json_object_get(with.body, "error");
	assert_string_equal(text_at(error, "code"), code);
	assert_true(strlen(text_at(error, "message")) > 10);
}

static const char *scope(const char *rest)
{
	const struct store_identity *identity = store_identity(with.store);
	return arena_printf(with.arena,
		"/subscriptions/" STR_FMT "/resourceGroups/" STR_FMT
		"/providers/Microsoft.ContainerRegistry/registries/" STR_FMT
		"/providers/Microsoft.Security/%s",
		STR_ARG(identity->subscription_id), STR_ARG(identity->resource_group),
		STR_ARG(identity->registry_name), rest)
		.p;
}

#define VERSION "?api-version=" SECURITY_API_VERSION

/* --- tests */

struct tally {
	size_t pages, rows, unhealthy, healthy, not_applicable, high;
	char last_id[37];
	char last_resource[512];
};

static void tally_page(struct tally *tally, json_t *ids)
{
	size_t i;
	json_t *row;
	const json_t *rows = json_object_get(with.body, "value");
	assert_true(json_array_size(rows) <= 200);
	json_array_foreach (rows, i, row) {
		const json_t *status =
			json_object_get(json_object_get(row, "properties"), "status");
		const char *code = text_at(status, "code");
		tally->rows++;
		tally->unhealthy += !strcmp(code, "Unhealthy");
		tally->healthy += !strcmp(code, "Healthy");
		tally->not_applicable += !strcmp(code, "NotApplicable");
		tally->high += !strcmp(text_at(status, "severity"), "High");
		assert_null(json_object_get(ids, text_at(row, "name"))); /* pages do not overlap */
		json_object_set_new(ids, text_at(row, "name"), json_true());
		snprintf(tally->last_id, sizeof(tally->last_id), "%s", text_at(row, "name"));
		snprintf(tally->last_resource, sizeof(tally->last_resource), "%s",
			text_at(row, "id"));
	}
}

static struct tally follow(const char *target)
{
	struct tally tally = { 0 };
	json_t *ids = json_object();
	char *next = strdup(target);
	while (next) {
		assert_int_equal(get(next), 200);
		tally_page(&tally, ids);
		tally.pages++;
		assert_true(tally.pages < 20);
		const json_t *link = json_object_get(with.body, "nextLink");
		free(next);
		next = link ? strdup(json_string_value(link)) : NULL;
	}
	json_decref(ids);
	return tally;
}

static void lists_have_every_row_once(void **state)
{
	(void)state;
	const char *list = scope("assessments/" KEY "/subAssessments" VERSION);
	struct tally tally = follow(list);
	assert_int_equal(tally.unhealthy, 2 * FINDINGS);
	assert_int_equal(tally.healthy, 1);
	assert_int_equal(tally.not_applicable, 1);
	assert_int_equal(tally.high, 2); /* critical shows as high */
	assert_int_equal(tally.pages, 5);
	assert_int_equal(follow(scope("subAssessments" VERSION)).rows, tally.rows);
	struct str subscription = store_identity(with.store)->subscription_id;
	const char *wide = arena_printf(with.arena,
		"/SUBSCRIPTIONS/" STR_FMT "/providers/microsoft.security/Assessments/" KEY
		"/subassessments" VERSION,
		STR_ARG(subscription))
				   .p;
	assert_int_equal(follow(wide).rows, tally.rows);
}

static void a_row_is_found_by_its_id(void **state)
{
	(void)state;
	struct tally tally = follow(scope("assessments/" KEY "/subAssessments" VERSION));
	const char *one = arena_printf(with.arena, "%s" VERSION, tally.last_resource).p;
	assert_int_equal(get(one), 200);
	assert_string_equal(text_at(with.body, "name"), tally.last_id);
	assert_string_equal(
		text_at(with.body, "type"), "Microsoft.Security/assessments/subAssessments");
	expect_error(scope("assessments/" KEY
			   "/subAssessments/00000000-0000-0000-0000-000000000000" VERSION),
		404, "ResourceNotFound");
}

static const json_t *find_row(const char *code)
{
	size_t i;
	json_t *row;
	json_array_foreach (json_object_get(with.body, "value"), i, row) {
		const json_t *properties = json_object_get(row, "properties");
		if (!strcmp(text_at(json_object_get(properties, "status"), "code"), code))
			return properties;
	}
	return NULL;
}

static void a_finding_has_all_fields(void **state)
{
	(void)state;
	assert_int_equal(get(scope("assessments/" KEY "/subAssessments" VERSION)), 200);
	const json_t *row = find_row("Unhealthy");
	assert_non_null(row);
	const json_t *data = json_object_get(row, "additionalData");
	assert_true(!strncmp(text_at(row, "id"), "CVE-2026-", 9));
	assert_string_equal(text_at(row, "category"), "Debian");
	assert_string_equal(text_at(row, "timeGenerated"), "2023-11-14T22:13:21.0000000Z");
	assert_string_equal(text_at(json_object_get(row, "resourceDetails"), "source"), "Azure");
	assert_non_null(strstr(text_at(json_object_get(row, "resourceDetails"), "id"),
		"/repository/copy/imageDigest/" BAD "/providers/"));
	assert_string_equal(
		text_at(data, "assessedResourceType"), "ContainerRegistryVulnerability");
	assert_string_equal(text_at(data, "type"), "Vulnerability");
	assert_string_equal(text_at(data, "repositoryName"), "copy");
	assert_string_equal(text_at(data, "imageDigest"), BAD);
	assert_string_equal(text_at(data, "publishedTime"), "2023-11-14T22:13:20.0000000Z");
	assert_true(json_is_true(json_object_get(data, "patchable")));
	assert_string_equal(
		text_at(json_object_get(data, "imageDetails"), "osDetails"), "Debian GNU/Linux 12");
	const json_t *cvss = json_object_get(json_object_get(data, "cvss"), "3.0");
	assert_true(json_real_value(json_object_get(cvss, "base")) == 9.8);
	const json_t *cve = json_array_get(json_object_get(data, "cve"), 0);
	assert_string_equal(text_at(cve, "title"), text_at(row, "id"));
	const json_t *software = json_object_get(data, "softwareDetails");
	assert_string_equal(text_at(software, "packageName"), "libssl3");
	assert_string_equal(text_at(software, "fixedVersion"), "2");
	assert_string_equal(text_at(software, "fixStatus"), "FixAvailable");
	assert_string_equal(text_at(software, "layerDigest"), "sha256:layer0");
}

static void wrong_questions_get_azures_errors(void **state)
{
	(void)state;
	const char *list = "assessments/" KEY "/subAssessments";
	expect_error(scope(list), 400, "MissingApiVersionParameter");
	expect_error(scope("assessments/" KEY "/subAssessments?api-version=2031-01-01"), 400,
		"InvalidApiVersionParameter");
	expect_error(scope("assessments/" KEY "/subAssessments" VERSION "&$skipToken=zz"), 400,
		"InvalidSkipToken");
	expect_error(
		scope("assessments/c0b7cfc6-3172-465a-b378-53c7ff2cc0d5/subAssessments" VERSION),
		404, "ResourceNotFound");
	expect_error("/subscriptions/x/providers/Microsoft.Security/subAssessments" VERSION, 400,
		"InvalidSubscriptionId");
	expect_error("/subscriptions/7f951dda-4ed3-4680-a7ca-43fe172d538d/providers/"
		     "Microsoft.Security/subAssessments" VERSION,
		404, "SubscriptionNotFound");
	struct str subscription = store_identity(with.store)->subscription_id;
	expect_error(arena_printf(with.arena,
			     "/subscriptions/" STR_FMT "/resourceGroups/none/providers/"
			     "Microsoft.Security/subAssessments" VERSION,
			     STR_ARG(subscription))
			     .p,
		404, "ResourceGroupNotFound");
}

static void images_are_listed_with_their_state(void **state)
{
	(void)state;
	const char *wanted[] = { "Unhealthy", "Unhealthy", "Healthy", "NoAdvisories", "NotScanned",
		"Unhealthy" };
	size_t n = 0;
	char *next = strdup("/api/v1/images?n=4");
	while (next) {
		size_t i;
		json_t *row;
		assert_int_equal(get(next), 200);
		json_array_foreach (json_object_get(with.body, "images"), i, row) {
			assert_true(n < 6);
			assert_string_equal(text_at(row, "state"), wanted[n++]);
		}
		const json_t *link = json_object_get(with.body, "next");
		free(next);
		next = link ? strdup(json_string_value(link)) : NULL;
	}
	assert_int_equal(n, 6);
	assert_int_equal(get("/api/v1/images?repository=copy"), 200);
	assert_int_equal(json_array_size(json_object_get(with.body, "images")), 1);
	expect_error("/api/v1/images?n=0", 400, "InvalidParameter");
	expect_error("/api/v1/images?n=x", 400, "InvalidParameter");
	expect_error("/api/v1/images?last=x", 400, "InvalidParameter");
}

static void findings_of_an_image_and_of_an_index(void **state)
{
	(void)state;
	assert_int_equal(get("/api/v1/findings?image=team/app:1"), 200);
	assert_string_equal(text_at(with.body, "state"), "Unhealthy");
	assert_string_equal(text_at(with.body, "digest"), BAD);
	const json_t *findings = json_object_get(with.body, "findings");
	assert_int_equal(json_array_size(findings), FINDINGS);
	assert_string_equal(text_at(json_array_get(findings, 0), "severity"), "Critical");

	assert_int_equal(get("/api/v1/findings?image=team/app@" CLEAN), 200);
	assert_string_equal(text_at(with.body, "state"), "Healthy");
	assert_string_equal(text_at(with.body, "reason"), "remark");

	assert_int_equal(get("/api/v1/findings?image=team/app"), 200);
	assert_string_equal(text_at(with.body, "kind"), "index");
	assert_string_equal(text_at(with.body, "state"), "Unhealthy");
	const json_t *children = json_object_get(with.body, "children");
	assert_int_equal(json_array_size(children), 2);
	assert_string_equal(text_at(json_array_get(children, 0), "state"), "Healthy");
	assert_string_equal(text_at(json_array_get(children, 1), "architecture"), "amd64");

	expect_error("/api/v1/findings?image=team/app:none", 404, "ImageNotFound");
	expect_error("/api/v1/findings?image=none", 404, "RepositoryNotFound");
	expect_error("/api/v1/findings?image=Bad%20Name", 400, "InvalidParameter");
	expect_error("/api/v1/findings", 400, "InvalidParameter");
}

/* Three indexes that name each other thousands of times are a few hundred kB of text. */
static int put_nest(struct db_conn *c, void *argument, struct err *err)
{
	enum { TIMES = 1500 };
	static const struct str levels[] = { STR_INIT(CLEAN), STR_INIT(DIGEST("11111111")),
		STR_INIT(DIGEST("22222222")), STR_INIT(DIGEST("33333333")) };
	static struct str children[TIMES];
	(void)argument;
	int rc = put_manifest(c, STR("nest"), STR(CLEAN), STORE_IMAGE, NULL, 0, STR(""), err);
	for (size_t level = 1; rc == 0 && level < 4; level++) {
		for (size_t i = 0; i < TIMES; i++)
			children[i] = levels[level - 1];
		rc = put_manifest(
			c, STR("nest"), levels[level], STORE_INDEX, children, TIMES, STR(""), err);
	}
	return rc;
}

static void indexes_of_indexes_are_bounded_work(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_int_equal(store_write(with.store, put_nest, NULL, &err), 0);
	curl_easy_setopt(with.curl, CURLOPT_TIMEOUT, 20L);
	assert_int_equal(get("/api/v1/images?repository=nest"), 200);
	const json_t *images = json_object_get(with.body, "images");
	assert_int_equal(json_array_size(images), 4);
	for (size_t i = 0; i < 3; i++) {
		/* What was not looked at is never called healthy. */
		const json_t *row = json_array_get(images, i);
		assert_string_equal(text_at(row, "state"), "Failed");
		assert_non_null(strstr(text_at(row, "reason"), "more than"));
	}
	assert_string_equal(text_at(json_array_get(images, 3), "state"), "Healthy");
}

static void advisories_may_be_absent(void **state)
{
	(void)state;
	assert_int_equal(get("/api/v1/advisories"), 200);
	assert_true(json_is_null(json_object_get(with.body, "snapshot")));
}

static void tokens_come_back(void **state)
{
	(void)state;
	struct security_position back;
	const struct security_position position = { STR("team/app"), STR(BAD),
		STR("00000000-0000-5000-8000-000000000000") };
	struct str token = security_token_write(with.arena, &position);
	assert_true(security_token_read(with.arena, token, &back));
	assert_true(str_eq(back.repository, position.repository));
	assert_true(str_eq(back.digest, position.digest));
	assert_true(str_eq(back.row, position.row));
	assert_false(security_token_read(with.arena, STR(""), &back));
	assert_false(security_token_read(with.arena, STR("310a"), &back));
	assert_false(security_token_read(with.arena, str_sub(token, 0, token.n - 2), &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_have_every_row_once),
		cmocka_unit_test(a_row_is_found_by_its_id),
		cmocka_unit_test(a_finding_has_all_fields),
		cmocka_unit_test(wrong_questions_get_azures_errors),
		cmocka_unit_test(images_are_listed_with_their_state),
		cmocka_unit_test(findings_of_an_image_and_of_an_index),
		cmocka_unit_test(indexes_of_indexes_are_bounded_work),
		cmocka_unit_test(advisories_may_be_absent),
		cmocka_unit_test(tokens_come_back),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
