/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a package is its distribution's own; suppliers.def is the table. */
#include "inventory/package.h"

static const struct {
	enum package_type type;
	bool distribution;
	struct str part;
} suppliers[] = {
#define DISTRIBUTION(type, part) { type, true, STR_INIT(part) },
#define THIRD_PARTY(type, part)	 { type, false, STR_INIT(part) },
#include "inventory/suppliers.def"
#undef DISTRIBUTION
#undef THIRD_PARTY
};

bool package_is_distribution(const struct package *package)
{
	bool otherwise = true;
	for (size_t i = 0; i < sizeof(suppliers) / sizeof(*suppliers); i++) {
		if (suppliers[i].type != package->type)
			continue;
		if (str_contains(package->supplier, suppliers[i].part))
			return suppliers[i].distribution;
		otherwise = !suppliers[i].distribution;
	}
	return otherwise;
}
