/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arch Linux package versions: [epoch:]pkgver[-pkgrel].
 *
 * Epoch (absent or empty: 0), version and release are compared in this order, each by segments as
 * RPM did before it knew "~" and "^": runs of digits are numbers, runs of letters are text, a
 * number is above letters. The release follows the last hyphen and is compared only when both texts
 * have one, so "1.0" equals both "1.0-1" and "1.0-2".
 *
 * Two things differ from RPM. Of two segments behind separators of different length the one behind
 * the longer separator is above ("1.1" is above "1a"); and when one text ends, what is left of the
 * other makes it greater unless it is letters: "1.0rc" is below "1.0", "1.0.1" above it.
 *
 * The reference is vercmp(8) of pacman 6. Its answers about runs of several separators inside a
 * version do not make an order ("1..a" is above "1.1", which is above "1.", which is above "1..a");
 * they are given all the same, because no package has such a version. Refused: no letter or digit
 * in the version, an empty release, blanks and bytes outside ASCII.
 */
#include "version/internal.h"

struct parts {
	struct str epoch; /* digits; empty: 0 */
	struct str version;
	struct str release; /* empty: none */
};

static bool split(struct str text, struct parts *parts)
{
	*parts = (struct parts){ .version = text };
	struct str rest = text;
	struct str digits = version_take(&rest, version_is_digit);
	if (rest.n && *rest.p == ':') {
		parts->epoch = digits;
		parts->version = str_skip(rest, 1);
	}
	size_t hyphen = str_rfind(parts->version, '-');
	if (hyphen != STR_NONE) {
		parts->release = str_skip(parts->version, hyphen + 1);
		parts->version = str_sub(parts->version, 0, hyphen);
		if (!parts->release.n)
			return false;
	}
	return true;
}

bool version_pacman_valid(struct str version)
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
	return !version_is_alnum(c);
}

/* The order when at least one text has ended. */
static int compare_ends(struct str a, struct str b)
{
	if (!a.n && !b.n)
		return 0;
	bool below = a.n ? version_is_alpha(*a.p) : !version_is_alpha(*b.p);
	return below ? -1 : 1;
}

static int compare_part(struct str a, struct str b)
{
	if (str_eq(a, b))
		return 0;
	while (a.n && b.n) {
		size_t na = version_take(&a, is_separator).n;
		size_t nb = version_take(&b, is_separator).n;
		if (!a.n || !b.n)
			break;
		if (na != nb)
			return na < nb ? -1 : 1;
		bool number = version_is_digit(*a.p);
		if (number != version_is_digit(*b.p))
			return number ? 1 : -1;
		bool (*kind)(char c) = number ? version_is_digit : version_is_alpha;
		struct str sa = version_take(&a, kind);
		struct str sb = version_take(&b, kind);
		int order = number ? version_compare_digits(sa, sb) : str_cmp(sa, sb);
		if (order)
			return order;
	}
	return compare_ends(a, b);
}

int version_pacman_compare(struct str a, struct str b)
{
	struct parts pa;
	struct parts pb;
	if (!split(a, &pa) || !split(b, &pb))
		return 0;
	int order = version_compare_digits(pa.epoch, pb.epoch);
	if (!order)
		order = compare_part(pa.version, pb.version);
	if (order || !pa.release.n || !pb.release.n)
		return order;
	return compare_part(pa.release, pb.release);
}
