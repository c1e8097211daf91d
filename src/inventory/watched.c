/* SPDX-License-Identifier: Apache-2.0 */
/* See watched.h. */
#include "inventory/watched.h"

#include "inventory/pattern.h"

bool watched_path(struct str path)
{
	static const struct str patterns[] = {
#define WATCHED(pattern) STR_INIT(pattern),
#include "watched_paths.h"
#undef WATCHED
	};
	static const struct str any = STR_INIT("**/");
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		bool floating = str_starts(patterns[i], any);
		if (pattern_matches(str_skip(patterns[i], floating ? any.n : 0), floating, path))
			return true;
	}
	return false;
}

bool watched_head(struct str head)
{
	return str_starts(head, STR("\177ELF"));
}
