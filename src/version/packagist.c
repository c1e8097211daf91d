/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Composer packages: what composer/semver makes of a text (normalisation), compared as
 * PHP's version_compare() does.
 *
 *   ["v"] number ["." number] ["." number] ["." number] [stage] [["."|"-"] "dev"]
 *   stage = [sep] word (["." | "-"] number)*, word: alpha a beta b RC patch pl p stable
 *
 * in any case of letters, the first number up to five digits; missing numbers are 0. A date in
 * place of the numbers (2010-01-02, 20100102, 2010.01.02-03) is read as its parts. "@stable" and
 * the like and "+build" are cut off; "1.x-dev" is a branch and above every version that begins
 * with 1.
 *
 *   dev < alpha < beta < RC < plain < further number < patch
 *
 * "dev-master" names a branch without any place in the order and is refused, as is an alias.
 */
#include "version/internal.h"

enum { NUMBERS_MAX = 8, DATE_DIGITS_MIN = 4, MAJOR_DIGITS_MAX = 5, VERSION_NUMBERS = 4 };

/* Places in the order of PHP; the end of the text and numbers have their own. */
enum place { PLACE_DEV, PLACE_ALPHA, PLACE_BETA, PLACE_RC, PLACE_END, PLACE_NUMBER, PLACE_PATCH };

#define BRANCH_NUMBER STR("9999999") /* what stands for "x" */

struct packagist {
	struct str numbers[NUMBERS_MAX];
	size_t count;
	bool staged; /* has a word that counts */
	enum place stage;
	struct str stage_numbers; /* digits with "." and "-" between them */
	bool dev;
};

/* Longer words before those they begin with. */
static const struct {
	struct str text;
	enum place place;
} words[] = { { STR_INIT("stable"), PLACE_END }, { STR_INIT("beta"), PLACE_BETA },
	{ STR_INIT("b"), PLACE_BETA }, { STR_INIT("rc"), PLACE_RC },
	{ STR_INIT("alpha"), PLACE_ALPHA }, { STR_INIT("a"), PLACE_ALPHA },
	{ STR_INIT("patch"), PLACE_PATCH }, { STR_INIT("pl"), PLACE_PATCH },
	{ STR_INIT("p"), PLACE_PATCH } };

static bool starts_nocase(struct str text, struct str prefix)
{
	return text.n >= prefix.n && str_eq_nocase(str_sub(text, 0, prefix.n), prefix);
}

/* Skips one of the characters of `marks`, if it is there. */
static void skip_mark(struct str *rest, struct str marks)
{
	if (rest->n && str_find(marks, *rest->p) != STR_NONE)
		*rest = str_skip(*rest, 1);
}

/* (["." | "-"] number)* */
static struct str take_stage_numbers(struct str *rest)
{
	struct str all = *rest;
	for (;;) {
		struct str text = *rest;
		skip_mark(&text, STR(".-"));
		if (!version_take(&text, version_is_digit).n)
			break;
		*rest = text;
	}
	struct str numbers = str_sub(all, 0, all.n - rest->n);
	skip_mark(&numbers, STR(".-"));
	return numbers;
}

/* The stage and "dev" behind the numbers; false when something else is there. */
static bool take_modifiers(struct str rest, struct packagist *version)
{
	bool stable = false;
	skip_mark(&rest, STR("._-"));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!starts_nocase(rest, words[i].text))
			continue;
		rest = str_skip(rest, words[i].text.n);
		stable = words[i].place == PLACE_END;
		version->staged = !stable;
		version->stage = words[i].place;
		version->stage_numbers = take_stage_numbers(&rest);
		break;
	}
	if (!rest.n)
		return true;
	skip_mark(&rest, STR(".-"));
	/* "1.0-stable-dev" is 1.0, too. */
	version->dev = !stable;
	return str_eq_nocase(rest, STR("dev"));
}

static bool split_classical(struct str rest, struct packagist *version)
{
	version->count = 0;
	do {
		struct str number = version_take(&rest, version_is_digit);
		if (!number.n || (!version->count && number.n > MAJOR_DIGITS_MAX))
			return false;
		version->numbers[version->count++] = number;
	} while (version->count < VERSION_NUMBERS && rest.n > 1 && *rest.p == '.' &&
		 version_is_digit(rest.p[1]) && (rest = str_skip(rest, 1)).n);
	while (version->count < VERSION_NUMBERS)
		version->numbers[version->count++] = STR("0");
	return take_modifiers(rest, version);
}

/*
 * A year, one to six times two digits, then perhaps one to three more digits, each with or without
 * a
 * "." ":" "-" before it. Only the last run of digits may be of odd length.
 */
static bool split_date(struct str rest, struct packagist *version)
{
	version->count = 0;
	size_t pairs = 0;
	for (;;) {
		struct str run = version_take(&rest, version_is_digit);
		if (version->count == NUMBERS_MAX || !run.n ||
			(!version->count && run.n < DATE_DIGITS_MIN))
			return false;
		size_t length = run.n - (version->count ? 0 : (size_t)DATE_DIGITS_MIN);
		version->numbers[version->count++] = run;
		bool more = rest.n > 1 && str_find(STR(".:-"), *rest.p) != STR_NONE &&
			    version_is_digit(rest.p[1]);
		bool odd = length % 2 != 0;
		if (!more) {
			/* Up to three of the last digits may be the tail of their own. */
			size_t most = pairs + length / 2;
			size_t least = most - (odd ? (length >= 3) : (length >= 2));
			return most >= 1 && least <= 6 && take_modifiers(rest, version);
		}
		if (odd)
			return false;
		pairs += length / 2;
		rest = str_skip(rest, 1);
	}
}

/* "1.2.x-dev", "1.x-dev", also "*" and without the hyphen. */
static bool split_branch(struct str rest, struct packagist *version)
{
	if (rest.n < 3 || !str_eq_nocase(str_skip(rest, rest.n - 3), STR("dev")))
		return false;
	rest = str_sub(rest, 0, rest.n - 3);
	if (rest.n && (rest.p[rest.n - 1] == '.' || rest.p[rest.n - 1] == '-'))
		rest = str_sub(rest, 0, rest.n - 1);
	*version = (struct packagist){ .dev = true };
	struct str part;
	while (str_cut(&rest, '.', &part)) {
		struct str behind = part;
		bool number = part.n && version_take(&behind, version_is_digit).n == part.n;
		bool any = part.n == 1 && str_find(STR("xX*"), *part.p) != STR_NONE;
		if (version->count == VERSION_NUMBERS || !(number || (any && version->count)))
			return false;
		version->numbers[version->count++] = number ? part : BRANCH_NUMBER;
	}
	while (version->count < VERSION_NUMBERS)
		version->numbers[version->count++] = BRANCH_NUMBER;
	return true;
}

/* Cuts "@stable", "@RC" … off. */
static struct str without_flag(struct str text)
{
	static const struct str flags[] = { STR_INIT("stable"), STR_INIT("rc"), STR_INIT("beta"),
		STR_INIT("alpha"), STR_INIT("dev") };
	size_t at = str_rfind(text, '@');
	for (size_t i = 0; at != STR_NONE && i < sizeof(flags) / sizeof(*flags); i++)
		if (str_eq_nocase(str_skip(text, at + 1), flags[i]))
			return str_sub(text, 0, at);
	return text;
}

static bool split(struct str text, struct packagist *version)
{
	if (!version_is_visible(text))
		return false;
	text = without_flag(text);
	if (starts_nocase(text, STR("dev-")) || str_contains(text, STR(",")))
		return false;
	size_t plus = str_find(text, '+');
	if (plus != STR_NONE && plus && plus + 1 < text.n)
		text = str_sub(text, 0, plus);
	if (starts_nocase(text, STR("v")))
		text = str_skip(text, 1);
	bool (*const forms[])(struct str rest, struct packagist * version) = { split_classical,
		split_date, split_branch };
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		*version = (struct packagist){ .count = 0 };
		if (forms[i](text, version))
			return true;
	}
	return false;
}

bool version_packagist_valid(struct str text)
{
	struct packagist version;
	return split(text, &version);
}

/* Where the reader of a version stands: its numbers, then its stage, the stage's numbers, "dev". */
struct reader {
	const struct packagist *version;
	size_t number;
	bool stage_done;
	struct str stage_numbers;
	bool dev_done;
};

static enum place next_piece(struct reader *reader, struct str *number)
{
	const struct packagist *version = reader->version;
	if (reader->number < version->count) {
		*number = version->numbers[reader->number++];
		return PLACE_NUMBER;
	}
	if (version->staged && !reader->stage_done) {
		reader->stage_done = true;
		reader->stage_numbers = version->stage_numbers;
		return version->stage;
	}
	if (reader->stage_numbers.n) {
		*number = version_take(&reader->stage_numbers, version_is_digit);
		skip_mark(&reader->stage_numbers, STR(".-"));
		return PLACE_NUMBER;
	}
	if (version->dev && !reader->dev_done) {
		reader->dev_done = true;
		return PLACE_DEV;
	}
	return PLACE_END;
}

int version_packagist_compare(struct str a, struct str b)
{
	struct packagist va;
	struct packagist vb;
	if (!split(a, &va) || !split(b, &vb))
		return 0;
	struct reader ra = { .version = &va };
	struct reader rb = { .version = &vb };
	enum place pa;
	do {
		struct str na = STR_NULL;
		struct str nb = STR_NULL;
		pa = next_piece(&ra, &na);
		enum place pb = next_piece(&rb, &nb);
		if (pa != pb)
			return pa < pb ? -1 : 1;
		int order = pa == PLACE_NUMBER ? version_compare_digits(na, nb) : 0;
		if (order)
			return order;
	} while (pa != PLACE_END);
	return 0;
}
