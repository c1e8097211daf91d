/* SPDX-License-Identifier: Apache-2.0 */
/* See v2_fixture.h. */
#include "v2_fixture.h"

#include "base/strbuf.h"
#include "os/clock.h"
#include "os/fault.h"

#include <ftw.h>
#include <unistd.h>

struct v2_server with;

struct raw_answer answer;

/* --- the fixture */

int start(void **state)
{
	(void)state;
	snprintf(with.directory, sizeof(with.directory), "/tmp/lazaret-test-v2-XXXXXX");
	if (!mkdtemp(with.directory))
		return -1;
	struct err err = ERR_INIT;
	const struct http_listener listener = { .address = "127.0.0.1" };
	struct http_settings settings = { .listeners = &listener,
		.listener_count = 1,
		.fallback = api_fallback,
		.context = &with.api,
		.clock = os_clock() };
	api_routes(&settings.routes, &settings.route_count);
	if (store_open(with.directory, os_clock(), &with.store, &err) < 0 ||
		blob_store_open_fs(with.directory, &with.blobs, &err) < 0 ||
		registry_new(with.store, with.blobs, os_clock(), &(struct registry_hooks){ 0 },
			&with.registry, &err) < 0 ||
		http_server_start(&settings, &with.server, &err) < 0) {
		print_error("%s\n", err_text(&err));
		return -1;
	}
	with.api = (struct api_context){
		.registry = with.registry, .store = with.store, .clock = os_clock()
	};
	with.port = http_server_port(with.server, 0);
	with.fd = raw_connect(with.port);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int stop(void **state)
{
	(void)state;
	close(with.fd);
	os_fault_set(NULL);
	http_server_stop(&with.server, 5);
	registry_free(&with.registry);
	blob_store_close(&with.blobs);
	store_close(&with.store);
	return nftw(with.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- asking */

static char path[512];
char digest[DIGEST_TEXT_MAX];

/* One request on the shared connection; more are header lines, each with its CRLF. */
int ask(const char *method, const char *target, const char *more, struct str body)
{
	AUTO_STRBUF struct strbuf text = STRBUF(8 << 20);
	strbuf_addf(&text, "%s %s HTTP/1.1\r\nHost: a\r\n%s", method, target, more);
	if (body.p)
		strbuf_addf(&text, "Content-Length: %zu\r\n", body.n);
	strbuf_add_cstr(&text, "\r\n");
	strbuf_add_str(&text, body);
	raw_send_bytes(with.fd, text.p, text.n);
	raw_answer(with.fd, !strcmp(method, "HEAD"), &answer);
	return answer.status;
}

const char *formatted(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return path;
}

const char *digest_of(struct str content)
{
	digest_bytes(DIGEST_SHA256, content, digest);
	return digest;
}

void assert_header(const char *name, const char *value)
{
	assert_non_null(raw_header(&answer, name));
	assert_string_equal(raw_header(&answer, name), value);
}

void assert_code(const char *code)
{
	char expected[96];
	snprintf(expected, sizeof(expected), "{\"errors\":[{\"code\":\"%s\",\"message\":\"", code);
	assert_header("Content-Type", "application/json");
	assert_memory_equal(answer.body, expected, strlen(expected));
}

/* Starts an upload; its Location stays in out. */
void start_upload(const char *repository, char out[256])
{
	assert_int_equal(
		ask("POST", formatted("/v2/%s/blobs/uploads/", repository), "", STR("")), 202);
	snprintf(out, 256, "%s", raw_header(&answer, "Location"));
	assert_int_equal(out[0], '/');
	assert_null(strchr(out, '?'));
	assert_header("Range", "0-0");
	assert_string_equal(strrchr(out, '/') + 1, raw_header(&answer, "Docker-Upload-UUID"));
}

void push_blob(const char *repository, struct str content)
{
	assert_int_equal(ask("POST",
				 formatted("/v2/%s/blobs/uploads/?digest=%s", repository,
					 digest_of(content)),
				 "", content),
		201);
	assert_header("Docker-Content-Digest", digest);
}

int push_manifest(const char *repository, const char *tag, const char *subject)
{
	push_blob(repository, STR("{}"));
	AUTO_STRBUF struct strbuf text = STRBUF(4096);
	strbuf_addf(&text,
		"{\"schemaVersion\":2,\"mediaType\":\"" TYPE "\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.empty.v1+json\",\"digest\":\"%s\",\"size\":2},\"layers\":[]",
		digest);
	if (subject)
		strbuf_addf(&text,
			",\"artifactType\":\"a/b\",\"subject\":{\"mediaType\":\"" TYPE
			"\",\"digest\":\"%s\",\"size\":7}",
			subject);
	strbuf_add_cstr(&text, "}");
	digest_of(strbuf_view(&text));
	return ask("PUT", formatted("/v2/%s/manifests/%s", repository, tag),
		"Content-Type: " TYPE "\r\n", strbuf_view(&text));
}
