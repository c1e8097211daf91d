/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parallel lines of builds. A distribution may build one source package in several lines whose
 * version numbers must not be compared with each other: module streams (".module_el8.6.0"), live
 * patches of Oracle (".ksplice1."), builds validated for FIPS ("_fips", "fips"). Private to
 * advisory/. Pure functions.
 */
#ifndef ADVISORY_BUILD_H
#define ADVISORY_BUILD_H

#include "base/str.h"
#include "inventory/package.h"

enum build_line { BUILD_PLAIN, BUILD_MODULE, BUILD_KSPLICE, BUILD_FIPS };

enum build_line build_line_of(struct str version);
/*
 * Does a fix in this version, announced under this title, speak of the package as installed? Of
 * modules the stream must agree: by the label of the package and "name:stream" in the title, else
 * by the beginning of the upstream version.
 */
bool build_fits(
	const struct package *package, struct str installed, struct str fixed, struct str title);
/* "8.6" of "….module_el8.6.0+…" and of "….el8_6"; "8" of "….el8"; empty: no such tag. */
struct str build_release_tag(struct str version, char out[16]);

#endif
