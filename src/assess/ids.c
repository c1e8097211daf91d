/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of findings as the outside sees them. The same vulnerability in the same package of the same
 * image in the same repository has the same id on every node and after every re-judging, because
 * the id is computed from these names and kept nowhere.
 */
#include "assess/assess.h"
#include "base/uuid.h"

void assess_finding_id(const struct store_identity *identity, struct str repository,
	struct str digest, const struct finding *finding, char out[37])
{
	const struct str parts[] = {
		identity->subscription_id,
		identity->resource_group,
		identity->registry_name,
		STR(ASSESS_KEY),
		repository,
		digest,
		finding->match.vulnerability,
		finding->package.name.n ? package_type_name(finding->package.type) : STR(""),
		finding->package.name,
		finding->package.version,
		finding->package.arch,
	};
	uuid_from_parts(parts, sizeof(parts) / sizeof(parts[0]), out);
}
