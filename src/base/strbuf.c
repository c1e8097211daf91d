/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer of strbuf.h: doubling growth, one spare byte for the NUL. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_free(struct strbuf *b)
{
	free(b->p);
	*b = STRBUF(b->ceiling);
}

void strbuf_clear(struct strbuf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->p)
		b->p[0] = '\0';
}

char *strbuf_reserve(struct strbuf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (n > b->ceiling || b->n > b->ceiling - n) {
		b->failed = true;
		return NULL;
	}
	size_t need = b->n + n + 1;
	if (need > b->capacity) {
		size_t grown = b->capacity ? b->capacity : 64;
		while (grown < need)
			grown *= 2;
		if (grown > b->ceiling + 1)
			grown = b->ceiling + 1;
		char *p = realloc(b->p, grown);
		CHECK(p);
		b->p = p;
		b->capacity = grown;
	}
	return b->p + b->n;
}

void strbuf_commit(struct strbuf *b, size_t n)
{
	CHECK(b->n + n < b->capacity);
	b->n += n;
	b->p[b->n] = '\0';
}

void strbuf_add(struct strbuf *b, const void *bytes, size_t n)
{
	char *room = strbuf_reserve(b, n);
	if (!room)
		return;
	if (n)
		memcpy(room, bytes, n);
	strbuf_commit(b, n);
}

void strbuf_add_str(struct strbuf *b, struct str text)
{
	strbuf_add(b, text.p, text.n);
}

void strbuf_add_cstr(struct strbuf *b, const char *text)
{
	strbuf_add(b, text, strlen(text));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_vaddf(struct strbuf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	CHECK(n >= 0);
	char *room = strbuf_reserve(b, (size_t)n);
	if (room) {
		vsnprintf(room, (size_t)n + 1, format, again);
		strbuf_commit(b, (size_t)n);
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	strbuf_vaddf(b, format, args);
	va_end(args);
}

struct str strbuf_view(const struct strbuf *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

const char *strbuf_cstr(const struct strbuf *b)
{
	return b->p ? b->p : "";
}
