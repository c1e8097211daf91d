/* SPDX-License-Identifier: Apache-2.0 */
/* See pattern.h. */
#include "inventory/pattern.h"

#include <string.h>

/* Takes the last component off. */
static struct str pop(struct str *path)
{
	size_t slash = str_rfind(*path, '/');
	struct str last = slash == STR_NONE ? *path : str_skip(*path, slash + 1);
	*path = slash == STR_NONE ? STR_NULL : str_sub(*path, 0, slash);
	return last;
}

static bool component_matches(struct str pattern, struct str name)
{
	if (pattern.n && pattern.p[0] == '*') {
		struct str tail = str_skip(pattern, 1);
		return name.n > tail.n && str_ends(name, tail);
	}
	return pattern.n == name.n && memcmp(pattern.p, name.p, name.n) == 0;
}

bool pattern_matches(struct str pattern, bool floating, struct str path)
{
	while (pattern.p) {
		if (!path.p || !component_matches(pop(&pattern), pop(&path)))
			return false;
	}
	return floating || !path.p;
}

bool pattern_lies_below(struct str pattern, struct str path)
{
	struct str part;
	struct str name;
	while (str_cut(&path, '/', &name))
		if (!str_cut(&pattern, '/', &part) || !component_matches(part, name))
			return false;
	return pattern.p != NULL;
}
