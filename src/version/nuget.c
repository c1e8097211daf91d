/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of NuGet packages: one to four numbers (leading zeros allowed, missing ones are 0), then
 * pre-release and metadata as in Semantic Versioning:
 *
 *   major ["." minor ["." patch ["." revision]]] ["-" labels] ["+" metadata]
 *
 * Labels are compared without regard to case; metadata does not count. "1.0", "1.0.0.0" and
 * "1.00+x" are the same version. https://learn.microsoft.com/nuget/concepts/package-versioning
 */
#include "version/semver.h"

enum { NUGET_NUMBERS_MAX = 4 };

bool version_nuget_valid(struct str version)
{
	struct semver parts;
	return semver_split(version, &parts) && parts.count <= NUGET_NUMBERS_MAX;
}

int version_nuget_compare(struct str a, struct str b)
{
	struct semver pa;
	struct semver pb;
	if (!semver_split(a, &pa) || !semver_split(b, &pb))
		return 0;
	int order = semver_compare_numbers(&pa, &pb);
	return order ? order : semver_compare_pre(pa.pre, pb.pre, true);
}
