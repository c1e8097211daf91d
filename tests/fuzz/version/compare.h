/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Body of the fuzz targets of the version grammars; FUZZED is defined before. The input is two
 * versions, split at the first newline: what compares must be valid, comparing must be
 * antisymmetric and reflexive.
 */
#include "base/check.h"
#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str b = { (const char *)bytes, n };
	struct str a = STR("");
	int ab;
	int ba;
	str_cut(&b, '\n', &a);
	bool comparable = version_compare(FUZZED, a, b, &ab);
	CHECK(comparable == (version_valid(FUZZED, a) && version_valid(FUZZED, b)));
	CHECK(comparable == version_compare(FUZZED, b, a, &ba));
	if (comparable)
		CHECK((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0));
	if (version_compare(FUZZED, a, a, &ab))
		CHECK(ab == 0);
	return 0;
}
