/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbound HTTP (contract in fetch.h): one easy handle per call, so calls on different threads
 * share nothing but libcurl's global state, which is initialised once.
 *
 * What limits a call: the connect time-out, a stall time-out (less than one byte per second over so
 * many seconds; a large download may take as long as it makes progress), the size of the answer
 * while it arrives, five redirects, and only http and https; a call that starts with https stays on
 * it.
 * libcurl's codes become words here and go no further.
 */
#include "fetch/fetch.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "os/file.h"

#include <curl/curl.h>
#include <pthread.h>

enum { CONNECT_SECONDS = 10, STALL_SECONDS = 30, REDIRECTS_MAX = 5 };

#define USER_AGENT "lazaret/" LAZARET_VERSION

struct call {
	CURL *curl;
	struct curl_slist *headers;
	const struct fetch_request *request;
	char words[CURL_ERROR_SIZE];
	/* where the answer goes: body, or fd once the status is known to be 200 */
	struct strbuf body;
	int fd; /* -1: into body */
	uint64_t received;
	bool too_large;
	bool not_wanted; /* fd given, and the status is not 200 */
	int write_code;	 /* failure of our own writing; its words are in write_err */
	struct err write_err;
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;
};

static void global_init(void)
{
	CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static void call_end(struct call *call)
{
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->headers);
	strbuf_free(&call->body);
}

static long call_status(const struct call *call)
{
	long status = 0;
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t take_bytes(char *bytes, size_t one, size_t n, void *argument)
{
	(void)one; /* libcurl: always 1 */
	struct call *call = argument;
	if (call->fd >= 0 && call_status(call) != 200) {
		call->not_wanted = true;
		return 0;
	}
	call->received += n;
	if (call->received > call->request->max_bytes) {
		call->too_large = true;
		return 0;
	}
	if (call->fd < 0) {
		strbuf_add(&call->body, bytes, n);
		return n;
	}
	call->write_code = file_write_all(call->fd, bytes, n, &call->write_err);
	return call->write_code < 0 ? 0 : n;
}

static int take_progress(void *argument, curl_off_t total, curl_off_t done, curl_off_t upload_total,
	curl_off_t uploaded)
{
	(void)upload_total;
	(void)uploaded;
	const struct call *call = argument;
	if (call_status(call) == 200)
		call->progress(call->progress_context, (uint64_t)done, (uint64_t)total);
	return 0;
}

/* A setting that libcurl refuses is a mistake of ours or a libcurl without HTTP. */
#define SET(call, option, value)                                                                   \
	CHECK(curl_easy_setopt((call)->curl, (option), (value)) == CURLE_OK)

static void set_request(struct call *call)
{
	const struct fetch_request *request = call->request;
	SET(call, CURLOPT_URL, request->url);
	SET(call, CURLOPT_USERAGENT, request->user_agent ? request->user_agent : USER_AGENT);
	if (request->body.p) {
		SET(call, CURLOPT_POST, 1L);
		SET(call, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
		SET(call, CURLOPT_POSTFIELDS, request->body.p);
	}
	if (request->method && !strcmp(request->method, "HEAD"))
		SET(call, CURLOPT_NOBODY, 1L);
	else if (request->method)
		SET(call, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->body.p && request->content_type) {
		AUTO_STRBUF struct strbuf line = STRBUF(512);
		strbuf_addf(&line, "Content-Type: %s", request->content_type);
		call->headers = curl_slist_append(call->headers, strbuf_cstr(&line));
	}
	/* Bodies go out at once; a server that wants none still answers. */
	call->headers = curl_slist_append(call->headers, "Expect:");
	SET(call, CURLOPT_HTTPHEADER, call->headers);
}

static void set_limits(struct call *call)
{
	const struct fetch_request *request = call->request;
	SET(call, CURLOPT_NOSIGNAL, 1L);
	SET(call, CURLOPT_PROTOCOLS_STR, "http,https");
	/* Where https may lead on to is set per call: never back to http. */
	bool secure = str_starts(str_from(request->url), STR("https:"));
	SET(call, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
	SET(call, CURLOPT_FOLLOWLOCATION, 1L);
	SET(call, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	unsigned connect = request->connect_seconds ? request->connect_seconds : CONNECT_SECONDS;
	unsigned stall = request->stall_seconds ? request->stall_seconds : STALL_SECONDS;
	SET(call, CURLOPT_CONNECTTIMEOUT, (long)connect);
	SET(call, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(call, CURLOPT_LOW_SPEED_TIME, (long)stall);
}

static void call_begin(struct call *call, const struct fetch_request *request, int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	CHECK(!pthread_once(&once, global_init));
	*call = (struct call){ .request = request, .fd = fd };
	call->body = STRBUF(request->max_bytes);
	call->curl = curl_easy_init();
	CHECK(call->curl);
	set_limits(call);
	set_request(call);
	SET(call, CURLOPT_ERRORBUFFER, call->words);
	SET(call, CURLOPT_WRITEFUNCTION, take_bytes);
	SET(call, CURLOPT_WRITEDATA, call);
}

static int failure_code(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		return ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return EINVAL;
	case CURLE_TOO_MANY_REDIRECTS:
		return ELOOP;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return EPROTO;
	default:
		return EIO;
	}
}

static const char *failure_words(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "the name of the server cannot be resolved";
	case CURLE_COULDNT_CONNECT:
		return "no connection; is the server running there?";
	case CURLE_OPERATION_TIMEDOUT:
		return "the server did not answer in time";
	case CURLE_URL_MALFORMAT:
		return "this is not a URL";
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "only http and https are spoken, and https never leads back to http";
	case CURLE_TOO_MANY_REDIRECTS:
		return "redirected too often";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "the server's TLS certificate is not trusted";
	case CURLE_SSL_CONNECT_ERROR:
		return "no TLS connection";
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		return "the connection was lost before the answer was complete";
	default:
		return "the transfer failed";
	}
}

static int call_failure(struct call *call, CURLcode code, struct err *err)
{
	const char *url = call->request->url;
	if (call->too_large)
		return err_set(err, E2BIG, "%s: the answer is larger than %zu bytes", url,
			call->request->max_bytes);
	if (call->write_code < 0)
		return err_set(err, call->write_code, "%s: cannot store the answer: %s", url,
			err_text(&call->write_err));
	const char *detail = call->words[0] ? call->words : curl_easy_strerror(code);
	return err_set(err, failure_code(code), "%s: %s (%s)", url, failure_words(code), detail);
}

int fetch_run(const struct fetch_request *request, struct arena *arena,
	struct fetch_response *response, struct err *err)
{
	AUTO(call_end) struct call call;
	call_begin(&call, request, -1);
	CURLcode code = curl_easy_perform(call.curl);
	if (code != CURLE_OK)
		return call_failure(&call, code, err);
	const char *type = NULL;
	curl_easy_getinfo(call.curl, CURLINFO_CONTENT_TYPE, &type);
	response->status = call_status(&call);
	response->body = arena_str(arena, (struct str){ strbuf_cstr(&call.body), call.body.n });
	response->content_type = arena_str(arena, str_from(type));
	return 0;
}

int fetch_to_fd(const struct fetch_request *request, int fd, long *status,
	void (*progress)(void *context, uint64_t done, uint64_t total), void *context,
	struct err *err)
{
	AUTO(call_end) struct call call;
	call_begin(&call, request, fd);
	if (progress) {
		call.progress = progress;
		call.progress_context = context;
		SET(&call, CURLOPT_NOPROGRESS, 0L);
		SET(&call, CURLOPT_XFERINFOFUNCTION, take_progress);
		SET(&call, CURLOPT_XFERINFODATA, &call);
	}
	CURLcode code = curl_easy_perform(call.curl);
	if (code != CURLE_OK && !call.not_wanted)
		return call_failure(&call, code, err);
	*status = call_status(&call);
	return 0;
}

struct str fetch_escape(struct arena *arena, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(arena, text.n * 3);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				  (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
				  c == '~';
		if (unreserved) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = digits[c >> 4];
		out[n++] = digits[c & 15];
	}
	return (struct str){ out, n };
}
