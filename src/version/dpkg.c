/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian package versions: [epoch:]upstream[-revision] (Debian policy §5.6.12, deb-version(7)).
 *
 * The epoch is a number (absent: 0) and decides first; then the upstream part; then the revision,
 * which follows the last hyphen (absent: the lowest, equal to "0"). The two parts are compared in
 * turns: a run without digits, then a run of digits as a number, until both texts end. In a run
 * without digits "~" comes before everything, even before the end; then the end; then letters; then
 * all other characters.
 *
 * Accepted is what `dpkg --compare-versions` can compare, which is more than policy allows: old
 * advisories and odd packages have versions that begin with a letter. Refused: empty parts, an
 * epoch that is not a number up to 2^31 - 1, blanks and control characters, bytes outside ASCII.
 */
#include "version/internal.h"

#include <limits.h>

struct parts {
	uint64_t epoch;
	struct str upstream;
	struct str revision; /* empty: none */
};

static bool split(struct str version, struct parts *parts)
{
	*parts = (struct parts){ .upstream = version };
	size_t colon = str_find(version, ':');
	if (colon != STR_NONE) {
		if (!str_parse_u64(str_sub(version, 0, colon), &parts->epoch) ||
			parts->epoch > INT_MAX)
			return false;
		parts->upstream = str_skip(version, colon + 1);
	}
	size_t hyphen = str_rfind(parts->upstream, '-');
	if (hyphen != STR_NONE) {
		parts->revision = str_skip(parts->upstream, hyphen + 1);
		parts->upstream = str_sub(parts->upstream, 0, hyphen);
		if (!parts->revision.n)
			return false;
	}
	return parts->upstream.n > 0;
}

bool version_dpkg_valid(struct str version)
{
	struct parts parts;
	for (size_t i = 0; i < version.n; i++)
		if (version.p[i] <= ' ' || version.p[i] > '~')
			return false;
	return split(version, &parts);
}

/* Place of the next character in a run without digits; a digit or the end closes the run: 0. */
static int weight(struct str text)
{
	if (!text.n || version_is_digit(*text.p))
		return 0;
	if (*text.p == '~')
		return -1;
	return version_is_alpha(*text.p) ? *text.p : *text.p + 256;
}

static struct str take_digits(struct str *text)
{
	size_t n = 0;
	while (n < text->n && version_is_digit(text->p[n]))
		n++;
	struct str digits = str_sub(*text, 0, n);
	*text = str_skip(*text, n);
	return digits;
}

static int compare_part(struct str a, struct str b)
{
	while (a.n || b.n) {
		int wa = weight(a);
		int wb = weight(b);
		while (wa || wb) {
			if (wa != wb)
				return wa < wb ? -1 : 1;
			a = str_skip(a, 1);
			b = str_skip(b, 1);
			wa = weight(a);
			wb = weight(b);
		}
		int order = version_compare_digits(take_digits(&a), take_digits(&b));
		if (order)
			return order;
	}
	return 0;
}

int version_dpkg_compare(struct str a, struct str b)
{
	struct parts pa;
	struct parts pb;
	if (!split(a, &pa) || !split(b, &pb))
		return 0;
	if (pa.epoch != pb.epoch)
		return pa.epoch < pb.epoch ? -1 : 1;
	int order = compare_part(pa.upstream, pb.upstream);
	return order ? order : compare_part(pa.revision, pb.revision);
}
