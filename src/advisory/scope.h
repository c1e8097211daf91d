/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which scopes of a snapshot (OSV ecosystem keys) speak of a package on a platform; spec/scanner.md
 * §2.2. Private to advisory/. Pure functions.
 */
#ifndef ADVISORY_SCOPE_H
#define ADVISORY_SCOPE_H

#include "advisory/ecosystem.h"
#include "advisory/snapshot_private.h"

/* Where scopes of both kinds speak of one vulnerability of a package, the preferred one decides. */
enum scope_fit { SCOPE_OTHER, SCOPE_FITS, SCOPE_PREFERRED };

struct scope_target {
	const struct ecosystem *ecosystem;
	struct str release;    /* normalised; empty: unknown or none */
	struct str flavours;   /* of the platform */
	struct str os_version; /* of the platform */
	struct str version;    /* of the package */
};

enum scope_fit scope_fit(const struct scope *scope, const struct scope_target *target);

#endif
