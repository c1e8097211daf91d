/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on borrowed text (contract in str.h). No allocation, no locale: ctype functions are
 * avoided on purpose, because what is a letter in a digest or a version must not depend on LC_ALL.
 */
#include "base/str.h"

#include <string.h>

struct str str_from(const char *cstr)
{
	return cstr ? (struct str){ cstr, strlen(cstr) } : STR_NULL;
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	if (order)
		return order < 0 ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

bool str_starts(struct str text, struct str prefix)
{
	return text.n >= prefix.n && str_eq(str_sub(text, 0, prefix.n), prefix);
}

bool str_ends(struct str text, struct str suffix)
{
	return text.n >= suffix.n && str_eq(str_skip(text, text.n - suffix.n), suffix);
}

bool str_contains(struct str text, struct str part)
{
	return part.n == 0 || (text.n >= part.n && memmem(text.p, text.n, part.p, part.n));
}

bool str_has_nul(struct str text)
{
	return text.n && memchr(text.p, '\0', text.n);
}

size_t str_find(struct str text, char c)
{
	const char *at = text.n ? memchr(text.p, c, text.n) : NULL;
	return at ? (size_t)(at - text.p) : STR_NONE;
}

size_t str_rfind(struct str text, char c)
{
	const char *at = text.n ? memrchr(text.p, c, text.n) : NULL;
	return at ? (size_t)(at - text.p) : STR_NONE;
}

struct str str_sub(struct str text, size_t from, size_t n)
{
	text = str_skip(text, from);
	if (n < text.n)
		text.n = n;
	return text;
}

struct str str_skip(struct str text, size_t n)
{
	if (n > text.n)
		n = text.n;
	return text.p ? (struct str){ text.p + n, text.n - n } : STR_NULL;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str text)
{
	while (text.n && blank(text.p[0]))
		text = str_skip(text, 1);
	while (text.n && blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

bool str_cut(struct str *rest, char separator, struct str *head)
{
	if (!rest->p)
		return false;
	size_t at = str_find(*rest, separator);
	if (at == STR_NONE) {
		*head = *rest;
		*rest = STR_NULL;
	} else {
		*head = str_sub(*rest, 0, at);
		*rest = str_skip(*rest, at + 1);
	}
	return true;
}

bool str_parse_u64(struct str text, uint64_t *value)
{
	if (!text.n)
		return false;
	uint64_t sum = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(text.p[i] - '0');
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
			__builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}

uint64_t str_hash(struct str text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < text.n; i++) {
		hash ^= (unsigned char)text.p[i];
		hash *= 0x100000001b3u;
	}
	return hash;
}
