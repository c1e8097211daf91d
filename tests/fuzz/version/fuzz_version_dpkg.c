/* SPDX-License-Identifier: Apache-2.0 */
/* Two dpkg versions, split at the first newline: comparing must be antisymmetric and reflexive. */
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
	bool comparable = version_compare(GRAMMAR_DPKG, a, b, &ab);
	CHECK(comparable == (version_valid(GRAMMAR_DPKG, a) && version_valid(GRAMMAR_DPKG, b)));
	CHECK(comparable == version_compare(GRAMMAR_DPKG, b, a, &ba));
	if (comparable)
		CHECK((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0));
	if (version_compare(GRAMMAR_DPKG, a, a, &ab))
		CHECK(ab == 0);
	return 0;
}
