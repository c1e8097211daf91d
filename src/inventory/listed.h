/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package of one image as lists of packages show it: what it is and where it was found. Made by
 * assess/ for stored images and by `lazaret scan`; printed by report/. Text is borrowed from the
 * maker's arena. Pure data.
 */
#ifndef INVENTORY_LISTED_H
#define INVENTORY_LISTED_H

#include "inventory/package.h"

struct listed_package {
	struct package package;
	struct str purl;
	uint32_t layer;		 /* index of the layer that brought the package */
	struct str layer_digest; /* as stored; may be empty */
	struct str evidence;	 /* file that proves the package */
};

#endif
