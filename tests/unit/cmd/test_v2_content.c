/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the distribution surface does with content that is there: deleting it, who refers to it, and
 * naming it by sha512 and by several tags.
 */
#include "v2_fixture.h"

#include "base/strbuf.h"

#include <string.h>

/* GET and HEAD say 404 and the code. */
static void assert_gone(const char *target, const char *code)
{
	char copy[256];
	snprintf(copy, sizeof(copy), "%s", target);
	assert_int_equal(ask("HEAD", copy, "", STR_NULL), 404);
	assert_int_equal(ask("GET", copy, "", STR_NULL), 404);
	assert_code(code);
}

static void a_deleted_tag_leaves_its_manifest(void **state)
{
	(void)state;
	assert_int_equal(push_manifest("a/b", "one", NULL), 201);
	assert_int_equal(push_manifest("a/b", "two", NULL), 201);
	assert_int_equal(ask("DELETE", "/v2/a/b/manifests/one", "", STR_NULL), 202);
	assert_header("Content-Length", "0");
	assert_gone("/v2/a/b/manifests/one", "MANIFEST_UNKNOWN");
	assert_int_equal(ask("HEAD", "/v2/a/b/manifests/two", "", STR_NULL), 200);
	assert_int_equal(ask("HEAD", formatted("/v2/a/b/manifests/%s", digest), "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/v2/a/b/tags/list", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"name\":\"a/b\",\"tags\":[\"two\"]}");
	assert_int_equal(ask("DELETE", "/v2/a/b/manifests/one", "", STR_NULL), 404);
	assert_code("MANIFEST_UNKNOWN");
}

static void a_deleted_manifest_takes_its_tags_and_leaves_the_lists(void **state)
{
	(void)state;
	char target[256];
	assert_int_equal(push_manifest("a", "one", NULL), 201);
	assert_int_equal(push_manifest("a", "two", NULL), 201);
	assert_int_equal(push_manifest("b", "one", NULL), 201);
	snprintf(target, sizeof(target), "/v2/a/manifests/%s", digest);
	assert_int_equal(ask("DELETE", target, "", STR_NULL), 202);
	assert_gone(target, "MANIFEST_UNKNOWN");
	assert_gone("/v2/a/manifests/one", "MANIFEST_UNKNOWN");
	assert_gone("/v2/a/manifests/two", "MANIFEST_UNKNOWN");
	assert_int_equal(ask("GET", "/v2/a/tags/list", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"name\":\"a\",\"tags\":[]}");
	assert_int_equal(ask("HEAD", "/v2/b/manifests/one", "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/v2/_catalog", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"repositories\":[\"b\"]}");
	assert_int_equal(ask("GET", "/api/v1/images", "", STR_NULL), 200);
	assert_null(strstr(answer.body, "\"repository\":\"a\""));
	assert_non_null(strstr(answer.body, "\"repository\":\"b\""));
	assert_int_equal(ask("DELETE", "/v2/b/manifests/one", "", STR_NULL), 202);
	assert_int_equal(ask("DELETE", formatted("/v2/b/manifests/%s", digest), "", STR_NULL), 202);
	assert_int_equal(ask("GET", "/api/v1/images", "", STR_NULL), 200);
	assert_null(strstr(answer.body, digest));
	/* Nothing of the deletion stands in the way of another push. */
	assert_int_equal(push_manifest("a", "one", NULL), 201);
	assert_int_equal(ask("HEAD", target, "", STR_NULL), 200);
}

static void a_deleted_blob_is_gone_from_its_repository_only(void **state)
{
	(void)state;
	char target[256];
	push_blob("a", STR("shared"));
	push_blob("b", STR("shared"));
	snprintf(target, sizeof(target), "/v2/a/blobs/%s", digest);
	assert_int_equal(ask("DELETE", target, "", STR_NULL), 202);
	assert_header("Content-Length", "0");
	assert_gone(target, "BLOB_UNKNOWN");
	assert_int_equal(ask("DELETE", target, "", STR_NULL), 404);
	assert_code("BLOB_UNKNOWN");
	assert_int_equal(ask("GET", formatted("/v2/b/blobs/%s", digest), "", STR_NULL), 200);
	assert_string_equal(answer.body, "shared");
	/* A repository that lost it is no source of a mount. */
	const char *mount = formatted("/v2/c/blobs/uploads/?mount=%s&from=a", digest);
	assert_int_equal(ask("POST", mount, "", STR("")), 202);
	push_blob("a", STR("shared"));
	assert_int_equal(ask("HEAD", target, "", STR_NULL), 200);
}

static void what_cannot_be_deleted_has_its_code(void **state)
{
	(void)state;
#define NOTHING "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *target;
		int status;
		const char *code;
	} rows[] = {
		{ "/v2/a/manifests/none", 404, "MANIFEST_UNKNOWN" },
		{ "/v2/a/manifests/-no-tag", 404, "MANIFEST_UNKNOWN" },
		{ "/v2/a/manifests/" NOTHING, 404, "MANIFEST_UNKNOWN" },
		{ "/v2/a/manifests/sha256:0", 400, "DIGEST_INVALID" },
		{ "/v2/none/manifests/v1", 404, "NAME_UNKNOWN" },
		{ "/v2/A/manifests/v1", 400, "NAME_INVALID" },
		{ "/v2/a/blobs/" NOTHING, 404, "BLOB_UNKNOWN" },
		{ "/v2/a/blobs/sha256:0", 400, "DIGEST_INVALID" },
		{ "/v2/none/blobs/" NOTHING, 404, "NAME_UNKNOWN" },
		{ "/v2/A/blobs/" NOTHING, 400, "NAME_INVALID" },
		{ "/v2/a/tags/list", 405, "UNSUPPORTED" },
		{ "/v2/_catalog", 405, "UNSUPPORTED" },
	};
	assert_int_equal(push_manifest("a", "v1", NULL), 201);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].target);
		assert_int_equal(ask("DELETE", rows[i].target, "", STR_NULL), rows[i].status);
		assert_code(rows[i].code);
	}
	assert_int_equal(ask("HEAD", "/v2/a/manifests/v1", "", STR_NULL), 200);
}

#define INDEX_HEAD                                                                                 \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","          \
	"\"manifests\":["

static void referrers_are_an_index_in_any_case(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/v2/none/referrers/" NOTHING, "", STR_NULL), 200);
	assert_header("Content-Type", "application/vnd.oci.image.index.v1+json");
	assert_string_equal(answer.body, INDEX_HEAD "]}");
	assert_null(raw_header(&answer, "OCI-Filters-Applied"));
	assert_int_equal(push_manifest("a/b", "v1", NOTHING), 201);
	assert_header("OCI-Subject", NOTHING);
	assert_int_equal(ask("GET", "/v2/a/b/referrers/" NOTHING, "", STR_NULL), 200);
	char expected[512];
	snprintf(expected, sizeof(expected),
		INDEX_HEAD "{\"mediaType\":\"" TYPE "\",\"digest\":\"%s\",\"size\":", digest);
	assert_memory_equal(answer.body, expected, strlen(expected));
	assert_non_null(strstr(answer.body, ",\"artifactType\":\"a/b\"}]}"));
	assert_int_equal(ask("HEAD", "/v2/a/b/referrers/" NOTHING, "", STR_NULL), 200);
	assert_int_equal(
		ask("GET", "/v2/a/b/referrers/" NOTHING "?artifactType=a/b", "", STR_NULL), 200);
	assert_header("OCI-Filters-Applied", "artifactType");
	assert_non_null(strstr(answer.body, digest));
	assert_int_equal(
		ask("GET", "/v2/a/b/referrers/" NOTHING "?artifactType=x%2Fy", "", STR_NULL), 200);
	assert_header("OCI-Filters-Applied", "artifactType");
	assert_string_equal(answer.body, INDEX_HEAD "]}");
	assert_int_equal(ask("GET", "/v2/a/b/referrers/sha256:1", "", STR_NULL), 400);
	assert_code("DIGEST_INVALID");
	assert_int_equal(ask("GET", "/v2/A/referrers/" NOTHING, "", STR_NULL), 400);
	assert_code("NAME_INVALID");
	assert_int_equal(ask("GET", "/v2/a/b/referrers/" NOTHING "?n=x", "", STR_NULL), 400);
	assert_int_equal(ask("DELETE", "/v2/a/b/referrers/" NOTHING, "", STR_NULL), 405);
}

/* The Link of a page leads to the next one and keeps the filter. */
static void referrers_are_paged_by_link(void **state)
{
	(void)state;
	static const char *const types[] = { "a/b", "a/c+d", "a/c+d" };
	char target[512] = "/v2/r/referrers/" NOTHING "?n=1&artifactType=a/c%2Bd";
	push_blob("r", STR("{}"));
	char config[DIGEST_TEXT_MAX];
	snprintf(config, sizeof(config), "%s", digest);
	for (size_t i = 0; i < 3; i++) {
		char text[1024];
		snprintf(text, sizeof(text),
			"{\"schemaVersion\":2,\"mediaType\":\"" TYPE
			"\",\"artifactType\":\"%s\",\"config\":{\"mediaType\":\"x/y\","
			"\"digest\":\"%s\",\"size\":2},\"layers\":[],\"annotations\":{\"n\":\"%"
			"zu\"},"
			"\"subject\":{\"mediaType\":\"" TYPE "\",\"digest\":\"" NOTHING
			"\",\"size\":7}}",
			types[i], config, i);
		assert_int_equal(
			ask("PUT", formatted("/v2/r/manifests/t%zu", i), "", str_from(text)), 201);
	}
	for (int page = 0; page < 2; page++) {
		assert_int_equal(ask("GET", target, "", STR_NULL), 200);
		assert_non_null(strstr(answer.body, "\"artifactType\":\"a/c+d\""));
		assert_non_null(strstr(answer.body, "\"annotations\":{\"n\":\""));
		const char *link = raw_header(&answer, "Link");
		if (page == 1) {
			assert_null(link);
			break;
		}
		assert_int_equal(sscanf(link, "<%500[^>]>; rel=\"next\"", target), 1);
	}
}

static void an_index_counts_only_children_that_are_there(void **state)
{
	(void)state;
	char child[DIGEST_TEXT_MAX];
	char text[512];
	assert_int_equal(push_manifest("a", "child", NULL), 201);
	snprintf(child, sizeof(child), "%s", digest);
	snprintf(text, sizeof(text),
		INDEX_HEAD "{\"mediaType\":\"" TYPE "\",\"digest\":\"%s\",\"size\":1}]}", child);
	assert_int_equal(ask("PUT", "/v2/a/manifests/all", "", str_from(text)), 201);
	assert_int_equal(ask("DELETE", formatted("/v2/a/manifests/%s", child), "", STR_NULL), 202);
	assert_int_equal(ask("GET", "/v2/a/manifests/all", "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/api/v1/images", "", STR_NULL), 200);
	assert_null(strstr(answer.body, child));
	assert_int_equal(ask("GET", "/api/v1/findings?image=a:all", "", STR_NULL), 200);
	assert_non_null(strstr(answer.body, "Its manifest has no verdict here."));
}

static void sha512_names_content_on_every_route(void **state)
{
	(void)state;
	char blob[DIGEST_TEXT_MAX];
	char name[DIGEST_TEXT_MAX];
	char target[512];
	char location[256];
	digest_bytes(DIGEST_SHA512, STR("{}"), blob);
	assert_int_equal(
		ask("POST", formatted("/v2/a/blobs/uploads/?digest=%s", blob), "", STR("{}")), 201);
	assert_header("Docker-Content-Digest", blob);
	start_upload("b", location);
	assert_int_equal(ask("PATCH", location, "", STR("{")), 202);
	snprintf(target, sizeof(target), "%s?digest=%s", location, blob);
	assert_int_equal(ask("PUT", target, "", STR("}")), 201);
	assert_header("Docker-Content-Digest", blob);
	assert_int_equal(ask("GET", formatted("/v2/b/blobs/%s", blob), "", STR_NULL), 200);
	assert_header("Docker-Content-Digest", blob);
	assert_string_equal(answer.body, "{}");
	assert_int_equal(
		ask("POST", formatted("/v2/c/blobs/uploads/?mount=%s&from=a", blob), "", STR("")),
		201);
	assert_header("Docker-Content-Digest", blob);
	start_upload("b", location);
	snprintf(target, sizeof(target), "%s?digest=%s", location, blob);
	assert_int_equal(ask("PUT", target, "", STR("other")), 400);
	assert_code("DIGEST_INVALID");

	char text[512];
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x/y\",\"digest\":\"%s\","
		"\"size\":2},\"layers\":[]}",
		blob);
	digest_bytes(DIGEST_SHA512, str_from(text), name);
	snprintf(target, sizeof(target), "/v2/a/manifests/%s?tag=one&tag=two", name);
	assert_int_equal(ask("PUT", target, "Content-Type: " TYPE "\r\n", str_from(text)), 201);
	assert_header("Docker-Content-Digest", name);
	assert_header("OCI-Tag", "one");
	assert_non_null(strstr(answer.head, "OCI-Tag: two"));
	assert_int_equal(ask("GET", "/v2/a/manifests/two", "", STR_NULL), 200);
	assert_header("Docker-Content-Digest", name);
	assert_string_equal(answer.body, text);
	assert_int_equal(ask("DELETE", formatted("/v2/a/manifests/%s", name), "", STR_NULL), 202);
	assert_int_equal(ask("HEAD", "/v2/a/manifests/one", "", STR_NULL), 404);
}

static void tags_and_algorithms_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *query;
		int status;
	} rows[] = { { "?digest-algorithm=sha256", 202 }, { "?digest-algorithm=sha512", 202 },
		{ "?digest-algorithm=md5", 400 }, { "?digest-algorithm=", 400 },
		{ "?digest-algorithm=SHA256", 400 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask("POST", formatted("/v2/a/blobs/uploads/%s", rows[i].query), "",
					 STR("")),
			rows[i].status);
		if (rows[i].status == 400)
			assert_code("DIGEST_INVALID");
	}
	assert_int_equal(push_manifest("a", "v1", NULL), 201);
	assert_null(raw_header(&answer, "OCI-Tag"));
	assert_int_equal(ask("GET", "/v2/a/manifests/v1", "", STR_NULL), 200);
	char text[1024];
	char target[2048];
	snprintf(text, sizeof(text), "%s", answer.body);
	int n = snprintf(target, sizeof(target), "/v2/a/manifests/%s?tag=good&tag=-bad", digest);
	assert_int_equal(ask("PUT", target, "", str_from(text)), 400);
	assert_code("TAG_INVALID");
	assert_int_equal(ask("HEAD", "/v2/a/manifests/good", "", STR_NULL), 404);
	for (int i = 0; i < 101; i++)
		n += snprintf(target + n, sizeof(target) - (size_t)n, "&tag=t%d", i);
	assert_int_equal(ask("PUT", target, "", str_from(text)), 414);
	assert_code("TAG_INVALID");
}

static void a_mount_without_source_takes_from_anybody(void **state)
{
	(void)state;
	char target[256];
	push_blob("a", STR("anywhere"));
	snprintf(target, sizeof(target), "/v2/b/blobs/uploads/?mount=%s", digest);
	assert_int_equal(ask("POST", target, "", STR("")), 201);
	assert_header("Docker-Content-Digest", digest);
	assert_int_equal(ask("GET", raw_header(&answer, "Location"), "", STR_NULL), 200);
	assert_string_equal(answer.body, "anywhere");
	snprintf(target, sizeof(target), "/v2/c/blobs/uploads/?mount=%s&from=", digest);
	assert_int_equal(ask("POST", target, "", STR("")), 201);
	for (char name = 'a'; name <= 'c'; name++)
		assert_int_equal(
			ask("DELETE", formatted("/v2/%c/blobs/%s", name, digest), "", STR_NULL),
			202);
	/* What every repository lost is no content any more, though its bytes may be there. */
	assert_int_equal(ask("POST", target, "", STR("")), 202);
	assert_int_equal(ask("HEAD", formatted("/v2/c/blobs/%s", digest), "", STR_NULL), 404);
	snprintf(target, sizeof(target), "/v2/UPPER/blobs/uploads/?mount=%s", digest);
	assert_int_equal(ask("POST", target, "", STR("")), 400);
	assert_code("NAME_INVALID");
}

static void several_ranges_come_in_parts(void **state)
{
	(void)state;
	char target[256];
	char boundary[64];
	char expected[1024];
	push_blob("a", STR("0123456789"));
	snprintf(target, sizeof(target), "/v2/a/blobs/%s", digest);
	assert_int_equal(
		ask("GET", target, "Range: bytes=7-8,0-1,2-3,-1,50-60\r\n", STR_NULL), 206);
	assert_null(raw_header(&answer, "Content-Range"));
	assert_header("Docker-Content-Digest", digest);
	assert_int_equal(sscanf(raw_header(&answer, "Content-Type"),
				 "multipart/byteranges; boundary=%60s", boundary),
		1);
	int n = snprintf(expected, sizeof(expected),
		"--%s\r\nContent-Type: application/octet-stream\r\n"
		"Content-Range: bytes 7-9/10\r\n\r\n789\r\n"
		"--%s\r\nContent-Type: application/octet-stream\r\n"
		"Content-Range: bytes 0-3/10\r\n\r\n0123\r\n--%s--\r\n",
		boundary, boundary, boundary);
	assert_string_equal(answer.body, expected);
	assert_int_equal(answer.body_bytes, n);
	/* The connection goes on behind it. */
	assert_int_equal(ask("GET", target, "Range: bytes=20-,30-\r\n", STR_NULL), 416);
	assert_header("Content-Range", "bytes */10");
	AUTO_STRBUF struct strbuf many = STRBUF(4096);
	strbuf_add_cstr(&many, "Range: bytes=");
	for (int i = 0; i < 33; i++)
		strbuf_addf(&many, "%d-%d,", 2 * (i % 5), 2 * (i % 5));
	strbuf_add_cstr(&many, "\r\n");
	assert_int_equal(ask("GET", target, strbuf_cstr(&many), STR_NULL), 200);
	assert_string_equal(answer.body, "0123456789");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_deleted_tag_leaves_its_manifest),
		TEST(a_deleted_manifest_takes_its_tags_and_leaves_the_lists),
		TEST(a_deleted_blob_is_gone_from_its_repository_only),
		TEST(what_cannot_be_deleted_has_its_code),
		TEST(referrers_are_an_index_in_any_case),
		TEST(referrers_are_paged_by_link),
		TEST(an_index_counts_only_children_that_are_there),
		TEST(sha512_names_content_on_every_route),
		TEST(tags_and_algorithms_are_checked),
		TEST(a_mount_without_source_takes_from_anybody),
		TEST(several_ranges_come_in_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
