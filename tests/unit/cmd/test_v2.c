/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distribution surface on the wire: asked with raw bytes (v2_fixture.h). Tables where one rule
 * has many cases; courses of several requests where their order is the point. It lies here and not
 * with api/, because only the programs may put the whole server together.
 */
#include "v2_fixture.h"

#include "os/fault.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* --- tests */

static void the_ping_says_what_this_is(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/v2/", "", STR_NULL), 200);
	assert_string_equal(answer.body, "{}");
	assert_header("Docker-Distribution-API-Version", "registry/2.0");
	assert_int_equal(ask("GET", "/v2", "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/healthz", "", STR_NULL), 200);
	assert_int_equal(ask("GET", "/readyz", "", STR_NULL), 200);
	http_server_drain(with.server);
	assert_int_equal(ask("GET", "/readyz", "", STR_NULL), 503);
	assert_header("Connection", "close");
}

static void a_blob_goes_in_by_every_route(void **state)
{
	(void)state;
	char location[256];
	start_upload("a/b", location);
	assert_int_equal(ask("PATCH", location, "", STR("hello ")), 202);
	assert_header("Range", "0-5");
	assert_string_equal(raw_header(&answer, "Location"), location);
	assert_int_equal(ask("GET", location, "", STR_NULL), 204);
	assert_header("Range", "0-5");
	raw_send(with.fd, "PATCH ");
	raw_send(with.fd, location);
	raw_send(with.fd, " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "3\r\nwor\r\n1\r\nl\r\n0\r\n\r\n");
	raw_answer(with.fd, false, &answer);
	assert_int_equal(answer.status, 202);
	assert_header("Range", "0-9");
	char put[512];
	snprintf(put, sizeof(put), "%s?digest=%s", location, digest_of(STR("hello world")));
	assert_int_equal(ask("PUT", put, "", STR("d")), 201);
	assert_header("Docker-Content-Digest", digest);
	char blob[256];
	snprintf(blob, sizeof(blob), "%s", raw_header(&answer, "Location"));
	assert_int_equal(ask("GET", blob, "", STR_NULL), 200);
	assert_string_equal(answer.body, "hello world");
	/* The answer of the closing PUT may have been lost: it is sent again. */
	assert_int_equal(ask("PUT", put, "", STR("")), 201);
	assert_int_equal(ask("GET", location, "", STR_NULL), 404);
	assert_code("BLOB_UPLOAD_UNKNOWN");
	push_blob("a/c", STR("single"));
	start_upload("a/b", location);
	snprintf(put, sizeof(put), "%s?digest=%s", location, digest_of(STR("")));
	assert_int_equal(ask("PUT", put, "", STR("")), 201);
	assert_int_equal(ask("HEAD", formatted("/v2/a/b/blobs/%s", digest), "", STR_NULL), 200);
	assert_header("Content-Length", "0");
}

static void chunks_must_continue_where_the_upload_ends(void **state)
{
	(void)state;
	char location[256];
	start_upload("a", location);
	assert_int_equal(ask("PATCH", location, "Content-Range: 0-4\r\n", STR("01234")), 202);
	static const struct {
		const char *range;
		int status;
		const char *code;
	} wrong[] = {
		{ "0-4", 416, "BLOB_UPLOAD_INVALID" },
		{ "6-10", 416, "BLOB_UPLOAD_INVALID" },
		{ "bytes 9-13/20", 416, "BLOB_UPLOAD_INVALID" },
		{ "nonsense", 416, "BLOB_UPLOAD_INVALID" },
		{ "5-7", 400, "SIZE_INVALID" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char header[64];
		snprintf(header, sizeof(header), "Content-Range: %s\r\n", wrong[i].range);
		assert_int_equal(ask("PATCH", location, header, STR("56789")), wrong[i].status);
		assert_code(wrong[i].code);
		assert_header("Range", "0-4");
		assert_string_equal(raw_header(&answer, "Location"), location);
	}
	char put[512];
	snprintf(put, sizeof(put), "%s?digest=%s", location, digest_of(STR("0123456789")));
	assert_int_equal(ask("PUT", put, "Content-Range: 4-8\r\n", STR("56789")), 416);
	assert_header("Range", "0-4");
	assert_int_equal(ask("PUT", put, "Content-Range: 5-9\r\n", STR("56789")), 201);
}

static void wrong_digests_are_refused_and_leave_nothing(void **state)
{
	(void)state;
	char location[256];
	char put[512];
	start_upload("a", location);
	snprintf(put, sizeof(put), "%s?digest=%s", location, digest_of(STR("other")));
	assert_int_equal(ask("PUT", put, "", STR("content")), 400);
	assert_code("DIGEST_INVALID");
	assert_int_equal(ask("GET", formatted("/v2/a/blobs/%s", digest), "", STR_NULL), 404);
	assert_int_equal(ask("GET", location, "", STR_NULL), 404);
	static const char *const bad[] = { "", "?digest=", "?digest=sha256:12", "?digest=md5:ab",
		"?digest=%20" };
	start_upload("a", location);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(put, sizeof(put), "%s%s", location, bad[i]);
		assert_int_equal(ask("PUT", put, "", STR("")), 400);
		assert_code("DIGEST_INVALID");
	}
	assert_int_equal(ask("DELETE", location, "", STR_NULL), 204);
	assert_int_equal(ask("GET", location, "", STR_NULL), 404);
}

static void a_body_that_is_cut_short_can_be_continued(void **state)
{
	(void)state;
	char location[256];
	start_upload("a", location);
	int cut = raw_connect(with.port);
	raw_send(cut, formatted("PATCH %s HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
			      location));
	usleep(100000);
	close(cut);
	for (int tries = 0; tries < 500; tries++) {
		assert_int_equal(ask("GET", location, "", STR_NULL), 204);
		if (!strcmp(raw_header(&answer, "Range"), "0-3"))
			break;
		usleep(10000);
	}
	assert_header("Range", "0-3");
	assert_int_equal(ask("PATCH", location, "Content-Range: 4-7\r\n", STR("more")), 202);
	char put[512];
	snprintf(put, sizeof(put), "%s?digest=%s", location, digest_of(STR("halfmore")));
	assert_int_equal(ask("PUT", put, "", STR("")), 201);
}

static unsigned staged_files(void)
{
	unsigned count = 0;
	char uploads[96];
	snprintf(uploads, sizeof(uploads), "%s/uploads", with.directory);
	DIR *directory = opendir(uploads);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

/* Nobody knows the id of an upload that was one POST with its digest: what came must not stay. */
static void a_whole_blob_that_fails_leaves_nothing(void **state)
{
	(void)state;
	int fd = raw_connect(with.port);
	raw_send(fd, formatted("POST /v2/a/blobs/uploads/?digest=%s HTTP/1.1\r\nHost: a\r\n"
			       "Content-Length: 100\r\n\r\nhello",
			     digest_of(STR("hello"))));
	for (int i = 0; !staged_files() && i < 10000; i++)
		usleep(1000);
	assert_int_equal(staged_files(), 1);
	close(fd);
	for (int i = 0; staged_files() && i < 5000; i++)
		usleep(1000);
	assert_int_equal(staged_files(), 0);

	const char *target = formatted("/v2/a/blobs/uploads/?digest=%s", digest_of(STR("hello")));
	static const char *const faults[] = { "write:ENOSPC:nth=1", "fsync:ENOSPC:nth=1",
		"rename:ENOSPC:nth=1", "fsync:ENOSPC:nth=2" };
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		os_fault_set(faults[i]);
		assert_int_equal(ask("POST", target, "", STR("hello")), 507);
		assert_code("UNKNOWN");
		os_fault_set(NULL);
		assert_int_equal(staged_files(), 0);
	}
	assert_int_equal(ask("POST", target, "", STR("other")), 400);
	assert_code("DIGEST_INVALID");
	assert_int_equal(staged_files(), 0);
	assert_int_equal(ask("POST", target, "", STR("hello")), 201);
	assert_int_equal(staged_files(), 0);
}

static void two_requests_cannot_write_to_one_upload(void **state)
{
	(void)state;
	char location[256];
	start_upload("a", location);
	int first = raw_connect(with.port);
	raw_send(first, formatted("PATCH %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
				  "Expect: 100-continue\r\n\r\n",
				location));
	struct raw_answer other;
	raw_answer(first, false, &other);
	assert_int_equal(other.status, 100);
	assert_int_equal(ask("PATCH", location, "", STR("x")), 409);
	assert_code("BLOB_UPLOAD_INVALID");
	raw_send(first, "data");
	raw_answer(first, false, &other);
	assert_int_equal(other.status, 202);
	close(first);
}

static void a_full_disk_is_said_and_the_upload_survives(void **state)
{
	(void)state;
	char location[256];
	start_upload("a", location);
	assert_int_equal(ask("PATCH", location, "", STR("kept")), 202);
	os_fault_set("write:ENOSPC:after=0");
	assert_int_equal(ask("PATCH", location, "", STR("lost")), 507);
	assert_code("UNKNOWN");
	assert_non_null(strstr(answer.body, "storage is full"));
	os_fault_set(NULL);
	assert_int_equal(ask("GET", location, "", STR_NULL), 204);
	assert_header("Range", "0-3");
	assert_int_equal(ask("PATCH", location, "Content-Range: 4-4\r\n", STR("!")), 202);
}

static void mounts_share_what_the_source_has(void **state)
{
	(void)state;
	push_blob("from/here", STR("shared"));
	const char *target =
		formatted("/v2/to/there/blobs/uploads/?mount=%s&from=from/here&origin=x", digest);
	assert_int_equal(ask("POST", target, "", STR("")), 201);
	assert_header("Docker-Content-Digest", digest);
	assert_int_equal(
		ask("HEAD", formatted("/v2/to/there/blobs/%s", digest), "", STR_NULL), 200);
	digest_of(STR("nobody has this"));
	assert_int_equal(
		ask("POST",
			formatted("/v2/to/there/blobs/uploads/?mount=%s&from=from%%2Fhere", digest),
			"", STR("")),
		202);
	assert_header("Range", "0-0");
	assert_int_equal(
		ask("POST", formatted("/v2/to/there/blobs/uploads?mount=%s", digest), "", STR("")),
		202);
	assert_int_equal(
		ask("POST", "/v2/to/there/blobs/uploads/?mount=x&from=from/here", "", STR("")),
		400);
	assert_code("DIGEST_INVALID");
}

static void blobs_answer_ranges_and_conditions(void **state)
{
	(void)state;
	push_blob("a", STR("0123456789"));
	char target[256];
	char condition[256];
	snprintf(target, sizeof(target), "/v2/a/blobs/%s", digest);
	static const struct {
		const char *range;
		int status;
		const char *body;
		const char *content_range;
	} rows[] = {
		{ "bytes=0-", 206, "0123456789", "bytes 0-9/10" },
		{ "bytes=2-4", 206, "234", "bytes 2-4/10" },
		{ "bytes=-3", 206, "789", "bytes 7-9/10" },
		{ "bytes=5-50", 206, "56789", "bytes 5-9/10" },
		{ "bytes=10-", 416, NULL, "bytes */10" },
		{ "bytes=5-0", 416, NULL, "bytes */10" },
		{ "bytes=1-2,3-5", 206, "12345", "bytes 1-5/10" },
		{ "lines=1-2", 200, "0123456789", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(condition, sizeof(condition), "Range: %s\r\n", rows[i].range);
		assert_int_equal(ask("GET", target, condition, STR_NULL), rows[i].status);
		if (rows[i].content_range)
			assert_header("Content-Range", rows[i].content_range);
		else
			assert_null(raw_header(&answer, "Content-Range"));
		if (!rows[i].body)
			continue;
		assert_string_equal(answer.body, rows[i].body);
		assert_header("Docker-Content-Digest", digest);
		assert_header("Accept-Ranges", "bytes");
		assert_header("Cache-Control", "max-age=31536000");
		assert_header("Content-Type", "application/octet-stream");
	}
	snprintf(condition, sizeof(condition), "If-None-Match: \"x\", \"%s\"\r\n", digest);
	assert_int_equal(ask("GET", target, condition, STR_NULL), 304);
	assert_header("Docker-Content-Digest", digest);
	assert_int_equal(ask("HEAD", target, "", STR_NULL), 200);
	assert_header("Content-Length", "10");
	assert_int_equal(
		ask("GET", target, "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", STR_NULL), 200);
	assert_int_equal(ask("GET", "/v2/a/blobs/sha256:12", "", STR_NULL), 400);
	assert_code("DIGEST_INVALID");
	assert_int_equal(ask("HEAD", formatted("/v2/b/blobs/%s", digest), "", STR_NULL), 404);
}

static void manifests_come_back_as_they_went_in(void **state)
{
	(void)state;
	assert_int_equal(push_manifest("a/b", "v1", NULL), 201);
	assert_header("Docker-Content-Digest", digest);
	char by_digest[256];
	snprintf(by_digest, sizeof(by_digest), "%s", raw_header(&answer, "Location"));
	assert_null(raw_header(&answer, "OCI-Subject"));
	assert_int_equal(ask("GET", "/v2/a/b/manifests/v1", "Accept: x/y\r\n", STR_NULL), 200);
	assert_header("Content-Type", TYPE);
	assert_header("Docker-Content-Digest", digest);
	char expected[DIGEST_TEXT_MAX];
	digest_bytes(DIGEST_SHA256, str_from(answer.body), expected);
	assert_string_equal(expected, digest);
	assert_int_equal(ask("HEAD", by_digest, "", STR_NULL), 200);
	assert_header("Content-Type", TYPE);
	char condition[256];
	snprintf(condition, sizeof(condition), "If-None-Match: \"%s\"\r\n", digest);
	assert_int_equal(ask("GET", "/v2/a/b/manifests/v1", condition, STR_NULL), 304);
	char subject[DIGEST_TEXT_MAX];
	digest_bytes(DIGEST_SHA256, STR("not here"), subject);
	assert_int_equal(push_manifest("a/b", "att", subject), 201);
	assert_string_equal(raw_header(&answer, "OCI-Subject"), subject);
}

static void bad_manifests_are_refused_with_their_code(void **state)
{
	(void)state;
	static char big[(4 << 20) + 1];
	assert_int_equal(push_manifest("a", "v1", NULL), 201);
	static const struct {
		const char *target;
		const char *body;
		int status;
		const char *code;
	} rows[] = {
		{ "/v2/a/manifests/v2", "not json", 400, "MANIFEST_INVALID" },
		{ "/v2/a/manifests/v2", "", 400, "MANIFEST_INVALID" },
		{ "/v2/a/manifests/-v2", "{}", 400, "TAG_INVALID" },
		{ "/v2/A/manifests/v2", "{}", 400, "NAME_INVALID" },
		{ "/v2/a/manifests/sha256:12", "{}", 400, "DIGEST_INVALID" },
		{ "/v2/a/manifests/v2",
			"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"size\":2,"
			"\"digest\":\"sha256:"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaa\"},\"layers\":[]}",
			404, "MANIFEST_BLOB_UNKNOWN" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %zu\n", i);
		assert_int_equal(ask("PUT", rows[i].target, "Content-Type: " TYPE "\r\n",
					 str_from(rows[i].body)),
			rows[i].status);
		assert_code(rows[i].code);
	}
	assert_int_equal(ask("GET", "/v2/a/manifests/v2", "", STR_NULL), 404);
	assert_code("MANIFEST_UNKNOWN");
	assert_int_equal(ask("GET", "/v2/none/manifests/v2", "", STR_NULL), 404);
	memset(big, ' ', sizeof(big));
	raw_send(with.fd, formatted("PUT /v2/a/manifests/big HTTP/1.1\r\nHost: a\r\n"
				    "Content-Length: %zu\r\n\r\n",
				  sizeof(big)));
	raw_send_some(with.fd, big, sizeof(big));
	raw_answer(with.fd, false, &answer);
	assert_int_equal(answer.status, 413);
	assert_code("SIZE_INVALID");
}

static void lists_are_paged_by_key(void **state)
{
	(void)state;
	static const char *const tags[] = { "b", "a", "C", "d" };
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(push_manifest(i < 2 ? "r/two" : "r/one", tags[i], NULL), 201);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(push_manifest("r/one", tags[i], NULL), 201);
	static const struct {
		const char *target;
		const char *body;
		const char *link;
	} rows[] = {
		{ "/v2/r/one/tags/list", "{\"name\":\"r/one\",\"tags\":[\"C\",\"a\",\"b\",\"d\"]}",
			NULL },
		{ "/v2/r/one/tags/list?n=2", "{\"name\":\"r/one\",\"tags\":[\"C\",\"a\"]}",
			"</v2/r/one/tags/list?n=2&last=a>; rel=\"next\"" },
		{ "/v2/r/one/tags/list?n=2&last=a", "{\"name\":\"r/one\",\"tags\":[\"b\",\"d\"]}",
			NULL },
		{ "/v2/r/one/tags/list?last=aa", "{\"name\":\"r/one\",\"tags\":[\"b\",\"d\"]}",
			NULL },
		{ "/v2/r/one/tags/list?n=0", "{\"name\":\"r/one\",\"tags\":[]}", NULL },
		{ "/v2/_catalog", "{\"repositories\":[\"r/one\",\"r/two\"]}", NULL },
		{ "/v2/_catalog?n=1", "{\"repositories\":[\"r/one\"]}",
			"</v2/_catalog?n=1&last=r/one>; rel=\"next\"" },
		{ "/v2/_catalog?n=0", "{\"repositories\":[]}", NULL },
		{ "/v2/_catalog?n=99999999&last=r/one", "{\"repositories\":[\"r/two\"]}", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].target);
		assert_int_equal(ask("GET", rows[i].target, "", STR_NULL), 200);
		assert_string_equal(answer.body, rows[i].body);
		if (rows[i].link)
			assert_header("Link", rows[i].link);
		else
			assert_null(raw_header(&answer, "Link"));
	}
	assert_int_equal(ask("GET", "/v2/none/tags/list", "", STR_NULL), 404);
	assert_code("NAME_UNKNOWN");
	assert_int_equal(ask("GET", "/v2/none/tags/list?n=0", "", STR_NULL), 404);
	assert_int_equal(ask("GET", "/v2/r/one/tags/list?n=-1", "", STR_NULL), 400);
	assert_int_equal(ask("GET", "/v2/_catalog?n=x", "", STR_NULL), 400);
}

static void each_surface_words_its_own_errors(void **state)
{
	(void)state;
	static const struct {
		const char *method;
		const char *target;
		int status;
		const char *body;
	} rows[] = {
		{ "GET", "/v2/nothing", 404, "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"" },
		{ "DELETE", "/v2/", 405, "{\"errors\":[{\"code\":\"UNSUPPORTED\"" },
		{ "GET", "/v2/%zz", 400, "{\"errors\":[{\"code\":\"UNSUPPORTED\"" },
		{ "GET", "/v2/a%00/tags/list", 400, "{\"errors\":[{" },
		{ "GET", "/subscriptions/x/unknown", 404,
			"{\"error\":{\"code\":\"ResourceNotFound\"" },
		{ "GET", "/PROVIDERS/x", 404, "{\"error\":{\"code\":" },
		{ "GET", "/elsewhere", 404, "{\"error\":{\"code\":" },
		{ "BREW", "/healthz", 405, "{\"error\":{\"code\":\"MethodNotAllowed\"" },
		{ "GET", "/v2/a/../b/manifests/x", 400, "{\"errors\":[{\"code\":\"NAME_INVALID\"" },
		{ "GET", "/v2/%2e%2e/manifests/x", 400, "{\"errors\":[{\"code\":\"NAME_INVALID\"" },
		{ "POST", "/v2/UPPER/blobs/uploads/", 400,
			"{\"errors\":[{\"code\":\"NAME_INVALID\"" },
		{ "PATCH", "/v2/a/blobs/uploads/none", 404,
			"{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\"" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].target);
		assert_int_equal(ask(rows[i].method, rows[i].target, "", STR_NULL), rows[i].status);
		assert_memory_equal(answer.body, rows[i].body, strlen(rows[i].body));
		assert_non_null(raw_header(&answer, "X-Request-Id"));
	}
}

/* Each verb about something that is not there, and the code that says so. */
static void what_is_not_there_has_its_code(void **state)
{
	(void)state;
#define NO_BLOB	  "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define NO_UPLOAD "00000000-0000-4000-8000-000000000000"
	static const struct {
		const char *method;
		const char *target;
		int status;
		const char *code;
	} rows[] = {
		{ "GET", "/v2/a/blobs/" NO_BLOB, 404, "BLOB_UNKNOWN" },
		{ "GET", "/v2/none/blobs/" NO_BLOB, 404, "NAME_UNKNOWN" },
		{ "GET", "/v2/a//b/blobs/" NO_BLOB, 400, "NAME_INVALID" },
		{ "GET", "/v2/a/blobs/sha256:0", 400, "DIGEST_INVALID" },
		{ "GET", "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", 400,
			"DIGEST_INVALID" },
		{ "GET", "/v2/a/manifests/" NO_BLOB, 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/v2/a/manifests/none", 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/v2/a/manifests/-not-a-tag", 404, "MANIFEST_UNKNOWN" },
		{ "GET", "/v2/a/manifests/sha256:0", 400, "DIGEST_INVALID" },
		{ "GET", "/v2/none/manifests/none", 404, "NAME_UNKNOWN" },
		{ "GET", "/v2/none/tags/list", 404, "NAME_UNKNOWN" },
		{ "GET", "/v2/A/tags/list", 400, "NAME_INVALID" },
		{ "GET", "/v2/a/blobs/uploads/" NO_UPLOAD, 404, "BLOB_UPLOAD_UNKNOWN" },
		{ "DELETE", "/v2/a/blobs/uploads/" NO_UPLOAD, 404, "BLOB_UPLOAD_UNKNOWN" },
		{ "PATCH", "/v2/a/blobs/uploads/" NO_UPLOAD, 404, "BLOB_UPLOAD_UNKNOWN" },
		{ "PUT", "/v2/a/blobs/uploads/" NO_UPLOAD "?digest=" NO_BLOB, 404,
			"BLOB_UPLOAD_UNKNOWN" },
		{ "PUT", "/v2/a/blobs/uploads/" NO_UPLOAD, 400, "DIGEST_INVALID" },
		{ "PUT", "/v2/a/blobs/uploads/" NO_UPLOAD "?digest=", 400, "DIGEST_INVALID" },
		{ "PUT", "/v2/a/blobs/uploads/" NO_UPLOAD "?digest=%zz", 400, "UNSUPPORTED" },
		{ "POST", "/v2/a/blobs/uploads/?digest=sha256:1", 400, "DIGEST_INVALID" },
		{ "POST", "/v2/a/blobs/uploads/?mount=sha256:1&from=b", 400, "DIGEST_INVALID" },
		{ "POST", "/v2/A/blobs/uploads/", 400, "NAME_INVALID" },
		{ "POST", "/v2/A/blobs/uploads/?mount=" NO_BLOB "&from=a", 400, "NAME_INVALID" },
		{ "DELETE", "/v2/A/blobs/uploads/" NO_UPLOAD, 400, "NAME_INVALID" },
		{ "PUT", "/v2/a/blobs/" NO_BLOB, 405, "UNSUPPORTED" },
		{ "PATCH", "/v2/a/manifests/v1", 405, "UNSUPPORTED" },
		{ "POST", "/v2/_catalog", 405, "UNSUPPORTED" },
		{ "GET", "/v2/a/blobs", 404, "NAME_UNKNOWN" },
	};
	assert_int_equal(push_manifest("a", "v1", NULL), 201);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s %s\n", rows[i].method, rows[i].target);
		assert_int_equal(ask(rows[i].method, rows[i].target, "", STR_NULL), rows[i].status);
		assert_code(rows[i].code);
		/* The answer to HEAD is that of GET without its body. */
		if (strcmp(rows[i].method, "GET"))
			continue;
		char length[16];
		snprintf(length, sizeof(length), "%zu", answer.body_bytes);
		assert_int_equal(ask("HEAD", rows[i].target, "", STR_NULL), rows[i].status);
		assert_header("Content-Length", length);
	}
}

enum { PUSHERS = 8, BLOBS = 12 };

static void *pusher(void *argument)
{
	atomic_int *good = argument;
	struct raw_answer *mine = malloc(sizeof(*mine));
	int fd = raw_connect(with.port);
	for (int i = 0; i < BLOBS; i++) {
		char content[32];
		char name[DIGEST_TEXT_MAX];
		char text[512];
		/* Neighbours push the same content into one repository. */
		int n = snprintf(content, sizeof(content), "content %d", i);
		digest_bytes(DIGEST_SHA256, (struct str){ content, (size_t)n }, name);
		snprintf(text, sizeof(text),
			"POST /v2/many/blobs/uploads/?digest=%s HTTP/1.1\r\nHost: a\r\n"
			"Content-Length: %d\r\n\r\n%s",
			name, n, content);
		raw_send(fd, text);
		raw_answer(fd, false, mine);
		if (mine->status == 201)
			atomic_fetch_add(good, 1);
	}
	close(fd);
	free(mine);
	return NULL;
}

static void many_clients_push_at_once(void **state)
{
	(void)state;
	pthread_t threads[PUSHERS];
	atomic_int good = 0;
	for (int i = 0; i < PUSHERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pusher, &good), 0);
	for (int i = 0; i < PUSHERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(good, PUSHERS * BLOBS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ping_says_what_this_is),
		TEST(a_blob_goes_in_by_every_route),
		TEST(chunks_must_continue_where_the_upload_ends),
		TEST(wrong_digests_are_refused_and_leave_nothing),
		TEST(a_body_that_is_cut_short_can_be_continued),
		TEST(a_whole_blob_that_fails_leaves_nothing),
		TEST(two_requests_cannot_write_to_one_upload),
		TEST(a_full_disk_is_said_and_the_upload_survives),
		TEST(mounts_share_what_the_source_has),
		TEST(blobs_answer_ranges_and_conditions),
		TEST(manifests_come_back_as_they_went_in),
		TEST(bad_manifests_are_refused_with_their_code),
		TEST(lists_are_paged_by_key),
		TEST(each_surface_words_its_own_errors),
		TEST(what_is_not_there_has_its_code),
		TEST(many_clients_push_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
