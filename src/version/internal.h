/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that rows of grammars.def name. Private to this folder: everybody else goes
 * through version.h. Each pair has one contract: valid() says whether the text is a version of the
 * grammar; compare() gives < 0, 0, > 0 and may only be called with two valid texts.
 */
#ifndef VERSION_INTERNAL_H
#define VERSION_INTERNAL_H

#include "base/check.h"
#include "base/str.h"

#define GRAMMAR(id, name, compare, valid, doc)                                                     \
	int compare(struct str a, struct str b);                                                   \
	bool valid(struct str version);
#include "version/grammars.def"
#undef GRAMMAR

/* Longest text that is looked at as a version; real ones are below 200 bytes. */
enum { VERSION_TEXT_MAX = 1024 };

static inline bool version_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool version_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool version_is_alpha(char c)
{
	return version_is_lower((char)(c | 0x20));
}

static inline bool version_is_alnum(char c)
{
	return version_is_digit(c) || version_is_alpha(c);
}

static inline char version_to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Takes the longest run of wanted characters (perhaps none) from the front of *text. */
struct str version_take(struct str *text, bool (*wanted)(char c));
/* Is the text at least one character, all of them visible ASCII? */
bool version_is_visible(struct str text);
/* Compares two runs of digits as numbers of any size; the empty run is 0. */
int version_compare_digits(struct str a, struct str b);

#endif
