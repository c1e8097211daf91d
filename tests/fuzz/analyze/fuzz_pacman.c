/* SPDX-License-Identifier: Apache-2.0 */
/* pacman: the first byte says whether it is the file desc or files. */
#include "database.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	bool files = n && bytes[0] == 'f';
	fuzz_database(files ? analyze_pacman_files : analyze_pacman_desc, str_skip(text, 1),
		STR(""), STR("var/lib/pacman/local/gcc-libs-13.2.1-3/files"));
	return 0;
}
