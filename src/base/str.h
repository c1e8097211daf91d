/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed text: pointer and length, by value, never dependent on a terminating NUL. A str owns
 * nothing and is valid as long as the bytes it points to. STR_NULL (p == NULL, n == 0) means
 * "absent" where a header says so; every function treats it as the empty text. Pure functions.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_INIT(literal)                                                                          \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	} /* for static initialisers */
#define STR_NULL      ((struct str){ NULL, 0 })
#define STR_FMT	      "%.*s"
#define STR_ARG(text) (int)(text).n, (text).p ? (text).p : ""

struct str str_from(const char *cstr); /* NULL gives STR_NULL */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
int str_cmp(struct str a, struct str b);	/* byte order; shorter first on a tie */
bool str_starts(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);
bool str_contains(struct str text, struct str part);
bool str_has_nul(struct str text);

#define STR_NONE ((size_t)-1)
size_t str_find(struct str text, char c);		    /* index or STR_NONE */
size_t str_rfind(struct str text, char c);		    /* index of the last one or STR_NONE */
struct str str_sub(struct str text, size_t from, size_t n); /* clamped */
struct str str_skip(struct str text, size_t n);		    /* clamped */
struct str str_trim(struct str text);			    /* ASCII blanks at both ends */

/*
 * Splits *rest at the first separator: the part before goes to *head, *rest becomes what follows
 * it. Without a separator the whole goes to *head and *rest becomes STR_NULL. False (nothing
 * written) when *rest is STR_NULL already: "while (str_cut(&rest, ',', &part))".
 */
bool str_cut(struct str *rest, char separator, struct str *head);

/* The whole text must be a decimal number without sign; overflow is failure. */
bool str_parse_u64(struct str text, uint64_t *value);

uint64_t str_hash(struct str text); /* FNV-1a, for tables of trusted or bounded size */

#endif
