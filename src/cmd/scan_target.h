/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `lazaret scan` in parts: what a target is, which images it holds, what each of them says.
 *
 *   scan_archive.c  an archive as a source of documents and layers (one pass through a worker)
 *   scan_layout.c   an OCI layout directory as the same
 *   scan_root.c     a root directory as one layer
 *   scan_select.c   from a source to the list of images in it; pure, fuzzed
 *   scan_judge.c    from layers to a verdict and findings
 *   verb_scan.c     the verb: options, order of work, output, exit code
 *
 * All text lives in the arena of the scan. One thread, apart from the writer inside scan_root.c.
 */
#ifndef CMD_SCAN_TARGET_H
#define CMD_SCAN_TARGET_H

#include "advisory/snapshot.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "inventory/layer.h"
#include "report/report.h"
#include "scan/worker_pool.h"

/* --- sources */
enum { SOURCE_ABSENT = 1 };

/*
 * Documents and layers by their path inside the target ("manifest.json", "blobs/sha256/…").
 * Outcome SOURCE_ABSENT: there is no such thing, or it is of another kind.
 */
struct scan_source {
	void *context;
	int (*json)(void *context, struct str path, struct str *text, struct err *err);
	int (*layer)(void *context, struct str path, const struct layer_inventory **layer,
		struct err *err);
};

/* --- selection */
enum target_kind {
	TARGET_IMAGE,	 /* to be judged */
	TARGET_ARTIFACT, /* a statement about an image or another artifact: nothing to judge */
	TARGET_ABSENT,	 /* named by an index, but not in this archive */
	TARGET_BROKEN,	 /* cannot be read; why says it */
};

struct target_layer {
	struct str path;
	struct str digest; /* as the manifest says; empty in docker archives */
};

struct target_image {
	enum target_kind kind;
	struct str name;   /* tag, else digest or what there is; never empty */
	struct str digest; /* of the manifest; empty in docker archives */
	struct str os, architecture, variant;
	struct str why; /* one sentence when kind is not TARGET_IMAGE */
	VEC(struct target_layer) layers;
	VEC(struct str) diff_ids; /* of the configuration; may be empty */
	bool has_config;
};

struct target_images {
	VEC(struct target_image) items;
};

/*
 * The images of a source, in the order in which they are named. Outcome SOURCE_ABSENT: neither an
 * index nor a docker manifest is there.
 */
int scan_select(struct arena *arena, const struct scan_source *source, struct target_images *images,
	struct err *err) MUST_CHECK;
/* "." and "" dropped, ".." resolved. False: leaves the target. base: directory it is relative to.
 */
bool scan_path_join(
	struct arena *arena, struct str base, struct str path, struct str *joined) MUST_CHECK;

/* --- the kinds of target */
struct scan_archive;
void scan_archive_source(
	struct arena *arena, const struct archive_contents *contents, struct scan_source *source);
int scan_layout_source(struct arena *arena, const char *path, struct worker_pool *pool,
	struct scan_source *source, struct err *err) MUST_CHECK;

struct root_notes {
	uint64_t large_files;  /* taken as empty */
	uint64_t unreadable;   /* files and directories that could not be opened */
	uint64_t other_mounts; /* directories of other file systems, not entered */
	uint64_t vanished;     /* gone while reading */
};
int scan_root(struct arena *arena, const char *path, struct worker_pool *pool,
	struct layer_inventory *layer, struct root_notes *notes, struct err *err) MUST_CHECK;

/* --- judging */
struct scan_notes {
	VEC(struct str) items; /* sentences for people */
};

struct scan_verdict {
	enum image_state state;
	struct report_image report; /* complete: ready to print */
	struct scan_notes notes;
};

struct scan_judge {
	struct arena *arena;
	struct snapshot *snapshot; /* NULL: nothing imported */
	int64_t snapshot_built_us;
	const char *data_dir; /* for words */
};

/* layers: what the worker says of each, base first; digests likewise (as stored; may be empty). */
int scan_judge_layers(const struct scan_judge *judge, const struct layer_inventory *const *layers,
	const struct str *digests, size_t count, struct scan_verdict *verdict,
	struct err *err) MUST_CHECK;
/* State and reason of a verdict. */
void scan_verdict_set(struct scan_verdict *verdict, enum image_state state, struct str reason);
/* Notes about layers that do not agree with the configuration. */
void scan_note_diff_ids(struct arena *arena, const struct target_image *image,
	const struct layer_inventory *const *layers, struct scan_notes *notes);

#endif
