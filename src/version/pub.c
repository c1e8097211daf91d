/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Pub packages (Dart): three numbers, a pre-release and a build, as in Semantic
 * Versioning, but here the build counts: a version with one is above the same without ("1.2.3+1" is
 * the next release of a package whose API did not change), and builds are ordered like
 * pre-releases. Leading zeros are accepted, a "v" is not.
 */
#include "version/semver.h"

bool version_pub_valid(struct str version)
{
	struct semver parts;
	return semver_split(version, &parts) && parts.count == 3;
}

int version_pub_compare(struct str a, struct str b)
{
	struct semver pa;
	struct semver pb;
	if (!semver_split(a, &pa) || !semver_split(b, &pb))
		return 0;
	int order = semver_compare_numbers(&pa, &pb);
	if (!order)
		order = semver_compare_pre(pa.pre, pb.pre, false);
	/* No build is an empty list, and an empty list comes first. */
	return order ? order : semver_compare_identifiers(pa.build, pb.build, false);
}
