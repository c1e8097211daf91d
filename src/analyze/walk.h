/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of one layer, in order, turned into an inventory. Inside analyze/ only.
 *
 * A tar may name a path many times; the last entry counts, and a non-directory on top of a
 * directory takes everything below with it, as extraction would. So what is found is kept as
 * "places" by path that can still be dropped, and becomes an inventory in walk_finish().
 *
 * A file is read if its path matches a pattern of the table, or if it begins like an executable.
 * All analyzers share this one pass and one buffer.
 *
 * Whoever made the layer chooses every count in here, so nothing may cost the product of two.
 */
#ifndef ANALYZE_WALK_H
#define ANALYZE_WALK_H

#include "analyze/analyzer.h"
#include "analyze/layer.h"
#include "base/map.h"
#include "codec/tar.h"

enum place_state {
	PLACE_GONE,
	PLACE_FILE,	/* was read; file is filled */
	PLACE_LINK,	/* symbolic link, or hard link to something this layer does not hold */
	PLACE_HARDLINK, /* to an entry that already passed unread: read in a second pass */
};

struct place {
	enum place_state state;
	struct str path;
	struct str target;
	const struct analyzer *analyzer;
	uint64_t entry; /* number of the entry that made it */
	struct layer_file file;
	/* Content that waits for the end of the layer, because another file belongs to it. */
	struct str kept;
	/* During a pass over hard links: */
	struct place *next;	/* waits for the same target */
	bool target_seen;	/* before the link; what came last counts */
	struct str next_target; /* the target is a hard link itself: to this … */
	uint64_t next_entry;	/* … and it is this entry */
};

struct walk {
	struct arena *arena;
	const struct analyze_budget *budget;
	struct layer_inventory *inventory;
	struct map *by_path;
	/* Path of something that is no directory → number of its last entry: places below it that
	 * are older are gone. */
	struct map *replaced;
	size_t guesses; /* hides that only matter if a lower layer holds something there */
	struct analyze_nested nested;
	struct owned *owned;	 /* which package owns which file */
	VEC(struct strbuf) kept; /* content that places borrow */
	uint64_t kept_bytes;
	struct strbuf spool; /* content of the file that is read; its memory is used again */
	VEC(struct place *) places;
};

void walk_begin(struct walk *walk, struct arena *arena, const struct analyze_budget *budget,
	struct layer_inventory *inventory);
void walk_end(struct walk *walk); /* releases what is not in the arena */

/* First pass. */
int walk_entries(struct walk *walk, struct tar *tar, struct err *err) MUST_CHECK;
/* The first hard link that waits for its target, or NULL. */
const struct place *walk_waiting(const struct walk *walk);
/* There can be no further pass: language files that still wait are told as not read. */
void walk_give_up_links(struct walk *walk);
/* A further pass from the start: reads the targets of hard links. */
int walk_hard_links(struct walk *walk, struct tar *tar, struct err *err) MUST_CHECK;
/* -E2BIG when links multiply packages past the limit. */
int walk_finish(struct walk *walk, struct err *err) MUST_CHECK;

#endif
