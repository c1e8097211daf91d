/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing of the raw request target (contract in target.h). The HTTP library below decodes "%2F"
 * and "+" and stops at "%00", which would let a client write one path and have another one routed;
 * therefore routing starts from the bytes of the request line.
 *
 * Grammar: RFC 9112 §3.2.1 (origin-form) and §3.2.2 (absolute-form, its authority is ignored: Host
 * decides). Dot segments are not resolved: "/v2/../x" is a path with a segment "..", which no route
 * has and no repository name may contain. Empty segments are kept, too.
 */
#include "http/target.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte an escape at text[i] ('%') stands for; -1: broken or NUL. */
static int escaped_byte(struct str text, size_t i)
{
	if (text.n - i < 3)
		return -1;
	int high = hex_value(text.p[i + 1]);
	int low = hex_value(text.p[i + 2]);
	if (high < 0 || low < 0 || high + low == 0)
		return -1;
	return high * 16 + low;
}

bool http_percent_decode(struct arena *arena, struct str text, struct str *decoded)
{
	if (str_find(text, '%') == STR_NONE) {
		*decoded = text;
		return true;
	}
	char *out = arena_alloc(arena, text.n);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			out[n++] = text.p[i];
			continue;
		}
		int byte = escaped_byte(text, i);
		if (byte < 0)
			return false;
		out[n++] = (char)byte;
		i += 2;
	}
	*decoded = (struct str){ out, n };
	return true;
}

static const char *escapes_fault(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= 0x20 || c == 0x7f)
			return "the request target holds a control character";
		if (c == '%' && escaped_byte(text, i) < 0)
			return "the request target holds a broken percent escape or an encoded "
			       "NUL";
	}
	return NULL;
}

/* "http://host/path" becomes "/path". */
static struct str without_authority(struct str raw)
{
	struct str rest = raw;
	if (str_eq_nocase(str_sub(raw, 0, 7), STR("http://")))
		rest = str_skip(raw, 7);
	else if (str_eq_nocase(str_sub(raw, 0, 8), STR("https://")))
		rest = str_skip(raw, 8);
	else
		return raw;
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	return end == rest.n ? STR("/") : str_skip(rest, end);
}

static const char *split_segments(struct arena *arena, struct http_target *target)
{
	size_t count = 0;
	for (size_t i = 0; i < target->path.n; i++)
		count += target->path.p[i] == '/';
	target->segments = ARENA_ARRAY(arena, count, struct str);
	struct str rest = str_skip(target->path, 1);
	for (size_t i = 0; i < count; i++) {
		struct str raw = STR("");
		/* The cut fails only behind a final slash: then the last segment is empty. */
		(void)str_cut(&rest, '/', &raw);
		if (!http_percent_decode(arena, raw, &target->segments[i]))
			return "the request target holds a broken percent escape";
	}
	target->segment_count = count;
	return NULL;
}

const char *http_target_parse(struct arena *arena, struct str raw, struct http_target *target)
{
	*target = (struct http_target){ .path = STR("/") };
	struct str rest = without_authority(raw);
	size_t mark = str_find(rest, '?');
	if (mark == STR_NONE) {
		target->path = rest;
	} else {
		target->path = str_sub(rest, 0, mark);
		target->query = str_skip(rest, mark + 1);
	}
	if (!target->path.n && rest.n && rest.p != raw.p)
		target->path = STR("/"); /* "http://host?query" */
	if (!target->path.n || target->path.p[0] != '/')
		return "the request target is not a path";
	const char *fault = escapes_fault(rest);
	return fault ? fault : split_segments(arena, target);
}

struct str http_query_param(struct arena *arena, struct str query, struct str name, size_t n)
{
	struct str rest = query;
	struct str pair;
	while (str_cut(&rest, '&', &pair)) {
		size_t mark = str_find(pair, '=');
		struct str key = mark == STR_NONE ? pair : str_sub(pair, 0, mark);
		struct str value = mark == STR_NONE ? STR("") : str_skip(pair, mark + 1);
		if (!http_percent_decode(arena, key, &key) || !str_eq(key, name) || n--)
			continue;
		return http_percent_decode(arena, value, &value) ? value : STR_NULL;
	}
	return STR_NULL;
}
