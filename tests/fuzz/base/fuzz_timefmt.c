/* SPDX-License-Identifier: Apache-2.0 */
/* Times from outside: whatever is accepted formats to text that means the same time. */
#include "base/check.h"
#include "base/timefmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	int64_t us, again;
	if (!time_parse((struct str){ (const char *)bytes, n }, &us))
		return 0;
	char text[TIME_TEXT_MAX];
	time_format(us, 6, text);
	CHECK(time_parse(str_from(text), &again) && again == us);
	time_format_http(us, text);
	return 0;
}
