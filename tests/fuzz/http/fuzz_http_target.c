/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request targets: parsing, matching against patterns of every form, and query parameters.
 * Properties: a target that is accepted has no NUL in any segment, the segments are as many as the
 * path's slashes, and what a star captured is as long as its segments and the slashes between.
 */
#include "http/route.h"

static void handle(struct http_exchange *x)
{
	(void)x;
}

static const struct http_route routes[] = {
	{ .method = HTTP_GET, .pattern = "/v2/", .handle = handle },
	{ .method = HTTP_GET, .pattern = "/v2/{name*}/tags/list", .handle = handle },
	{ .method = HTTP_GET, .pattern = "/v2/{name*}/blobs/{digest}", .handle = handle },
	{ .method = HTTP_GET,
		.pattern = "/{one}/{two*}/three",
		.handle = handle,
		.flags = HTTP_NOCASE },
	{ .method = HTTP_GET, .pattern = "/{all*}", .handle = handle },
};

static void check(struct arena *arena, const struct http_table *table, struct str raw)
{
	struct http_target target;
	if (http_target_parse(arena, raw, &target))
		return;
	size_t slashes = 0;
	for (size_t i = 0; i < target.path.n; i++)
		slashes += target.path.p[i] == '/';
	CHECK(slashes == target.segment_count && slashes > 0);
	size_t longest = 0;
	for (size_t i = 0; i < slashes; i++) {
		CHECK(!str_has_nul(target.segments[i]));
		longest += target.segments[i].n + 1;
	}
	struct http_match match;
	http_table_match(table, arena, HTTP_GET, &target, &match);
	for (size_t i = 0; i < match.capture_count; i++)
		CHECK(match.captures[i].value.n && match.captures[i].value.n < longest);
	struct str value = http_query_param(arena, target.query, STR("n"), 0);
	CHECK(value.n <= target.query.n && !str_has_nul(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct http_table *table = http_table_new(routes, sizeof(routes) / sizeof(routes[0]));
	struct arena *arena = arena_new(0);
	check(arena, table, (struct str){ (const char *)bytes, n });
	arena_free(&arena);
	http_table_free(&table);
	return 0;
}
