/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range and Content-Range. The input is one header value; it is tried against several sizes.
 * Properties: every range lies inside the representation, joined ranges
 * hold the same positions without touching, and a Content-Range is in order.
 */
#include "base/check.h"
#include "http/range.h"

enum { RANGES = 8 };

static bool covered(const struct http_range *ranges, size_t count, uint64_t at)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].first <= at && at <= ranges[i].last)
			return true;
	return false;
}

/* Joined ranges hold the same positions, and no two of them touch. */
static void check_merge(const struct http_range *before, size_t count)
{
	struct http_range merged[RANGES];
	memcpy(merged, before, count * sizeof(merged[0]));
	size_t left = http_merge_ranges(merged, count);
	CHECK(left <= count && (left > 0) == (count > 0));
	for (size_t i = 0; i < count; i++)
		CHECK(covered(merged, left, before[i].first) &&
			covered(merged, left, before[i].last));
	for (size_t i = 0; i < left; i++) {
		CHECK(covered(before, count, merged[i].first) &&
			covered(before, count, merged[i].last));
		for (size_t k = i + 1; k < left; k++)
			CHECK(merged[i].last + 1 < merged[k].first ||
				merged[k].last + 1 < merged[i].first);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const uint64_t sizes[] = { 0, 1, 2, 1000, UINT64_MAX };
	struct str header = { (const char *)bytes, n };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct http_range ranges[RANGES];
		size_t count = 99;
		enum http_range_result result =
			http_parse_range(header, sizes[i], ranges, RANGES, &count);
		CHECK((result == HTTP_RANGE_OK) == (count > 0) && count <= RANGES);
		for (size_t k = 0; k < count; k++)
			CHECK(ranges[k].first <= ranges[k].last && ranges[k].last < sizes[i]);
		check_merge(ranges, count);
	}
	uint64_t first;
	uint64_t last;
	if (http_parse_content_range(header, &first, &last))
		CHECK(first <= last);
	return 0;
}
