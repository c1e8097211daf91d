/* SPDX-License-Identifier: Apache-2.0 */
/* Digest text: a valid one is exactly algorithm, colon, digits, and holds nothing of a path. */
#include "base/check.h"
#include "oci/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	if (oci_digest_valid(text)) {
		CHECK(oci_digest_algorithm(text).n + 1 + oci_digest_hex(text).n == n);
		CHECK(n < OCI_DIGEST_TEXT_MAX);
		CHECK(str_find(text, '/') == STR_NONE && str_find(text, '.') == STR_NONE);
	}
	return 0;
}
