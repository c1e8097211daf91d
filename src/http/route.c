/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Route matching (contract in route.h). A pattern is a list of parts, one per segment: literal,
 * {x} (one segment), or {x*} (one or more). Parts before the star are matched from the left, parts
 * behind it from the right, and the star takes what is between: so "/v2/{name*}/blobs/{digest}"
 * finds its name whatever slashes are in it, without looking at it twice. Where two patterns fit,
 * the earlier row of the table wins.
 *
 * The table is scanned in order. With a few dozen routes, of which nearly all fail at the number of
 * segments or at the first literal, that costs less than the request's first header.
 */
#include "http/route.h"

#include "base/strbuf.h"
#include "base/vec.h"

enum part_kind { PART_LITERAL, PART_ONE, PART_MANY };

struct part {
	enum part_kind kind;
	struct str text; /* literal, or name of the capture */
};

struct pattern {
	const struct http_route *route;
	size_t part_count;
	size_t star; /* index of the PART_MANY; part_count: none */
	struct part *parts;
};

struct http_table {
	struct arena *arena;
	size_t count;
	struct pattern *patterns;
};

static struct part part_compile(struct str text)
{
	if (!str_starts(text, STR("{")))
		return (struct part){ PART_LITERAL, text };
	CHECK(str_ends(text, STR("}")) && text.n > 2);
	struct str name = str_sub(text, 1, text.n - 2);
	if (!str_ends(name, STR("*")))
		return (struct part){ PART_ONE, name };
	return (struct part){ PART_MANY, str_sub(name, 0, name.n - 1) };
}

static void pattern_compile(
	struct arena *arena, const struct http_route *route, struct pattern *pattern)
{
	struct http_target cut;
	CHECK(!http_target_parse(arena, str_from(route->pattern), &cut));
	CHECK((route->handle == NULL) != (route->sink == NULL));
	pattern->route = route;
	pattern->part_count = cut.segment_count;
	pattern->star = cut.segment_count;
	pattern->parts = ARENA_ARRAY(arena, cut.segment_count, struct part);
	size_t captures = 0;
	for (size_t i = 0; i < cut.segment_count; i++) {
		pattern->parts[i] = part_compile(cut.segments[i]);
		captures += pattern->parts[i].kind != PART_LITERAL;
		if (pattern->parts[i].kind != PART_MANY)
			continue;
		CHECK(pattern->star == cut.segment_count);
		pattern->star = i;
	}
	CHECK(captures <= HTTP_CAPTURES_MAX);
}

struct http_table *http_table_new(const struct http_route *routes, size_t count)
{
	struct arena *arena = arena_new(0);
	struct http_table *table = ARENA_NEW(arena, struct http_table);
	table->arena = arena;
	table->count = count;
	table->patterns = ARENA_ARRAY(arena, count, struct pattern);
	for (size_t i = 0; i < count; i++)
		pattern_compile(arena, &routes[i], &table->patterns[i]);
	return table;
}

void http_table_free(struct http_table **table)
{
	if (!*table)
		return;
	struct arena *arena = (*table)->arena;
	*table = NULL;
	arena_free(&arena);
}

static bool part_fits(const struct part *part, struct str segment, bool nocase)
{
	if (part->kind == PART_ONE)
		return segment.n > 0;
	return nocase ? str_eq_nocase(part->text, segment) : str_eq(part->text, segment);
}

static bool pattern_fits(const struct pattern *pattern, const struct http_target *target)
{
	bool nocase = pattern->route->flags & HTTP_NOCASE;
	bool star = pattern->star < pattern->part_count;
	if (star ? target->segment_count < pattern->part_count
		 : target->segment_count != pattern->part_count)
		return false;
	for (size_t i = 0; i < pattern->star; i++)
		if (!part_fits(&pattern->parts[i], target->segments[i], nocase))
			return false;
	size_t shift = target->segment_count - pattern->part_count;
	for (size_t i = pattern->star + 1; i < pattern->part_count; i++)
		if (!part_fits(&pattern->parts[i], target->segments[i + shift], nocase))
			return false;
	/* A star that took one empty segment took nothing. */
	return !star || shift || target->segments[pattern->star].n;
}

static struct str join_segments(struct arena *arena, const struct str *segments, size_t count)
{
	if (count == 1)
		return segments[0];
	size_t n = count - 1;
	for (size_t i = 0; i < count; i++)
		n += segments[i].n;
	char *out = arena_alloc(arena, n);
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		if (i)
			out[at++] = '/';
		if (segments[i].n)
			memcpy(out + at, segments[i].p, segments[i].n);
		at += segments[i].n;
	}
	return (struct str){ out, n };
}

static void take_captures(const struct pattern *pattern, struct arena *arena,
	const struct http_target *target, struct http_match *match)
{
	size_t shift = target->segment_count - pattern->part_count;
	for (size_t i = 0; i < pattern->part_count; i++) {
		const struct part *part = &pattern->parts[i];
		if (part->kind == PART_LITERAL)
			continue;
		size_t at = i > pattern->star ? i + shift : i;
		size_t length = part->kind == PART_MANY ? shift + 1 : 1;
		match->captures[match->capture_count].name = part->text;
		match->captures[match->capture_count].value =
			join_segments(arena, &target->segments[at], length);
		match->capture_count++;
	}
}

void http_table_match(const struct http_table *table, struct arena *arena, enum http_method method,
	const struct http_target *target, struct http_match *match)
{
	*match = (struct http_match){ .route = NULL };
	const struct pattern *found = NULL;
	bool exact = false;
	for (size_t i = 0; i < table->count && !exact; i++) {
		const struct pattern *pattern = &table->patterns[i];
		if (!pattern_fits(pattern, target))
			continue;
		enum http_method offered = pattern->route->method;
		match->allowed |= 1u << offered;
		if (offered == HTTP_GET)
			match->allowed |= 1u << HTTP_HEAD;
		/* A GET route answers HEAD unless a later row is a HEAD route of its own. */
		exact = offered == method;
		if (exact || (!found && method == HTTP_HEAD && offered == HTTP_GET))
			found = pattern;
	}
	if (!found)
		return;
	match->route = found->route;
	take_captures(found, arena, target, match);
}

struct str http_method_name(enum http_method method)
{
	static const struct str names[HTTP_METHOD_COUNT] = {
		[HTTP_GET] = STR_INIT("GET"),
		[HTTP_HEAD] = STR_INIT("HEAD"),
		[HTTP_POST] = STR_INIT("POST"),
		[HTTP_PUT] = STR_INIT("PUT"),
		[HTTP_PATCH] = STR_INIT("PATCH"),
		[HTTP_DELETE] = STR_INIT("DELETE"),
	};
	return (unsigned)method < HTTP_METHOD_COUNT ? names[method] : STR("-");
}

struct str http_allow_text(struct arena *arena, unsigned methods)
{
	AUTO_STRBUF struct strbuf text = STRBUF(128);
	for (unsigned m = 0; m < HTTP_METHOD_COUNT; m++) {
		if (!(methods & 1u << m))
			continue;
		if (text.n)
			strbuf_add_cstr(&text, ", ");
		strbuf_add_str(&text, http_method_name((enum http_method)m));
	}
	return arena_str(arena, strbuf_view(&text));
}
