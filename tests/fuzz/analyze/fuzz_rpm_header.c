/* SPDX-License-Identifier: Apache-2.0 */
/* Header blobs of rpm. */
#include "analyze/rpm_header.h"
#include "database.h"

static int read_header(struct str text, struct analyze_sink *sink, struct err *err)
{
	return rpm_header_read(text, sink, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	fuzz_database(read_header, text, STR(""), STR(""));
	return 0;
}
