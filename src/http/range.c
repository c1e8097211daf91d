/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte ranges (contract in range.h). RFC 9110 §14.1.2: what is not understood is ignored, what is
 * understood and lies outside is 416. One deviation: a first position behind the last one
 * ("500-0") is 416 and not ignored, because registry clients are tested for that.
 *
 * Numbers beyond 64 bits are clamped: as a first position they lie behind every end, as a last
 * position they mean "to the end".
 */
#include "http/range.h"

/* Digits only; empty and other characters are failure. Overflow clamps. */
static bool position_parse(struct str text, uint64_t *value)
{
	if (!text.n)
		return false;
	uint64_t sum = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
			__builtin_add_overflow(sum, (uint64_t)(text.p[i] - '0'), &sum))
			sum = UINT64_MAX;
	}
	*value = sum;
	return true;
}

/* One range-spec. NONE: not understood. */
static enum http_range_result spec_parse(struct str spec, uint64_t size, struct http_range *range)
{
	size_t dash = str_find(spec, '-');
	if (dash == STR_NONE)
		return HTTP_RANGE_NONE;
	struct str before = str_sub(spec, 0, dash);
	struct str behind = str_skip(spec, dash + 1);
	uint64_t first;
	uint64_t last = UINT64_MAX;
	if (behind.n && !position_parse(behind, &last))
		return HTTP_RANGE_NONE;
	if (!before.n) {
		if (!behind.n)
			return HTTP_RANGE_NONE;
		/* A suffix: the last n bytes. Of nothing there is no part to point at. */
		if (!last)
			return HTTP_RANGE_UNSATISFIABLE;
		if (!size)
			return HTTP_RANGE_NONE;
		*range = (struct http_range){ last < size ? size - last : 0, size - 1 };
		return HTTP_RANGE_OK;
	}
	if (!position_parse(before, &first))
		return HTTP_RANGE_NONE;
	if (first >= size || last < first)
		return HTTP_RANGE_UNSATISFIABLE;
	*range = (struct http_range){ first, last < size ? last : size - 1 };
	return HTTP_RANGE_OK;
}

enum http_range_result http_parse_range(
	struct str header, uint64_t size, struct http_range *ranges, size_t max, size_t *count)
{
	*count = 0;
	struct str set = str_trim(header);
	size_t equals = str_find(set, '=');
	if (equals == STR_NONE || !str_eq_nocase(str_sub(set, 0, equals), STR("bytes")))
		return HTTP_RANGE_NONE;
	set = str_skip(set, equals + 1);
	size_t specs = 0;
	size_t kept = 0;
	struct str spec;
	while (str_cut(&set, ',', &spec)) {
		spec = str_trim(spec);
		if (!spec.n)
			continue; /* RFC 9110 §5.6.1: empty list elements are ignored */
		struct http_range range;
		enum http_range_result result = spec_parse(spec, size, &range);
		if (result == HTTP_RANGE_NONE || ++specs > max)
			return HTTP_RANGE_NONE;
		if (result == HTTP_RANGE_OK)
			ranges[kept++] = range;
	}
	if (!specs)
		return HTTP_RANGE_NONE;
	*count = kept;
	return kept ? HTTP_RANGE_OK : HTTP_RANGE_UNSATISFIABLE;
}

static bool touch(const struct http_range *a, const struct http_range *b)
{
	/* Without "+ 1", which could overflow: the next position is behind a last one or it is not.
	 */
	return (a->first <= b->last || a->first - 1 == b->last) &&
	       (b->first <= a->last || b->first - 1 == a->last);
}

/* Joins b to a where they touch. */
static bool join(struct http_range *a, const struct http_range *b)
{
	if (!touch(a, b))
		return false;
	if (b->first < a->first)
		a->first = b->first;
	if (b->last > a->last)
		a->last = b->last;
	return true;
}

size_t http_merge_ranges(struct http_range *ranges, size_t count)
{
	/* A joined range may touch one that was passed already, so it starts over then. */
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			if (!join(&ranges[i], &ranges[j]))
				continue;
			count--;
			for (size_t k = j; k < count; k++)
				ranges[k] = ranges[k + 1];
			j = i;
		}
	}
	return count;
}

bool http_parse_content_range(struct str header, uint64_t *first, uint64_t *last)
{
	struct str text = str_trim(header);
	if (str_eq_nocase(str_sub(text, 0, 5), STR("bytes"))) {
		text = str_skip(text, 5);
		if (!text.n || (text.p[0] != ' ' && text.p[0] != '='))
			return false;
		text = str_trim(str_skip(text, 1));
	}
	size_t slash = str_find(text, '/');
	if (slash != STR_NONE) {
		struct str total = str_skip(text, slash + 1);
		uint64_t ignored;
		if (!str_eq(total, STR("*")) && !str_parse_u64(total, &ignored))
			return false;
		text = str_sub(text, 0, slash);
	}
	size_t dash = str_find(text, '-');
	uint64_t from;
	uint64_t to;
	if (dash == STR_NONE || !str_parse_u64(str_sub(text, 0, dash), &from) ||
		!str_parse_u64(str_skip(text, dash + 1), &to) || to < from)
		return false;
	*first = from;
	*last = to;
	return true;
}
