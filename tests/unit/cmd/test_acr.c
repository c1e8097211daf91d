/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /acr/v1 and what its locks do to the distribution surface, as a table: each row locks one thing,
 * asks one question, unlocks and asks again.
 */
#include "v2_fixture.h"

#include "base/strbuf.h"

#include <string.h>

#define REPO "/acr/v1/a"
#define TAG  "/acr/v1/a/_tags/v1"
#define MAN  "/acr/v1/a/_manifests/M"

/* Of the content that reset() pushes. */
static char manifest_digest[DIGEST_TEXT_MAX];
static char config_digest[DIGEST_TEXT_MAX];

enum probe_body { NOTHING, EMPTY, SAME, OTHER, BLOB };

struct lock_row {
	const char *locked;
	const char *attribute;
	const char *method;
	const char *target; /* M: the manifest's digest, B: the blob's */
	enum probe_body body;
	int while_locked;
	int unlocked;
};

static const struct lock_row lock_rows[] = {
	{ REPO, "writeEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 405, 201 },
	{ REPO, "writeEnabled", "PUT", "/v2/a/manifests/v2", OTHER, 405, 201 },
	{ REPO, "writeEnabled", "PUT", "/v2/a/manifests/v1", SAME, 201, 201 },
	{ REPO, "writeEnabled", "POST", "/v2/a/blobs/uploads/", EMPTY, 405, 202 },
	{ REPO, "writeEnabled", "POST", "/v2/a/blobs/uploads/?digest=B", BLOB, 405, 201 },
	{ REPO, "writeEnabled", "POST", "/v2/a/blobs/uploads/?mount=B&from=b", EMPTY, 405, 201 },
	{ REPO, "writeEnabled", "POST", "/v2/a/blobs/uploads/?mount=B", EMPTY, 405, 201 },
	{ REPO, "writeEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 405, 202 },
	{ REPO, "writeEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 405, 202 },
	{ REPO, "writeEnabled", "DELETE", "/v2/a/blobs/B", NOTHING, 405, 202 },
	{ REPO, "writeEnabled", "DELETE", TAG, NOTHING, 405, 202 },
	{ REPO, "writeEnabled", "DELETE", REPO, NOTHING, 405, 202 },
	{ REPO, "writeEnabled", "GET", "/v2/a/manifests/v1", NOTHING, 200, 200 },
	{ REPO, "writeEnabled", "GET", "/v2/a/blobs/B", NOTHING, 200, 200 },
	{ REPO, "writeEnabled", "POST", "/v2/c/blobs/uploads/?mount=B&from=a", EMPTY, 201, 201 },
	{ REPO, "deleteEnabled", "DELETE", REPO, NOTHING, 405, 202 },
	{ REPO, "deleteEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 202, 202 },
	{ REPO, "deleteEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 202, 202 },
	{ REPO, "deleteEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 201, 201 },
	{ REPO, "readEnabled", "GET", "/v2/a/manifests/v1", NOTHING, 405, 200 },
	{ REPO, "readEnabled", "GET", "/v2/a/manifests/M", NOTHING, 405, 200 },
	{ REPO, "readEnabled", "GET", "/v2/a/blobs/B", NOTHING, 405, 200 },
	{ REPO, "readEnabled", "HEAD", "/v2/a/manifests/v1", NOTHING, 200, 200 },
	{ REPO, "readEnabled", "HEAD", "/v2/a/blobs/B", NOTHING, 200, 200 },
	{ REPO, "readEnabled", "POST", "/v2/c/blobs/uploads/?mount=B&from=a", EMPTY, 202, 201 },
	{ REPO, "readEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 201, 201 },
	{ REPO, "readEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 202, 202 },
	{ TAG, "writeEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 405, 201 },
	{ TAG, "writeEnabled", "PUT", "/v2/a/manifests/v1", SAME, 201, 201 },
	{ TAG, "writeEnabled", "PUT", "/v2/a/manifests/v2", OTHER, 201, 201 },
	{ TAG, "writeEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 405, 202 },
	{ TAG, "writeEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 405, 202 },
	{ TAG, "writeEnabled", "DELETE", "/v2/a/blobs/B", NOTHING, 405, 202 },
	{ TAG, "writeEnabled", "DELETE", TAG, NOTHING, 405, 202 },
	{ TAG, "writeEnabled", "DELETE", REPO, NOTHING, 405, 202 },
	{ TAG, "deleteEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 201, 201 },
	{ TAG, "deleteEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 405, 202 },
	{ TAG, "deleteEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 405, 202 },
	{ TAG, "deleteEnabled", "DELETE", "/v2/a/blobs/B", NOTHING, 405, 202 },
	{ TAG, "deleteEnabled", "DELETE", REPO, NOTHING, 405, 202 },
	{ TAG, "readEnabled", "GET", "/v2/a/manifests/v1", NOTHING, 405, 200 },
	{ TAG, "readEnabled", "HEAD", "/v2/a/manifests/v1", NOTHING, 200, 200 },
	{ TAG, "readEnabled", "GET", "/v2/a/manifests/M", NOTHING, 200, 200 },
	{ TAG, "listEnabled", "GET", "/v2/a/manifests/v1", NOTHING, 200, 200 },
	{ MAN, "writeEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 405, 201 },
	{ MAN, "writeEnabled", "PUT", "/v2/a/manifests/v1", SAME, 201, 201 },
	{ MAN, "writeEnabled", "PUT", "/v2/a/manifests/v2", SAME, 201, 201 },
	{ MAN, "writeEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 405, 202 },
	{ MAN, "writeEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 405, 202 },
	{ MAN, "writeEnabled", "DELETE", "/v2/a/blobs/B", NOTHING, 405, 202 },
	{ MAN, "deleteEnabled", "PUT", "/v2/a/manifests/v1", OTHER, 201, 201 },
	{ MAN, "deleteEnabled", "DELETE", "/v2/a/manifests/v1", NOTHING, 202, 202 },
	{ MAN, "deleteEnabled", "DELETE", "/v2/a/manifests/M", NOTHING, 405, 202 },
	{ MAN, "deleteEnabled", "DELETE", "/v2/a/blobs/B", NOTHING, 405, 202 },
	{ MAN, "deleteEnabled", "DELETE", REPO, NOTHING, 405, 202 },
	{ MAN, "readEnabled", "GET", "/v2/a/manifests/v1", NOTHING, 405, 200 },
	{ MAN, "readEnabled", "GET", "/v2/a/manifests/M", NOTHING, 405, 200 },
	{ MAN, "readEnabled", "HEAD", "/v2/a/manifests/M", NOTHING, 200, 200 },
	{ MAN, "readEnabled", "GET", "/v2/a/blobs/B", NOTHING, 200, 200 },
};

static const char *filled(const char *target)
{
	static char out[8192];
	size_t n = 0;
	for (const char *p = target; *p; p++) {
		const char *text = *p == 'M' ? manifest_digest : *p == 'B' ? config_digest : NULL;
		n += (size_t)snprintf(
			out + n, sizeof(out) - n, "%.*s", text ? 200 : 1, text ? text : p);
	}
	return out;
}

static void set_attribute(const char *target, const char *name, bool value)
{
	char body[64];
	snprintf(body, sizeof(body), "{\"%s\":%s}", name, value ? "true" : "false");
	assert_int_equal(ask("PATCH", filled(target), "", str_from(body)), 200);
	snprintf(body, sizeof(body), "\"%s\":%s", name, value ? "true" : "false");
	assert_non_null(strstr(answer.body, body));
}

static void reset(void)
{
	push_blob("b", STR("{}"));
	assert_int_equal(push_manifest("a", "v1", NULL), 201);
	snprintf(manifest_digest, sizeof(manifest_digest), "%s", digest);
	digest_of(STR("{}"));
	snprintf(config_digest, sizeof(config_digest), "%s", digest);
}

static int probe(const struct lock_row *row)
{
	AUTO_STRBUF struct strbuf manifest = STRBUF(4096);
	strbuf_addf(&manifest,
		"{\"schemaVersion\":2,\"mediaType\":\"" TYPE "\",\"config\":{\"mediaType\":"
		"\"application/"
		"vnd.oci.empty.v1+json\",\"digest\":\"%s\",\"size\":2},\"layers\":[]%s}",
		config_digest, row->body == OTHER ? ",\"annotations\":{\"other\":\"1\"}" : "");
	const struct str bodies[] = { STR_NULL, STR(""), strbuf_view(&manifest),
		strbuf_view(&manifest), STR("{}") };
	bool manifests = row->body == SAME || row->body == OTHER;
	return ask(row->method, filled(row->target), manifests ? "Content-Type: " TYPE "\r\n" : "",
		bodies[row->body]);
}

static void each_lock_forbids_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lock_rows) / sizeof(lock_rows[0]); i++) {
		const struct lock_row *row = &lock_rows[i];
		print_message("# %s of %s: %s %s\n", row->attribute, row->locked, row->method,
			row->target);
		reset();
		set_attribute(row->locked, row->attribute, false);
		assert_int_equal(probe(row), row->while_locked);
		if (row->while_locked == 405) {
			if (strcmp(row->method, "HEAD"))
				assert_code("DENIED");
			assert_non_null(raw_header(&answer, "Allow"));
		}
		/* The lock may have gone with what it was on. */
		ask("PATCH", filled(row->locked), "",
			STR("{\"deleteEnabled\":true,"
			    "\"writeEnabled\":true,\"readEnabled\":true,\"listEnabled\":true}"));
		reset();
		assert_int_equal(probe(row), row->unlocked);
	}
}

static void a_lock_stops_an_upload_that_had_begun(void **state)
{
	(void)state;
	char upload[256];
	char target[512];
	reset();
	start_upload("a", upload);
	assert_int_equal(ask("PATCH", upload, "", STR("content")), 202);
	set_attribute(REPO, "writeEnabled", false);
	assert_int_equal(ask("PATCH", upload, "", STR("more")), 405);
	snprintf(target, sizeof(target), "%s?digest=%s", upload, digest_of(STR("content")));
	assert_int_equal(ask("PUT", target, "", STR("")), 405);
	assert_code("DENIED");
	assert_int_equal(ask("GET", upload, "", STR_NULL), 204);
	assert_header("Range", "0-6");
	set_attribute(REPO, "writeEnabled", true);
	assert_int_equal(ask("PUT", target, "", STR("")), 201);
}

static void what_is_not_listed_is_still_there(void **state)
{
	(void)state;
	reset();
	set_attribute(TAG, "listEnabled", false);
	assert_int_equal(ask("GET", "/v2/a/tags/list", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"name\":\"a\",\"tags\":[]}");
	assert_int_equal(ask("GET", "/acr/v1/a/_tags", "", STR_NULL), 200);
	assert_null(strstr(answer.body, "\"v1\""));
	assert_int_equal(ask("GET", "/acr/v1/a/_manifests", "", STR_NULL), 200);
	assert_non_null(strstr(answer.body, "\"tags\":[]"));
	set_attribute(MAN, "listEnabled", false);
	assert_int_equal(ask("GET", "/acr/v1/a/_manifests", "", STR_NULL), 200);
	assert_null(strstr(answer.body, manifest_digest));
	assert_int_equal(ask("GET", filled(MAN), "", STR_NULL), 200);
	set_attribute(REPO, "listEnabled", false);
	for (int i = 0; i < 2; i++) {
		ask("GET", i ? "/v2/_catalog" : "/acr/v1/_catalog", "", STR_NULL);
		assert_string_equal(answer.body, "{\"repositories\":[]}");
	}
	assert_int_equal(ask("GET", REPO, "", STR_NULL), 200);
	assert_int_equal(ask("GET", TAG, "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/v2/a/manifests/v1", "", STR_NULL), 200);
	/* A referrer that no list shows. */
	char subject[DIGEST_TEXT_MAX];
	snprintf(subject, sizeof(subject), "%s", manifest_digest);
	assert_int_equal(push_manifest("a", "about", subject), 201);
	snprintf(manifest_digest, sizeof(manifest_digest), "%s", digest);
	char list[256];
	snprintf(list, sizeof(list), "/v2/a/referrers/%s", subject);
	ask("GET", list, "", STR_NULL);
	assert_non_null(strstr(answer.body, manifest_digest));
	set_attribute(MAN, "listEnabled", false);
	ask("GET", list, "", STR_NULL);
	assert_non_null(strstr(answer.body, "\"manifests\":[]"));
}

#define INDEX "application/vnd.oci.image.index.v1+json"

static void a_locked_index_keeps_what_it_names(void **state)
{
	(void)state;
	reset();
	AUTO_STRBUF struct strbuf text = STRBUF(4096);
	strbuf_addf(&text,
		"{\"schemaVersion\":2,\"mediaType\":\"" INDEX
		"\",\"manifests\":[{\"mediaType\":\"" TYPE
		"\",\"digest\":\"%s\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":"
		"\"arm64\"}}]}",
		manifest_digest);
	assert_int_equal(ask("PUT", "/v2/a/manifests/all", "Content-Type: " INDEX "\r\n",
				 strbuf_view(&text)),
		201);
	char target[256];
	snprintf(target, sizeof(target), "/acr/v1/a/_manifests/%s", digest_of(strbuf_view(&text)));
	assert_int_equal(ask("GET", target, "", STR_NULL), 200);
	assert_non_null(strstr(answer.body, "\"references\":[{\"digest\":\"sha256:"));
	assert_non_null(strstr(answer.body, "\"architecture\":\"arm64\",\"os\":\"linux\"}]"));
	assert_null(strstr(answer.body, "configMediaType"));
	set_attribute("/acr/v1/a/_tags/all", "deleteEnabled", false);
	assert_int_equal(ask("DELETE", filled("/v2/a/manifests/M"), "", STR_NULL), 405);
	assert_int_equal(ask("DELETE", filled("/v2/a/blobs/B"), "", STR_NULL), 405);
	set_attribute("/acr/v1/a/_tags/all", "deleteEnabled", true);
	assert_int_equal(ask("DELETE", filled("/v2/a/manifests/M"), "", STR_NULL), 202);
}

static void attributes_have_the_form_that_clients_read(void **state)
{
	(void)state;
	reset();
	assert_int_equal(ask("GET", REPO, "", STR_NULL), 200);
	assert_header("Content-Type", "application/json");
	static const char *const wanted[] = {
		"{\"registry\":\"a\",\"imageName\":\"a\",\"createdTime\":\"20",
		"\"manifestCount\":1,\"tagCount\":1,\"changeableAttributes\":{\"deleteEnabled\":"
		"true,"
		"\"writeEnabled\":true,\"listEnabled\":true,\"readEnabled\":true}}"
	};
	for (size_t i = 0; i < 2; i++)
		assert_non_null(strstr(answer.body, wanted[i]));
	assert_int_equal(ask("GET", TAG, "", STR_NULL), 200);
	assert_non_null(strstr(
		answer.body, "\"imageName\":\"a\",\"tag\":{\"name\":\"v1\",\"digest\":\"sha256:"));
	assert_non_null(strstr(answer.body, "\"signed\":false,"));
	assert_int_equal(ask("GET", filled(MAN), "", STR_NULL), 200);
	assert_non_null(
		strstr(answer.body, "\"imageName\":\"a\",\"manifest\":{\"digest\":\"sha256:"));
	assert_non_null(
		strstr(answer.body, "\"mediaType\":\"" TYPE "\",\"configMediaType\":"
				    "\"application/vnd.oci.empty.v1+json\",\"tags\":[\"v1\"],"));
}

/* Follows Link; the names of each page, in order, joined. */
static void follow(const char *first, const char *member, char *out, size_t n)
{
	char target[512];
	char mark[32];
	snprintf(target, sizeof(target), "%s", first);
	snprintf(mark, sizeof(mark), "\"%s\":\"", member);
	out[0] = '\0';
	for (int page = 0; page < 10; page++) {
		assert_int_equal(ask("GET", target, "", STR_NULL), 200);
		for (const char *p = answer.body; (p = strstr(p, mark));) {
			p += strlen(mark);
			const char *end = strchr(p, '"');
			snprintf(out + strlen(out), n - strlen(out), "%.*s ", (int)(end - p), p);
		}
		snprintf(out + strlen(out), n - strlen(out), "| ");
		const char *link = raw_header(&answer, "Link");
		if (!link)
			return;
		const char *end = strchr(link, '>');
		assert_string_equal(end, ">; rel=\"next\"");
		snprintf(target, sizeof(target), "%.*s", (int)(end - link - 1), link + 1);
	}
	fail_msg("the pages of %s have no end", first);
}

static void lists_are_paged_by_name_and_time(void **state)
{
	(void)state;
	char out[1024];
	static const char *const tags[] = { "c", "a", "e", "b", "d" };
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(push_manifest("a", tags[i], NULL), 201);
	follow("/acr/v1/a/_tags?n=2", "name", out, sizeof(out));
	assert_string_equal(out, "a b | c d | e | ");
	follow("/acr/v1/a/_tags?n=2&orderby=none&last=b", "name", out, sizeof(out));
	assert_string_equal(out, "c d | e | ");
	follow("/acr/v1/a/_tags?n=2&orderby=timeasc", "name", out, sizeof(out));
	assert_string_equal(out, "c a | e b | d | ");
	follow("/acr/v1/a/_tags?n=2&orderby=timedesc", "name", out, sizeof(out));
	assert_string_equal(out, "d b | e a | c | ");
	follow("/acr/v1/a/_tags?n=3&orderby=timedesc&last=b", "name", out, sizeof(out));
	assert_string_equal(out, "e a c | ");
	follow("/acr/v1/a/_tags?n=5&orderby=timeasc&last=gone", "name", out, sizeof(out));
	assert_string_equal(out, "c a e b d | ");
	char target[256];
	snprintf(target, sizeof(target), "/acr/v1/a/_tags?n=3&orderby=timeasc&digest=%s", digest);
	follow(target, "name", out, sizeof(out));
	assert_string_equal(out, "a b c | d e | ");
	/* A change moves a tag to the end of the times. */
	set_attribute("/acr/v1/a/_tags/c", "listEnabled", true);
	follow("/acr/v1/a/_tags?orderby=timedesc&n=1000", "name", out, sizeof(out));
	assert_string_equal(out, "c d b e a | ");
	assert_int_equal(ask("GET", "/acr/v1/a/_tags?n=0", "", STR_NULL), 200);
	assert_null(raw_header(&answer, "Link"));
	static const char *const bad[] = { "/acr/v1/a/_tags?n=x", "/acr/v1/a/_tags?n=-1",
		"/acr/v1/a/_tags?orderby=name", "/acr/v1/a/_manifests?orderby=1",
		"/acr/v1/a/_tags?digest=sha256:0", "/acr/v1/a/_tags?lastUpdate=x&last=a",
		"/acr/v1/_catalog?n=x" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ask("GET", bad[i], "", STR_NULL), 400);
}

static void manifests_and_repositories_are_paged(void **state)
{
	(void)state;
	char out[1024];
	char expected[1024] = "";
	char first[DIGEST_TEXT_MAX];
	assert_int_equal(push_manifest("a", "one", NULL), 201);
	snprintf(first, sizeof(first), "%s", digest);
	for (int i = 0; i < 2; i++) {
		char subject[DIGEST_TEXT_MAX];
		snprintf(subject, sizeof(subject), "sha256:%064d", i);
		assert_int_equal(push_manifest("a", i ? "two" : "three", subject), 201);
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s %s",
			digest, i ? "| " : "| ");
	}
	char all[1024];
	snprintf(all, sizeof(all), "%s | %s", first, expected);
	follow("/acr/v1/a/_manifests?n=1&orderby=timeasc", "digest", out, sizeof(out));
	assert_string_equal(out, all);
	snprintf(all, sizeof(all), "/acr/v1/a/_manifests?n=1&orderby=timeasc&last=%s", first);
	follow(all, "digest", out, sizeof(out));
	assert_string_equal(out, expected);
	follow("/acr/v1/a/_manifests?n=2", "digest", out, sizeof(out));
	assert_int_equal(strlen(out), 3 * 72 + 2 * 2);
	static const char *const names[] = { "b/x", "c", "b" };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(push_manifest(names[i], "v", NULL), 201);
	assert_int_equal(ask("GET", "/acr/v1/_catalog?n=2", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"repositories\":[\"a\",\"b\"]}");
	assert_header("Link", "</acr/v1/_catalog?n=2&last=b>; rel=\"next\"");
	assert_int_equal(ask("GET", "/acr/v1/_catalog?n=2&last=b", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{\"repositories\":[\"b/x\",\"c\"]}");
	assert_null(raw_header(&answer, "Link"));
	/* A slash of the name may come escaped, as client libraries send it. */
	assert_int_equal(
		ask("GET", "/acr/v1/b%2Fx/_tags/v?api-version=2021-07-01", "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/acr/v1/b/x", "", STR_NULL), 200);
}

static void a_repository_is_deleted_with_everything(void **state)
{
	(void)state;
	reset();
	assert_int_equal(push_manifest("a", "v2", NULL), 201);
	set_attribute(REPO, "readEnabled", false);
	assert_int_equal(ask("DELETE", REPO, "", STR_NULL), 202);
	char expected[256];
	snprintf(expected, sizeof(expected),
		"{\"manifestsDeleted\":[\"%s\"],\"tagsDeleted\":[\"v1\",\"v2\"]}", manifest_digest);
	assert_string_equal(answer.body, expected);
	static const char *const gone[] = { REPO, TAG, MAN, "/acr/v1/a/_tags",
		"/acr/v1/a/_manifests", "/v2/a/tags/list", "/v2/a/manifests/v1", "/v2/a/blobs/B" };
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		assert_int_equal(ask("GET", filled(gone[i]), "", STR_NULL), 404);
		assert_code("NAME_UNKNOWN");
	}
	assert_int_equal(ask("DELETE", REPO, "", STR_NULL), 404);
	assert_int_equal(ask("GET", filled("/v2/b/blobs/B"), "", STR_NULL), 200);
	/* The next push makes it new, without the locks of the old one. */
	reset();
	assert_int_equal(ask("GET", "/v2/a/manifests/v1", "", STR_NULL), 200);
}

/* Sets tags t0 to t<count-1> on the manifest of reset(). */
static void push_tags(int count)
{
	const struct lock_row same = { .method = "PUT", .body = SAME };
	for (int first = 0; first < count; first += 100) {
		AUTO_STRBUF struct strbuf target = STRBUF(8192);
		strbuf_add_cstr(&target, "/v2/a/manifests/M?");
		for (int i = first; i < count && i < first + 100; i++)
			strbuf_addf(&target, "&tag=t%d", i);
		struct lock_row row = same;
		row.target = strbuf_cstr(&target);
		assert_int_equal(probe(&row), 201);
	}
}

/* Also where a step of the deletion ends with the last row, or takes more than one. */
static void a_large_repository_is_deleted_in_steps(void **state)
{
	(void)state;
	static const int counts[] = { 998, 999, 1100 };
	for (size_t i = 0; i < 3; i++) {
		reset();
		push_tags(counts[i]);
		char expected[64];
		snprintf(expected, sizeof(expected), "\"manifestCount\":1,\"tagCount\":%d,",
			counts[i] + 1);
		assert_int_equal(ask("GET", REPO, "", STR_NULL), 200);
		assert_non_null(strstr(answer.body, expected));
		assert_int_equal(ask("DELETE", REPO, "", STR_NULL), 202);
		int named = -1;
		for (const char *p = answer.body; p; p = strchr(p + 1, ','))
			named++;
		assert_int_equal(named, counts[i] + 1);
		assert_int_equal(ask("GET", filled("/v2/a/blobs/B"), "", STR_NULL), 404);
		assert_code("NAME_UNKNOWN");
	}
}

static void answers_to_what_is_wrong(void **state)
{
	(void)state;
#define ABSENT "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *method;
		const char *target;
		const char *body;
		int status;
		const char *code;
	} rows[] = {
		{ "GET", "/acr/v1/none", NULL, 404, "NAME_UNKNOWN" },
		{ "GET", "/acr/v1/None", NULL, 400, "NAME_INVALID" },
		{ "GET", "/acr/v1/none/_tags", NULL, 404, "NAME_UNKNOWN" },
		{ "GET", "/acr/v1/a/_tags/none", NULL, 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/acr/v1/a/_tags/-", NULL, 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/acr/v1/a/_manifests/" ABSENT, NULL, 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/acr/v1/a/_manifests/v1", NULL, 400, "DIGEST_INVALID" },
		{ "DELETE", "/acr/v1/none", NULL, 404, "NAME_UNKNOWN" },
		{ "DELETE", "/acr/v1/a/_tags/none", NULL, 404, "MANIFEST_UNKNOWN" },
		{ "DELETE", "/acr/v1/a/_tags/" ABSENT, NULL, 404, "MANIFEST_UNKNOWN" },
		{ "DELETE", "/acr/v1/a/_manifests/" ABSENT, NULL, 400, "NAME_INVALID" },
		{ "POST", "/acr/v1/a", "", 405, "UNSUPPORTED" },
		{ "PATCH", "/acr/v1/none", "{\"readEnabled\":false}", 404, "NAME_UNKNOWN" },
		{ "PATCH", "/acr/v1/a/_tags/none", "{\"readEnabled\":false}", 404,
			"MANIFEST_UNKNOWN" },
		{ "PATCH", REPO, "", 400, "UNSUPPORTED" },
		{ "PATCH", REPO, "[]", 400, "UNSUPPORTED" },
		{ "PATCH", REPO, "{\"readEnabled\":", 400, "UNSUPPORTED" },
		{ "PATCH", REPO, "{\"readEnabled\":0}", 400, "UNSUPPORTED" },
		{ "PATCH", REPO, "{\"readEnabled\":false,\"quarantineState\":\"Passed\"}", 400,
			"UNSUPPORTED" },
		{ "PATCH", REPO, "{\"ReadEnabled\":false}", 400, "UNSUPPORTED" },
	};
	reset();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s %s\n", rows[i].method, rows[i].target);
		assert_int_equal(ask(rows[i].method, rows[i].target, "", str_from(rows[i].body)),
			rows[i].status);
		assert_code(rows[i].code);
	}
	/* Nothing of it did anything; an empty change is none. */
	assert_int_equal(ask("PATCH", REPO, "", STR("{\"readEnabled\":null}")), 200);
	assert_int_equal(ask("GET", "/v2/a/manifests/v1", "", STR_NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_lock_forbids_what_it_says),
		TEST(a_lock_stops_an_upload_that_had_begun),
		TEST(what_is_not_listed_is_still_there),
		TEST(a_locked_index_keeps_what_it_names),
		TEST(attributes_have_the_form_that_clients_read),
		TEST(lists_are_paged_by_name_and_time),
		TEST(manifests_and_repositories_are_paged),
		TEST(a_repository_is_deleted_with_everything),
		TEST(a_large_repository_is_deleted_in_steps),
		TEST(answers_to_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
