/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range and Content-Range. The input is one header value; it is tried against several sizes.
 * Properties: every range lies inside the representation, and a Content-Range is in order.
 */
#include "base/check.h"
#include "http/range.h"

enum { RANGES = 8 };

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
	}
	uint64_t first;
	uint64_t last;
	if (http_parse_content_range(header, &first, &last))
		CHECK(first <= last);
	return 0;
}
