/* SPDX-License-Identifier: Apache-2.0 */
/* A CVSS vector: each has a score, between 0.0 and 10.0. */
#include "advisory/cvss.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct cvss cvss;
	bool ok = cvss_parse((struct str){ (const char *)bytes, n }, &cvss);
	CHECK(cvss.score_tenths >= -1 && cvss.score_tenths <= 100);
	CHECK(ok == (cvss.version.n > 0));
	CHECK(ok == (cvss.score_tenths >= 0));
	CHECK(ok || cvss_severity(&cvss) == SEVERITY_UNKNOWN);
	return 0;
}
