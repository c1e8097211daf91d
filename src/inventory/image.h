/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a whole image holds: the squash of its layers (scan/squash.h makes it). layer indexes count
 * from 0 = the base layer. Text lives in the arena of the squash.
 */
#ifndef INVENTORY_IMAGE_H
#define INVENTORY_IMAGE_H

#include "base/vec.h"
#include "inventory/package.h"
#include "inventory/platform.h"

struct image_package {
	struct package package;
	uint32_t first_layer;	 /* lowest layer of the unbroken run whose database holds it */
	uint32_t evidence_layer; /* layer whose database file was read in the end */
	struct str evidence;	 /* path of that file; of a file in an archive "a.jar!b.jar" */
	struct str owner; /* operating system package that owns that file: "deb:python3-yaml";
			     empty: none known */
	/* Why it does not count: one sentence; empty: it counts. */
	struct str suppressed;
};

/* What sentences about unread files begin with, also as the remark of a stored image. */
#define IMAGE_PARTIAL STR("Not everything was read: ")

struct image_inventory {
	struct platform platform;
	bool has_os;	   /* an os-release was found */
	bool has_database; /* at least one package database was found */
	bool exceeded;	   /* more work or memory than an image may take; packages is empty then */
	/* One sentence that begins with IMAGE_PARTIAL when files were left unread in part or whole:
	 * such an image is never healthy. Empty: everything was read. */
	struct str partial;
	VEC(struct image_package) packages; /* sorted by type, name, version, arch */
};

/* Packages that count. */
static inline uint32_t image_packages_counted(const struct image_inventory *image)
{
	uint32_t n = 0;
	for (size_t i = 0; i < image->packages.n; i++)
		n += !image->packages.items[i].suppressed.n;
	return n;
}

#endif
