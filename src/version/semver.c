/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semantic Versioning 2.0.0 (semver.org), as npm, crates.io, Swift, Julia and the SEMVER ranges of
 * OSV use it:
 *
 *   ["v"] number ("." number)* ["-" identifier ("." identifier)*] ["+" identifier ("." …)*]
 *
 * Identifiers are letters, digits and hyphens. The numbers decide first. A version with a
 * pre-release is below the same without; pre-releases are compared identifier by identifier: digits
 * as numbers, words in byte order, numbers below words, and where one list ends the longer is
 * above. What follows "+" (build metadata) does not count.
 *
 * The standard wants three numbers without leading zeros. Registries hold others, so one to eight
 * numbers are accepted (missing ones are 0), leading zeros and a "v" too. Where npm's own semver
 * accepts a version the order is the same. Letters that follow a number directly ("1.2.3beta") are
 * refused: npm's loose mode takes them for a pre-release, but elsewhere ("1.1.1t") they are not.
 */
#include "version/semver.h"

static bool is_identifier(char c)
{
	return version_is_alnum(c) || c == '-';
}

/* Takes identifiers separated by dots from the front; false when one is empty. */
static bool take_identifiers(struct str *rest, struct str *taken)
{
	struct str all = *rest;
	do {
		if (!version_take(rest, is_identifier).n)
			return false;
		*taken = str_sub(all, 0, all.n - rest->n);
	} while (rest->n && *rest->p == '.' && (*rest = str_skip(*rest, 1)).n);
	return all.p[all.n - rest->n - 1] != '.';
}

static bool skip_char(struct str *rest, char c)
{
	if (!rest->n || *rest->p != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

bool semver_split(struct str text, struct semver *parts)
{
	*parts = (struct semver){ .count = 0 };
	do {
		struct str number = version_take(&text, version_is_digit);
		if (!number.n || parts->count == SEMVER_NUMBERS_MAX)
			return false;
		parts->numbers[parts->count++] = number;
	} while (skip_char(&text, '.'));
	if (skip_char(&text, '-') && !take_identifiers(&text, &parts->pre))
		return false;
	if (skip_char(&text, '+') && !take_identifiers(&text, &parts->build))
		return false;
	return !text.n;
}

int semver_compare_numbers(const struct semver *a, const struct semver *b)
{
	size_t most = a->count > b->count ? a->count : b->count;
	int order = 0;
	for (size_t i = 0; i < most && !order; i++)
		order = version_compare_digits(a->numbers[i], b->numbers[i]);
	return order;
}

static bool is_number(struct str identifier)
{
	struct str rest = identifier;
	return version_take(&rest, version_is_digit).n == identifier.n;
}

static int compare_nocase(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	for (size_t i = 0; i < n; i++) {
		char ca = version_to_lower(a.p[i]);
		char cb = version_to_lower(b.p[i]);
		if (ca != cb)
			return ca < cb ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

int semver_compare_identifiers(struct str a, struct str b, bool nocase)
{
	struct str ia;
	struct str ib;
	for (;;) {
		bool more_a = a.n && str_cut(&a, '.', &ia);
		bool more_b = b.n && str_cut(&b, '.', &ib);
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		bool number = is_number(ia);
		if (number != is_number(ib))
			return number ? -1 : 1;
		int order = number   ? version_compare_digits(ia, ib)
			    : nocase ? compare_nocase(ia, ib)
				     : str_cmp(ia, ib);
		if (order)
			return order;
	}
}

int semver_compare_pre(struct str a, struct str b, bool nocase)
{
	if (!a.n || !b.n)
		return (int)!a.n - (int)!b.n;
	return semver_compare_identifiers(a, b, nocase);
}

static struct str without_v(struct str version)
{
	return version.n && (*version.p == 'v' || *version.p == 'V') ? str_skip(version, 1)
								     : version;
}

bool version_semver_valid(struct str version)
{
	struct semver parts;
	return semver_split(without_v(version), &parts);
}

int version_semver_compare(struct str a, struct str b)
{
	struct semver pa;
	struct semver pb;
	if (!semver_split(without_v(a), &pa) || !semver_split(without_v(b), &pb))
		return 0;
	int order = semver_compare_numbers(&pa, &pb);
	return order ? order : semver_compare_pre(pa.pre, pb.pre, false);
}
