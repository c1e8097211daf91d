/* SPDX-License-Identifier: Apache-2.0 */
/* What says which release it is besides os-release: the first byte tells a content manifest (j), a
 * history of dnf (d), Ubuntu Pro (p). */
#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	analyze_fn *analyze = n && bytes[0] == 'd'   ? analyze_dnf_history
			      : n && bytes[0] == 'p' ? analyze_ubuntu_pro
						     : analyze_content_manifest;
	fuzz_database(analyze, str_skip(text, 1), STR(""), STR(""));
	return 0;
}
