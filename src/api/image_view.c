/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an index is the one of its children that a person has to know first: a vulnerable
 * child, then one that could not be read, then one that is still to be read … and Unsupported only
 * when nothing better is there, because most indexes carry attestations beside their images.
 *
 * Indexes may name each other and the same child as often as they like, so what is looked at has a
 * limit; an index that goes over it is not called healthy for the part that was seen.
 */
#include "api/image_view.h"

/* Indexes inside indexes: deeper ones do not occur, and each level multiplies work. */
enum { NESTING_MAX = 3 };
/* Children looked at for one view, over all levels; real indexes have some dozens. */
enum { CHILDREN_SEEN_MAX = 1000 };

struct walk {
	struct db_conn *c;
	struct arena *arena;   /* of the view */
	struct arena *scratch; /* of the walk */
	struct image_view *view;
	unsigned left;
	bool cut; /* there were more */
};

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

static void add_child(struct walk *walk, const struct store_image *child)
{
	struct image_view *view = walk->view;
	struct store_image *sum = &view->image;
	if (!view->has_verdict || urgency(child->state) < urgency(sum->state)) {
		sum->state = child->state;
		sum->reason = arena_str(walk->arena, child->reason);
		sum->snapshot = arena_str(walk->arena, child->snapshot);
		sum->scanned_us = child->scanned_us;
		sum->judged_us = child->judged_us;
	}
	view->has_verdict = true;
	add_counts(&sum->counts, &child->counts);
	sum->package_count += child->package_count;
	sum->not_evaluated += child->not_evaluated;
}

static int add_children(struct walk *walk, int64_t manifest, unsigned depth, struct err *err);

static int add_reference(struct walk *walk, struct str digest, unsigned depth, struct err *err)
{
	struct store_image child = { 0 };
	struct store_manifest nested = { 0 };
	/* A child that was deleted everywhere counts no more, though its verdict is still known. */
	int rc = store_manifest_stored(walk->c, digest, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : 0;
	rc = store_image_find(walk->c, walk->scratch, digest, &child, err);
	if (rc == 0)
		add_child(walk, &child);
	if (rc != STORE_ABSENT)
		return rc;
	if (depth == NESTING_MAX)
		return 0;
	rc = store_manifest_anywhere(walk->c, walk->scratch, digest, &nested, err);
	if (rc == 0 && nested.kind == STORE_INDEX)
		return add_children(walk, nested.id, depth + 1, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int add_children(struct walk *walk, int64_t manifest, unsigned depth, struct err *err)
{
	struct store_manifest index = { 0 };
	int rc = store_manifest_references(walk->c, walk->scratch, manifest, &index, err);
	for (size_t i = 0; rc == 0 && i < index.references.n; i++) {
		const struct store_reference *reference = &index.references.items[i];
		if (reference->kind != STORE_REF_CHILD)
			continue;
		if (!walk->left) {
			walk->cut = true;
			return 0;
		}
		walk->left--;
		struct arena_mark mark = arena_mark(walk->scratch);
		rc = add_reference(walk, reference->digest, depth, err);
		arena_rollback(walk->scratch, mark);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int view_index(struct db_conn *c, struct arena *arena, int64_t manifest,
	struct image_view *view, struct err *err)
{
	struct walk walk = {
		.c = c,
		.arena = arena,
		.scratch = arena_new(0),
		.view = view,
		.left = CHILDREN_SEEN_MAX,
	};
	int rc = add_children(&walk, manifest, 1, err);
	arena_free(&walk.scratch);
	if (rc < 0)
		return err_trace(err, rc);
	if (walk.cut) {
		const struct store_image rest = {
			.state = IMAGE_FAILED,
			.reason = arena_printf(arena,
				"The index has more than %d children; ask for each by its digest.",
				CHILDREN_SEEN_MAX),
			.snapshot = STR(""),
			.scanned_us = TIME_NONE,
			.judged_us = TIME_NONE,
		};
		add_child(&walk, &rest);
	}
	return 0;
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
		return view_index(c, arena, manifest, view, err);
	int rc = store_image_find(c, arena, digest, &view->image, err);
	if (rc < 0)
		return err_trace(err, rc);
	view->has_verdict = rc == 0;
	if (rc == 0 && view->image.platform)
		rc = store_platform_find(c, arena, view->image.platform, &view->platform, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
