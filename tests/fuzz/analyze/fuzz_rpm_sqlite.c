/* SPDX-License-Identifier: Apache-2.0 */
/* rpmdb.sqlite with its write-ahead log: four bytes, little-endian, say how long the former is. */
#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	struct str log = STR("");
	if (n >= 4) {
		size_t length = (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
		text = str_sub(str_skip(text, 4), 0, length);
		log = str_skip((struct str){ (const char *)bytes, n }, 4 + length);
	}
	fuzz_database(analyze_rpm_sqlite, text, log, STR(""));
	return 0;
}
