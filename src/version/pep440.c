/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Python packages (PEP 440, now packaging.python.org "version specifiers"):
 *
 *   ["v"] [epoch "!"] number ("." number)* [pre] [post] [dev] ["+" local]
 *   pre  = [sep] ("a" | "b" | "c" | "rc" | "alpha" | "beta" | "pre" | "preview") [sep] [number]
 *   post = "-" number | [sep] ("post" | "rev" | "r") [sep] [number]
 *   dev  = [sep] "dev" [sep] [number]
 *   local = part (sep part)*, part of letters and digits;  sep = "." | "-" | "_"
 *
 * in any case of letters. Order: epoch, then the numbers (trailing zeros do not count), then
 * dev < a < b < rc < plain < post; a missing number is 0, and with every stage its own ".dev" comes
 * before it. A local part is above none; in it numbers are above words and the longer is above.
 *
 * The reference is packaging.version.Version. Versions of the time before PEP 440 ("2004d",
 * "0.1-bulbasaur") are refused: what they were compared like is nobody's rule any more.
 */
#include "version/internal.h"

struct pep440 {
	struct str epoch;   /* digits; empty: 0 */
	struct str release; /* digits and dots, without trailing zeros */
	int pre;	    /* rank of the word; 0 when there is none */
	struct str pre_number;
	bool has_post;
	struct str post_number;
	bool has_dev;
	struct str dev_number;
	struct str local; /* without "+"; empty: none */
};

struct word {
	struct str text;
	int rank;
};

/* Longer words before those they begin with. */
static const struct word pre_words[] = { { STR_INIT("alpha"), 1 }, { STR_INIT("a"), 1 },
	{ STR_INIT("beta"), 2 }, { STR_INIT("b"), 2 }, { STR_INIT("preview"), 3 },
	{ STR_INIT("pre"), 3 }, { STR_INIT("rc"), 3 }, { STR_INIT("c"), 3 }, { STR_INIT(""), 0 } };
static const struct word post_words[] = { { STR_INIT("post"), 1 }, { STR_INIT("rev"), 1 },
	{ STR_INIT("r"), 1 }, { STR_INIT(""), 0 } };
static const struct word dev_words[] = { { STR_INIT("dev"), 1 }, { STR_INIT(""), 0 } };

static bool is_sep(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static void skip_sep(struct str *rest)
{
	if (rest->n && is_sep(*rest->p))
		*rest = str_skip(*rest, 1);
}

/* Takes [sep] word [sep] [number] from the front; 0 and nothing taken when no word is there. */
static int take_stage(struct str *rest, const struct word *words, struct str *number)
{
	struct str text = *rest;
	skip_sep(&text);
	while (words->rank && !str_eq_nocase(str_sub(text, 0, words->text.n), words->text))
		words++;
	if (!words->rank)
		return 0;
	text = str_skip(text, words->text.n);
	skip_sep(&text);
	*number = version_take(&text, version_is_digit);
	*rest = text;
	return words->rank;
}

/* The other way to write a post-release: "1.0-1". */
static bool take_hyphen_number(struct str *rest, struct str *number)
{
	if (rest->n < 2 || *rest->p != '-' || !version_is_digit(rest->p[1]))
		return false;
	*rest = str_skip(*rest, 1);
	*number = version_take(rest, version_is_digit);
	return true;
}

static struct str take_release(struct str *rest)
{
	struct str text = *rest;
	size_t kept = 0;
	do {
		struct str digits = version_take(&text, version_is_digit);
		for (size_t i = 0; i < digits.n; i++)
			if (digits.p[i] != '0')
				kept = rest->n - text.n;
	} while (text.n > 1 && *text.p == '.' && version_is_digit(text.p[1]) &&
		 (text = str_skip(text, 1)).n);
	struct str release = str_sub(*rest, 0, kept);
	*rest = text;
	return release;
}

static bool is_local(struct str local)
{
	struct str part;
	while (local.p && str_cut(&local, '+', &part)) {
		bool after_sep = true;
		for (size_t i = 0; i < part.n; i++) {
			if (!version_is_alnum(part.p[i]) && (after_sep || !is_sep(part.p[i])))
				return false;
			after_sep = !version_is_alnum(part.p[i]);
		}
		return !after_sep && !local.p;
	}
	return false;
}

static bool split(struct str text, struct pep440 *parts)
{
	*parts = (struct pep440){ .pre = 0 };
	if (text.n && (*text.p == 'v' || *text.p == 'V'))
		text = str_skip(text, 1);
	struct str rest = text;
	struct str digits = version_take(&rest, version_is_digit);
	if (digits.n && rest.n && *rest.p == '!') {
		parts->epoch = digits;
		text = str_skip(rest, 1);
	}
	if (!text.n || !version_is_digit(*text.p))
		return false;
	parts->release = take_release(&text);
	parts->pre = take_stage(&text, pre_words, &parts->pre_number);
	parts->has_post = take_hyphen_number(&text, &parts->post_number) ||
			  take_stage(&text, post_words, &parts->post_number);
	parts->has_dev = take_stage(&text, dev_words, &parts->dev_number);
	if (!text.n)
		return true;
	parts->local = str_skip(text, 1);
	return *text.p == '+' && is_local(parts->local);
}

bool version_pep440_valid(struct str version)
{
	struct pep440 parts;
	return split(version, &parts);
}

static int compare_release(struct str a, struct str b)
{
	struct str na;
	struct str nb;
	for (;;) {
		bool more_a = a.n && str_cut(&a, '.', &na);
		bool more_b = b.n && str_cut(&b, '.', &nb);
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		int order = version_compare_digits(na, nb);
		if (order)
			return order;
	}
}

/* dev < a < b < rc < plain and post. */
static int stage_of(const struct pep440 *parts)
{
	if (parts->pre)
		return parts->pre;
	return !parts->has_post && parts->has_dev ? 0 : 4;
}

static int compare_local_part(struct str a, struct str b)
{
	struct str rest = a;
	bool number_a = version_take(&rest, version_is_digit).n == a.n;
	rest = b;
	bool number_b = version_take(&rest, version_is_digit).n == b.n;
	if (number_a && number_b)
		return version_compare_digits(a, b);
	if (number_a != number_b)
		return number_a ? 1 : -1;
	size_t n = a.n < b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		char ca = version_to_lower(a.p[i]);
		char cb = version_to_lower(b.p[i]);
		if (ca != cb)
			return ca < cb ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int compare_local(struct str a, struct str b)
{
	while (a.n && b.n) {
		int order = compare_local_part(
			version_take(&a, version_is_alnum), version_take(&b, version_is_alnum));
		if (order)
			return order;
		skip_sep(&a);
		skip_sep(&b);
	}
	return (a.n > 0) - (b.n > 0);
}

int version_pep440_compare(struct str a, struct str b)
{
	struct pep440 pa;
	struct pep440 pb;
	if (!split(a, &pa) || !split(b, &pb))
		return 0;
	int order = version_compare_digits(pa.epoch, pb.epoch);
	if (!order)
		order = compare_release(pa.release, pb.release);
	if (!order)
		order = stage_of(&pa) - stage_of(&pb);
	if (!order)
		order = version_compare_digits(pa.pre_number, pb.pre_number);
	if (!order)
		order = (int)pa.has_post - (int)pb.has_post;
	if (!order)
		order = version_compare_digits(pa.post_number, pb.post_number);
	if (!order)
		order = (int)pb.has_dev - (int)pa.has_dev;
	if (!order)
		order = version_compare_digits(pa.dev_number, pb.dev_number);
	return order ? order : compare_local(pa.local, pb.local);
}
