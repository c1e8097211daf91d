/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that cannot exist without a ceiling. Sticky: after the first write that
 * would pass the ceiling every further write does nothing and strbuf_failed() stays true, so a
 * builder is checked once, at its end. Always NUL-terminated after strbuf_init(). Owned by one
 * thread; memory from malloc, released by strbuf_free() (or AUTO(strbuf_free)).
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/check.h"
#include "base/str.h"

#include <stdarg.h>

struct strbuf {
	char *p; /* NULL until the first byte; use strbuf_cstr() */
	size_t n;
	size_t capacity;
	size_t ceiling; /* most bytes it may ever hold, without the NUL */
	bool failed;
};

#define STRBUF(max_bytes) ((struct strbuf){ .ceiling = (max_bytes) })
#define AUTO_STRBUF	  __attribute__((cleanup(strbuf_free)))

void strbuf_free(struct strbuf *b);  /* also resets it for reuse */
void strbuf_clear(struct strbuf *b); /* keeps memory, forgets content and failure */
void strbuf_add(struct strbuf *b, const void *bytes, size_t n);
void strbuf_add_str(struct strbuf *b, struct str text);
void strbuf_add_cstr(struct strbuf *b, const char *text);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *b, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* Room for n more bytes, or NULL when that passes the ceiling; then strbuf_commit what was used. */
char *strbuf_reserve(struct strbuf *b, size_t n);
void strbuf_commit(struct strbuf *b, size_t n);

static inline bool strbuf_failed(const struct strbuf *b)
{
	return b->failed;
}
struct str strbuf_view(const struct strbuf *b);	 /* valid until the next write */
const char *strbuf_cstr(const struct strbuf *b); /* never NULL; valid until the next write */

#endif
