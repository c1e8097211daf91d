/* SPDX-License-Identifier: Apache-2.0 */
/* References: the parts of an accepted one are valid, lie inside the text and put it together. */
#include "base/check.h"
#include "oci/digest.h"
#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	struct oci_reference r;
	if (!oci_reference_parse(text, &r))
		return 0;
	CHECK(oci_repository_valid(r.repository));
	CHECK(!str_contains(r.repository, STR("..")));
	CHECK(!r.tag.n || oci_tag_valid(r.tag));
	CHECK(!r.digest.n || oci_digest_valid(r.digest));
	CHECK(r.tag.n || r.digest.n);
	size_t length = r.repository.n + (r.digest.n ? r.digest.n + 1 : 0);
	bool implied = length == n;
	CHECK(implied || length + 1 + r.tag.n == n);
	return 0;
}
