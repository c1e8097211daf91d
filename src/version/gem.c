/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Ruby gems (Gem::Version):
 *
 *   number ("." letters-and-digits)* ["-" more]
 *
 * A version is read as segments, runs of digits (numbers) and runs of letters; "-" counts as the
 * segment "pre". Any letter makes it a pre-release, because letters are below numbers and a missing
 * segment is the number 0: 1.0.a < 1.0 < 1.0.1. Zeros at the end, and those just before the first
 * letters, do not count: 1.0.0 = 1 and 1.0.0.a = 1.a. Letters are compared in byte order.
 *
 * The reference is RubyGems' own class. An empty text, which it takes for 0, is refused here.
 */
#include "version/internal.h"

enum { SEGMENTS_MAX = VERSION_TEXT_MAX };

struct segments {
	size_t n;
	struct str items[SEGMENTS_MAX];
};

static bool is_behind_hyphen(char c)
{
	return version_is_alnum(c) || c == '-';
}

/* Parts of wanted characters with dots between them, to the end of the text. */
static bool is_dotted(struct str text, bool (*wanted)(char c))
{
	struct str part;
	while (str_cut(&text, '.', &part))
		if (version_take(&part, wanted).n == 0 || part.n)
			return false;
	return true;
}

bool version_gem_valid(struct str version)
{
	size_t hyphen = str_find(version, '-');
	struct str head = str_sub(version, 0, hyphen == STR_NONE ? version.n : hyphen);
	struct str first = head;
	struct str digits = version_take(&first, version_is_digit);
	if (!digits.n || (first.n && *first.p != '.') || !is_dotted(head, version_is_alnum))
		return false;
	return hyphen == STR_NONE || is_dotted(str_skip(version, hyphen + 1), is_behind_hyphen);
}

static bool is_letter(struct str segment)
{
	return version_is_alpha(*segment.p);
}

static bool is_zero(struct str segment)
{
	return version_compare_digits(segment, STR("0")) == 0;
}

static void add(struct segments *segments, struct str segment)
{
	if (segments->n < SEGMENTS_MAX)
		segments->items[segments->n++] = segment;
}

static void drop_zeros(struct segments *segments, size_t from)
{
	while (segments->n > from && !is_letter(segments->items[segments->n - 1]) &&
		is_zero(segments->items[segments->n - 1]))
		segments->n--;
}

/* The segments that count. */
static void split(struct str version, struct segments *segments)
{
	bool letters = false; /* any so far */
	size_t from = 0;      /* zeros before this segment stay */
	segments->n = 0;
	while (version.n) {
		struct str segment = STR("pre");
		if (version_is_digit(*version.p))
			segment = version_take(&version, version_is_digit);
		else if (version_is_alpha(*version.p))
			segment = version_take(&version, version_is_alpha);
		else if (*version.p == '-')
			version = str_skip(version, 1);
		else {
			version = str_skip(version, 1);
			continue;
		}
		if (!letters && is_letter(segment)) {
			drop_zeros(segments, 0);
			letters = true;
			from = segments->n;
		}
		add(segments, segment);
	}
	drop_zeros(segments, from);
}

int version_gem_compare(struct str a, struct str b)
{
	struct segments sa;
	struct segments sb;
	split(a, &sa);
	split(b, &sb);
	size_t most = sa.n > sb.n ? sa.n : sb.n;
	for (size_t i = 0; i < most; i++) {
		struct str ia = i < sa.n ? sa.items[i] : STR("0");
		struct str ib = i < sb.n ? sb.items[i] : STR("0");
		bool letters = is_letter(ia);
		if (letters != is_letter(ib))
			return letters ? -1 : 1;
		int order = letters ? str_cmp(ia, ib) : version_compare_digits(ia, ib);
		if (order)
			return order;
	}
	return 0;
}
