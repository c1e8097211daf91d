/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists and answers say about one manifest: the verdict of an image, or of an index what its
 * children add up to. An index has no verdict of its own.
 */
#ifndef API_IMAGE_VIEW_H
#define API_IMAGE_VIEW_H

#include "assess/assess.h"

struct image_view {
	struct store_image image; /* of an index: state, reason, counts of the children together */
	struct platform platform; /* empty for an index */
	bool has_verdict; /* false: nothing is known, as for an index without children here */
};

/* Inside a read; text in arena. */
int image_view_read(struct db_conn *c, struct arena *arena, int64_t manifest, struct str digest,
	enum store_manifest_kind kind, struct image_view *view, struct err *err) MUST_CHECK;
/* The word for a kind of manifest: "image", "artifact", "index". */
const char *image_kind_name(enum store_manifest_kind kind);

#endif
