/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RPM package versions: [epoch:]version[-release].
 *
 * The epoch is a number (absent or empty: 0) and decides first, then the version, then the release,
 * which follows the last hyphen and is compared only when both texts have one: an advisory that
 * names no release speaks of all of them. Among texts that all have a release, or all have none,
 * this is an order; "1.0" equals both "1.0-1" and "1.0-2".
 *
 * Version and release are read as segments: runs of digits (numbers) and runs of letters (text in
 * byte order); everything else only separates. A number is above letters. When one text ends first
 * the longer one is above, with two exceptions: "~" comes before everything, even the end, and "^"
 * comes after the end and before everything else.
 *
 * The reference is rpmvercmp() of RPM 4.18, as labelCompare of python3-rpm calls it; about a
 * missing release it is what RPM does with dependencies, because labelCompare puts such a text
 * below all releases. Refused: no letter or digit in the version, an empty release, an epoch beyond
 * 32 bits, blanks and bytes outside ASCII.
 */
#include "version/internal.h"

struct parts {
	uint64_t epoch;
	struct str version;
	struct str release; /* empty: none */
};

static bool split(struct str text, struct parts *parts)
{
	*parts = (struct parts){ .version = text };
	struct str rest = text;
	struct str digits = version_take(&rest, version_is_digit);
	if (rest.n && *rest.p == ':') {
		if (digits.n && !str_parse_u64(digits, &parts->epoch))
			return false;
		parts->version = str_skip(rest, 1);
	}
	size_t hyphen = str_rfind(parts->version, '-');
	if (hyphen != STR_NONE) {
		parts->release = str_skip(parts->version, hyphen + 1);
		parts->version = str_sub(parts->version, 0, hyphen);
		if (!parts->release.n)
			return false;
	}
	return parts->epoch <= UINT32_MAX;
}

bool version_rpm_valid(struct str version)
{
	struct parts parts;
	if (!version_is_visible(version) || !split(version, &parts))
		return false;
	for (size_t i = 0; i < parts.version.n; i++)
		if (version_is_alnum(parts.version.p[i]))
			return true;
	return false;
}

static bool is_separator(char c)
{
	return !version_is_alnum(c) && c != '~' && c != '^';
}

static bool begins(struct str text, char c)
{
	return text.n && *text.p == c;
}

enum mark { MARK_DECIDED, MARK_BOTH, MARK_NONE };

/* Compares the marks "~" and "^" at the front; MARK_BOTH: the same one, which is skipped. */
static enum mark compare_marks(struct str *a, struct str *b, int *order)
{
	for (size_t i = 0; i < 2; i++) {
		char mark = "~^"[i];
		if (!begins(*a, mark) && !begins(*b, mark))
			continue;
		if (begins(*a, mark) && begins(*b, mark)) {
			*a = str_skip(*a, 1);
			*b = str_skip(*b, 1);
			return MARK_BOTH;
		}
		bool a_has = begins(*a, mark);
		bool other_ended = a_has ? !b->n : !a->n;
		bool marked_is_above = mark == '^' && other_ended;
		*order = marked_is_above == a_has ? 1 : -1;
		return MARK_DECIDED;
	}
	return MARK_NONE;
}

static int compare_part(struct str a, struct str b)
{
	int order;
	while (a.n || b.n) {
		version_take(&a, is_separator);
		version_take(&b, is_separator);
		enum mark mark = compare_marks(&a, &b, &order);
		if (mark == MARK_DECIDED)
			return order;
		if (mark == MARK_BOTH)
			continue;
		if (!a.n || !b.n)
			break;
		bool number = version_is_digit(*a.p);
		if (number != version_is_digit(*b.p))
			return number ? 1 : -1;
		bool (*kind)(char c) = number ? version_is_digit : version_is_alpha;
		struct str sa = version_take(&a, kind);
		struct str sb = version_take(&b, kind);
		order = number ? version_compare_digits(sa, sb) : str_cmp(sa, sb);
		if (order)
			return order;
	}
	return (a.n > 0) - (b.n > 0);
}

int version_rpm_compare(struct str a, struct str b)
{
	struct parts pa;
	struct parts pb;
	if (!split(a, &pa) || !split(b, &pb))
		return 0;
	if (pa.epoch != pb.epoch)
		return pa.epoch < pb.epoch ? -1 : 1;
	int order = compare_part(pa.version, pb.version);
	if (order || !pa.release.n || !pb.release.n)
		return order;
	return compare_part(pa.release, pb.release);
}
