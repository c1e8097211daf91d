/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET, HEAD and DELETE of a blob. The bytes go from the file to the socket without passing through
 * us. A blob never changes, so it may be cached for ever, its digest is its entity tag, and it is
 * never given a content encoding. Byte ranges are served, several of them in parts; a request for
 * more than LIMIT_RANGES gets the whole blob, which RFC 9110 §14.2 allows.
 */
#include "api/v2.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "http/range.h"

/* If-Range: the range is only wanted when the client's copy is of this very content. */
static bool range_applies(struct http_exchange *x, struct str digest)
{
	struct str condition = str_trim(http_header(x, "If-Range"));
	if (!condition.n)
		return true;
	return condition.n == digest.n + 2 && condition.p[0] == '"' &&
	       str_eq(str_sub(condition, 1, digest.n), digest);
}

static void set_blob_headers(struct http_exchange *x, struct str digest)
{
	v2_set_digest(x, digest);
	http_set_header(x, "Accept-Ranges", STR("bytes"));
	http_set_header(x, "Cache-Control", STR("max-age=31536000"));
	http_set_header(x, "Content-Type", STR("application/octet-stream"));
}

static struct str content_range(
	struct http_exchange *x, const struct http_range *range, uint64_t size)
{
	return arena_printf(http_arena(x), "bytes %llu-%llu/%llu", (unsigned long long)range->first,
		(unsigned long long)range->last, (unsigned long long)size);
}

static void send_range(
	struct http_exchange *x, const struct http_range *range, int fd, uint64_t size)
{
	http_set_header(x, "Content-Range", content_range(x, range, size));
	http_reply_fd(x, 206, fd, range->first, range->last - range->first + 1);
}

/* The boundary is the request's random id, which no content can have been made to contain. */
static void send_ranges(struct http_exchange *x, const struct http_range *ranges, size_t count,
	int fd, uint64_t size)
{
	struct arena *arena = http_arena(x);
	struct str boundary = http_request_id(x);
	struct http_part parts[LIMIT_RANGES];
	for (size_t i = 0; i < count; i++)
		parts[i] = (struct http_part){
			.head = arena_printf(arena,
				"%s--" STR_FMT "\r\nContent-Type: application/octet-stream\r\n"
				"Content-Range: " STR_FMT "\r\n\r\n",
				i ? "\r\n" : "", STR_ARG(boundary),
				STR_ARG(content_range(x, &ranges[i], size))),
			.offset = ranges[i].first,
			.n = ranges[i].last - ranges[i].first + 1,
		};
	http_set_header(x, "Content-Type",
		arena_printf(arena, "multipart/byteranges; boundary=" STR_FMT, STR_ARG(boundary)));
	http_reply_parts(x, 206, fd, parts, count,
		arena_printf(arena, "\r\n--" STR_FMT "--\r\n", STR_ARG(boundary)));
}

static void send_blob(struct http_exchange *x, struct str digest, int fd, uint64_t size)
{
	AUTO_CLOSE int owned = fd;
	struct http_range ranges[LIMIT_RANGES];
	size_t count = 0;
	enum http_range_result wanted = HTTP_RANGE_NONE;
	struct str header = http_header(x, "Range");
	if (header.p && range_applies(x, digest))
		wanted = http_parse_range(header, size, ranges, LIMIT_RANGES, &count);
	switch (wanted) {
	case HTTP_RANGE_NONE:
		set_blob_headers(x, digest);
		http_reply_fd(x, 200, TAKE_FD(owned), 0, size);
		return;
	case HTTP_RANGE_OK:
		set_blob_headers(x, digest);
		count = http_merge_ranges(ranges, count);
		if (count == 1)
			send_range(x, &ranges[0], TAKE_FD(owned), size);
		else
			send_ranges(x, ranges, count, TAKE_FD(owned), size);
		return;
	case HTTP_RANGE_UNSATISFIABLE:
		http_set_header(x, "Content-Range",
			arena_printf(http_arena(x), "bytes */%llu", (unsigned long long)size));
		api_reply_error(x, 416, "SIZE_INVALID",
			"the range lies outside the blob's %llu bytes", (unsigned long long)size);
		return;
	}
}

void v2_blob(struct http_exchange *x)
{
	struct registry *registry = api_context(x)->registry;
	struct str repository = http_capture(x, "name");
	struct str digest = http_capture(x, "digest");
	bool head = http_request_method(x) == HTTP_HEAD;
	bool known = v2_matches_etag(x, digest);
	struct err err = ERR_INIT;
	uint64_t size = 0;
	int fd = -1;
	int result = head || known
			     ? registry_blob_check(registry, repository, digest, &size, &err)
			     : registry_blob_open(registry, repository, digest, &fd, &size, &err);
	if (result) {
		v2_reply_failure(x, result, STR_NULL, &err);
		return;
	}
	if (!head && !known) {
		send_blob(x, digest, fd, size);
		return;
	}
	set_blob_headers(x, digest);
	if (known)
		http_reply_empty(x, 304);
	else
		http_reply_length(x, 200, size);
}

void v2_blob_delete(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	int result = registry_blob_delete(
		api_context(x)->registry, http_capture(x, "name"), http_capture(x, "digest"), &err);
	if (result)
		v2_reply_failure(x, result, STR_NULL, &err);
	else
		http_reply_empty(x, 202);
}
