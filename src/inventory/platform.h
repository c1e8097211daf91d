/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a whole image says about itself, as far as matching needs it: the release key by which
 * advisories are found (spec/scanner.md §2.2 is one table, platforms.def). release_key empty means
 * "release unknown": release-scoped advisories do not apply and the image is never called healthy.
 */
#ifndef INVENTORY_PLATFORM_H
#define INVENTORY_PLATFORM_H

#include "base/arena.h"
#include "base/str.h"

struct platform {
	struct str
		release_key; /* OSV ecosystem with release: "Debian:12", "Alpine:v3.18", "Wolfi" */
	/*
	 * What makes a release another one, comma separated and sorted; usually empty: "pro"
	 * (Ubuntu with fixes of Pro enabled), "edge" (Alpine's edge beside the release's own
	 * repositories), "content-set:NAME" (Red Hat's repositories).
	 */
	struct str flavours;
	struct str os_id;      /* os-release ID, lower case: "debian" */
	struct str os_version; /* os-release VERSION_ID */
	struct str os_name;    /* os-release PRETTY_NAME */
};

/* Facts of one image, gathered by the squash. Absent ones are empty. */
struct platform_facts {
	struct str id, version_id, version_codename, id_like, pretty_name, cpe_name;
	struct str apk_repositories; /* text of etc/apk/repositories */
	struct str debian_version;   /* text of etc/debian_version */
	/* For images without os-release; the first of them that says something counts: */
	struct str lsb_release;	   /* text of etc/lsb-release */
	struct str release_text;   /* text of etc/redhat-release or one of its kin */
	struct str alpine_release; /* text of etc/alpine-release */
	struct str pro_services;   /* of Ubuntu Pro, enabled; comma separated */
	struct str content_sets;   /* Red Hat's; comma separated, any order, may repeat */
};
/* Some of the facts say which system it is. */
bool platform_is_known(const struct platform_facts *facts);

/* Results are allocated from arena. */
void platform_derive(
	struct arena *arena, const struct platform_facts *facts, struct platform *platform);

#endif
