/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thin adapter over jansson (contract in json.h). jansson refuses strings that are not UTF-8, but
 * package names and error words come from images and need not be; json_make_string() replaces the
 * bad bytes by U+FFFD so that a value is never silently lost.
 */
#include "base/json.h"

#include "base/strbuf.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

static int parse(struct str text, size_t max_bytes, size_t flags, json_t **root, struct err *err)
{
	if (text.n > max_bytes)
		return err_set(err, E2BIG, "JSON of %zu bytes is larger than the limit of %zu",
			text.n, max_bytes);
	json_error_t error;
	json_t *tree = json_loadb(text.p ? text.p : "", text.n, JSON_ALLOW_NUL | flags, &error);
	if (!tree)
		return err_set(err, EINVAL, "not valid JSON: %s (line %d, column %d)", error.text,
			error.line, error.column);
	*root = tree;
	return 0;
}

int json_parse(struct str text, size_t max_bytes, json_t **root, struct err *err)
{
	return parse(text, max_bytes, 0, root, err);
}

static void decref(void *tree)
{
	json_decref(tree);
}

int json_parse_arena(
	struct arena *arena, struct str text, size_t max_bytes, json_t **root, struct err *err)
{
	int r = json_parse(text, max_bytes, root, err);
	if (r < 0)
		return err_trace(err, r);
	arena_defer(arena, decref, *root);
	return 0;
}

int json_parse_unique_arena(
	struct arena *arena, struct str text, size_t max_bytes, json_t **root, struct err *err)
{
	int r = parse(text, max_bytes, JSON_REJECT_DUPLICATES, root, err);
	if (r < 0)
		return err_trace(err, r);
	arena_defer(arena, decref, *root);
	return 0;
}

size_t json_values_at_most(struct str text)
{
	size_t count = 1;
	bool quoted = false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || c == '[' || c == '{'))
			count++;
	}
	return count;
}

struct str json_text(const json_t *string)
{
	if (!json_is_string(string))
		return STR_NULL;
	return (struct str){ json_string_value(string), json_string_length(string) };
}

struct str json_str(const json_t *object, const char *member)
{
	return json_text(json_object_get(object, member));
}

int64_t json_int(const json_t *object, const char *member, int64_t otherwise)
{
	const json_t *value = json_object_get(object, member);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

const json_t *json_obj(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);
	return json_is_object(value) ? value : NULL;
}

const json_t *json_list(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);
	return json_is_array(value) ? value : NULL;
}

/* Length of the valid UTF-8 sequence at the front of text (RFC 3629), 0 if there is none. */
static size_t utf8_length(struct str text)
{
	const unsigned char *c = (const unsigned char *)text.p;
	if (c[0] < 0x80)
		return 1;
	size_t n = c[0] >= 0xc2 && c[0] <= 0xdf	  ? 2
		   : (c[0] & 0xf0) == 0xe0	  ? 3
		   : c[0] >= 0xf0 && c[0] <= 0xf4 ? 4
						  : 0;
	if (!n || text.n < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
	bool outside = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
	return overlong || outside ? 0 : n;
}

json_t *json_make_string(struct str text)
{
	json_t *value = json_stringn(text.p ? text.p : "", text.n);
	if (value)
		return value;
	AUTO_STRBUF struct strbuf clean = STRBUF(text.n * 3);
	while (text.n) {
		size_t n = utf8_length(text);
		if (n)
			strbuf_add(&clean, text.p, n);
		else
			strbuf_add_cstr(&clean, "\xef\xbf\xbd");
		text = str_skip(text, n ? n : 1);
	}
	value = json_stringn(strbuf_cstr(&clean), clean.n);
	CHECK(value);
	return value;
}

static void put(json_t *object, const char *member, json_t *value)
{
	CHECK(value && json_object_set_new(object, member, value) == 0);
}

void json_put(json_t *object, const char *member, struct str text)
{
	put(object, member, text.p ? json_make_string(text) : json_null());
}

void json_put_cstr(json_t *object, const char *member, const char *text)
{
	json_put(object, member, str_from(text));
}

void json_put_int(json_t *object, const char *member, int64_t value)
{
	put(object, member, json_integer(value));
}

void json_put_bool(json_t *object, const char *member, bool value)
{
	put(object, member, json_boolean(value));
}

void json_put_time(json_t *object, const char *member, int64_t us)
{
	char text[TIME_TEXT_MAX];
	if (us == TIME_NONE) {
		put(object, member, json_null());
		return;
	}
	time_format(us, 6, text);
	json_put_cstr(object, member, text);
}

json_t *json_put_object(json_t *object, const char *member)
{
	json_t *value = json_object();
	put(object, member, value);
	return value;
}

json_t *json_put_list(json_t *object, const char *member)
{
	json_t *value = json_array();
	put(object, member, value);
	return value;
}

json_t *json_add_object(json_t *list)
{
	json_t *value = json_object();
	CHECK(value && json_array_append_new(list, value) == 0);
	return value;
}

char *json_dump(const json_t *root, bool pretty)
{
	/* 15 digits are what a double keeps of any decimal, so 9.8 comes out as 9.8. */
	size_t flags = JSON_REAL_PRECISION(15) | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
	char *text = json_dumps(root, flags);
	CHECK(text);
	return text;
}
