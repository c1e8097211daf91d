/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Maven artifacts (ComparableVersion of Maven 3.8.7, and maven.apache.org/pom.html
 * "version order specification"), in any case of letters.
 *
 * A version is a list of numbers and words (qualifiers), whose last item may be another such list,
 * and so on. A "." ends an item. A "-", a change from digits to letters or from letters to digits
 * ends an item and opens a new list; so does a "." before a word that ends with the version or runs
 * into digits. An item of no characters is 0. "a", "b" and "m" directly before a digit are "alpha",
 * "beta" and "milestone"; "cr" is "rc"; "ga", "final" and "release" are the empty word. At the end
 * of each list, and just before the list in it, zeros and empty words do not count.
 *
 * Lists are compared item by item. Numbers are above lists, lists above words. Words:
 *
 *   alpha < beta < milestone < rc < snapshot < "" < sp < all others, those in byte order
 *
 * Where one list has ended, what the other still has is compared with nothing: a number is above
 * it, a word above or below it as its place by the empty word says.
 *
 * Where zeros and empty words stand before other words ("1-ga-rc1", "0.alpha-1") this is not an
 * order: 1-ga-rc1 < 1 < 1-foo, yet 1-ga-rc1 > 1-foo. It is Maven's answer, and so it is given.
 *
 * Refused is what is no version but a range ("[1,2)"), a property that nobody filled in ("${x}"),
 * or a name without any digit ("LATEST", "unspecified").
 */
#include "version/internal.h"

enum { ITEMS_MAX = VERSION_TEXT_MAX + 2 };

enum word { WORD_EMPTY = 5, WORD_OTHER = 7 };

/* Where several words mean the same they share a place. */
static const struct {
	struct str text;
	int place;
} words[] = { { STR_INIT("alpha"), 0 }, { STR_INIT("beta"), 1 }, { STR_INIT("milestone"), 2 },
	{ STR_INIT("rc"), 3 }, { STR_INIT("cr"), 3 }, { STR_INIT("snapshot"), 4 },
	{ STR_INIT("ga"), WORD_EMPTY }, { STR_INIT("final"), WORD_EMPTY },
	{ STR_INIT("release"), WORD_EMPTY }, { STR_INIT("sp"), 6 } };

struct item {
	bool number;
	int place;	 /* of a word */
	struct str text; /* digits, or the word where its place is WORD_OTHER */
};

struct list {
	unsigned from;
	unsigned n;
};

struct maven {
	unsigned items;
	unsigned lists; /* the last one has items, or it is the only one */
	struct item item[ITEMS_MAX];
	struct list list[ITEMS_MAX];
};

bool version_maven_valid(struct str version)
{
	bool digit = false;
	for (size_t i = 0; i < version.n; i++) {
		if (str_find(STR("[](){},$"), version.p[i]) != STR_NONE)
			return false;
		digit |= version_is_digit(version.p[i]);
	}
	return digit && version_is_visible(version);
}

static int place_of(struct str word, bool before_digit)
{
	if (before_digit && word.n == 1) {
		size_t short_form = str_find(STR("abm"), version_to_lower(*word.p));
		if (short_form != STR_NONE)
			return (int)short_form;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_eq_nocase(word, words[i].text))
			return words[i].place;
	return WORD_OTHER;
}

static void open_list(struct maven *maven)
{
	CHECK(maven->lists < ITEMS_MAX);
	maven->list[maven->lists++] = (struct list){ .from = maven->items, .n = 0 };
}

static void add(struct maven *maven, struct item item)
{
	CHECK(maven->items < ITEMS_MAX);
	maven->item[maven->items++] = item;
	maven->list[maven->lists - 1].n++;
}

/* Adds what was read before a mark: a number, a word, or 0 for nothing. */
static void add_text(struct maven *maven, struct str text)
{
	if (!text.n || version_is_digit(*text.p))
		add(maven, (struct item){ .number = true, .text = text });
	else
		add(maven, (struct item){ .place = place_of(text, false), .text = text });
}

/* A word that digits follow, or with which the version ends, begins a list of its own. */
static void add_word(struct maven *maven, struct str text, bool before_digit)
{
	if (maven->list[maven->lists - 1].n)
		open_list(maven);
	add(maven, (struct item){ .place = place_of(text, before_digit), .text = text });
}

static bool is_nothing(const struct item *item)
{
	return item->number ? version_compare_digits(item->text, STR("0")) == 0
			    : item->place == WORD_EMPTY;
}

static void normalise(struct maven *maven)
{
	for (unsigned k = 0; k < maven->lists; k++) {
		struct list *list = &maven->list[k];
		while (list->n && is_nothing(&maven->item[list->from + list->n - 1]))
			list->n--;
	}
	while (maven->lists > 1 && !maven->list[maven->lists - 1].n)
		maven->lists--;
}

static bool is_word(char c)
{
	return !version_is_digit(c) && c != '.' && c != '-';
}

static void split(struct str version, struct maven *maven)
{
	maven->items = maven->lists = 0;
	open_list(maven);
	while (version.n) {
		bool digits = version_is_digit(*version.p);
		struct str text = version_take(&version, digits ? version_is_digit : is_word);
		char next = version.n ? *version.p : '\0';
		if (next == '.' || next == '-') {
			add_text(maven, text);
			version = str_skip(version, 1);
			if (next == '-')
				open_list(maven);
		} else if (digits) {
			add_text(maven, text);
			if (next)
				open_list(maven);
		} else {
			add_word(maven, text, next != '\0');
			if (next)
				open_list(maven);
		}
	}
	normalise(maven);
}

/* One item against the end of the other list. */
static int compare_nothing(const struct item *item)
{
	if (item->number)
		return is_nothing(item) ? 0 : 1;
	return item->place - WORD_EMPTY;
}

/* Everything from an item of a list on, lists inside included, against the end of the other. */
static int compare_rest(const struct maven *maven, unsigned k, unsigned i)
{
	for (; k < maven->lists; k++, i = 0) {
		for (; i < maven->list[k].n; i++) {
			int order = compare_nothing(&maven->item[maven->list[k].from + i]);
			if (order)
				return order;
		}
	}
	return 0;
}

static int compare_words(struct str a, struct str b)
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

static int compare_items(const struct item *a, const struct item *b)
{
	if (a->number != b->number)
		return a->number ? 1 : -1;
	if (a->number)
		return version_compare_digits(a->text, b->text);
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return a->place == WORD_OTHER ? compare_words(a->text, b->text) : 0;
}

/* Item i of list k, or NULL where the list inside it or its end is. */
static const struct item *item_at(const struct maven *maven, unsigned k, unsigned i)
{
	const struct list *list = &maven->list[k];
	return i < list->n ? &maven->item[list->from + i] : NULL;
}

static int compare_list(const struct maven *a, const struct maven *b, unsigned k)
{
	for (unsigned i = 0;; i++) {
		const struct item *ia = item_at(a, k, i);
		const struct item *ib = item_at(b, k, i);
		bool list_a = !ia && k + 1 < a->lists;
		bool list_b = !ib && k + 1 < b->lists;
		if (ia && ib) {
			int order = compare_items(ia, ib);
			if (order)
				return order;
			continue;
		}
		if (list_a && list_b)
			return 0; /* equal so far: the lists inside decide */
		if (list_a && ib)
			return ib->number ? -1 : 1;
		if (list_b && ia)
			return ia->number ? 1 : -1;
		if (ia || list_a)
			return compare_rest(a, ia ? k : k + 1, ia ? i : 0);
		return -compare_rest(b, ib ? k : k + 1, ib ? i : 0);
	}
}

int version_maven_compare(struct str a, struct str b)
{
	struct maven ma;
	struct maven mb;
	split(a, &ma);
	split(b, &mb);
	int order = 0;
	for (unsigned k = 0; k < ma.lists && k < mb.lists && !order; k++)
		order = compare_list(&ma, &mb, k);
	return order;
}
