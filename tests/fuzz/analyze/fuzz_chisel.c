/* SPDX-License-Identifier: Apache-2.0 */
/* Chisel manifests: zstd around lines of JSON. */
#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	fuzz_database(analyze_chisel, text, STR(""), STR(""));
	return 0;
}
