/* SPDX-License-Identifier: Apache-2.0 */
/* The text manifest of CBL-Mariner and Azure Linux. */
#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	fuzz_database(analyze_rpm_manifest, text, STR(""), STR(""));
	return 0;
}
