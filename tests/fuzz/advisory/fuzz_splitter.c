/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of JSON values; the first byte says whether lines are values. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	unsigned sum = 0;
	const struct reader_sink sink = sink_make(&sum);
	struct str text = { (const char *)bytes, n };
	struct splitter *splitter = splitter_new(n && bytes[0] % 2, &sink);
	CHECK(splitter_feed(splitter, str_sub(text, 1, n / 2), NULL) == 0);
	CHECK(splitter_feed(splitter, str_skip(text, 1 + n / 2), NULL) == 0);
	CHECK(splitter_end(splitter, NULL) == 0);
	splitter_free(&splitter);
	return 0;
}
