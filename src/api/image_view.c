/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an index is the one of its children that a person has to know first: a vulnerable
 * child, then one that could not be read, then one that is still to be read … and Unsupported only
 * when nothing better is there, because most indexes carry attestations beside their images.
 */
#include "api/image_view.h"

/* Indexes inside indexes: deeper ones do not occur, and each level multiplies work. */
enum { NESTING_MAX = 3 };

static const enum image_state by_urgency[] = { IMAGE_UNHEALTHY, IMAGE_FAILED, IMAGE_PENDING,
	IMAGE_NO_ADVISORIES, IMAGE_HEALTHY, IMAGE_UNSUPPORTED };

const char *image_kind_name(enum store_manifest_kind kind)
{
	switch (kind) {
	case STORE_IMAGE:
		return "image";
	case STORE_ARTIFACT:
		return "artifact";
	case STORE_INDEX:
		return "index";
	}
	return "unknown";
}

static unsigned urgency(enum image_state state)
{
	unsigned rank = 0;
	while (rank < IMAGE_STATE_COUNT - 1 && by_urgency[rank] != state)
		rank++;
	return rank;
}

static void add_counts(struct severity_counts *sum, const struct severity_counts *more)
{
	for (size_t i = 0; i <= SEVERITY_CRITICAL; i++)
		sum->by_severity[i] += more->by_severity[i];
	sum->total += more->total;
	sum->fixable += more->fixable;
}

static void add_child(struct image_view *view, const struct store_image *child)
{
	struct store_image *sum = &view->image;
	if (!view->has_verdict || urgency(child->state) < urgency(sum->state)) {
		sum->state = child->state;
		sum->reason = child->reason;
		sum->snapshot = child->snapshot;
		sum->scanned_us = child->scanned_us;
		sum->judged_us = child->judged_us;
	}
	view->has_verdict = true;
	add_counts(&sum->counts, &child->counts);
	sum->package_count += child->package_count;
	sum->not_evaluated += child->not_evaluated;
}

static int add_children(struct db_conn *c, struct arena *arena, int64_t manifest,
	struct image_view *view, unsigned depth, struct err *err)
{
	struct store_manifest index = { 0 };
	int rc = store_manifest_references(c, arena, manifest, &index, err);
	for (size_t i = 0; rc >= 0 && i < index.references.n; i++) {
		const struct store_reference *reference = &index.references.items[i];
		struct store_image child = { 0 };
		struct store_manifest nested = { 0 };
		if (reference->kind != STORE_REF_CHILD)
			continue;
		rc = store_image_find(c, arena, reference->digest, &child, err);
		if (rc == 0) {
			add_child(view, &child);
			continue;
		}
		if (rc == STORE_ABSENT && depth < NESTING_MAX)
			rc = store_manifest_anywhere(c, arena, reference->digest, &nested, err);
		if (rc == 0 && nested.kind == STORE_INDEX)
			rc = add_children(c, arena, nested.id, view, depth + 1, err);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

int image_view_read(struct db_conn *c, struct arena *arena, int64_t manifest, struct str digest,
	enum store_manifest_kind kind, struct image_view *view, struct err *err)
{
	*view = (struct image_view){
		.image = {
			.digest = digest,
			.state = IMAGE_PENDING,
			.scanned_us = TIME_NONE,
			.judged_us = TIME_NONE,
		},
	};
	if (kind == STORE_INDEX)
		return add_children(c, arena, manifest, view, 1, err);
	int rc = store_image_find(c, arena, digest, &view->image, err);
	if (rc < 0)
		return err_trace(err, rc);
	view->has_verdict = rc == 0;
	if (rc == 0 && view->image.platform)
		rc = store_platform_find(c, arena, view->image.platform, &view->platform, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
