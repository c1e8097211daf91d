/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of what is known about content: layer inventories by layer digest, packages, platforms,
 * image package sets and states by manifest digest, matches by (package, platform). See store.h.
 */
#ifndef STORE_SCAN_STATE_H
#define STORE_SCAN_STATE_H

#include "db/db.h"
#include "inventory/finding.h"

/* --- layers: the wire form of inventory/layer.h, kept as it is (compressed inside). Returns/sets
 * text in arena. */
int store_layer_put(struct db_conn *c, struct str digest, struct str wire, int64_t now_us,
	struct err *err) MUST_CHECK;
int store_layer_find(struct db_conn *c, struct arena *arena, struct str digest, struct str *wire,
	struct err *err) MUST_CHECK;
int store_layer_delete(struct db_conn *c, struct str digest, struct err *err) MUST_CHECK;

/* --- packages and platforms: one row per distinct value */
int store_package_ensure(
	struct db_conn *c, const struct package *package, int64_t *id, struct err *err) MUST_CHECK;
int store_package_find(struct db_conn *c, struct arena *arena, int64_t id, struct package *package,
	struct err *err) MUST_CHECK;
int store_platform_ensure(struct db_conn *c, const struct platform *platform, int64_t *id,
	struct err *err) MUST_CHECK;
int store_platform_find(struct db_conn *c, struct arena *arena, int64_t id,
	struct platform *platform, struct err *err) MUST_CHECK;

/* --- images, by manifest digest (shared by all repositories that hold it) */
/* Package ids of the entries of a set that count, one per entry, ascending; raw is the value of
 * struct store_verdict. */
int store_set_packages(struct arena *arena, struct str raw, int64_t **packages, size_t *count,
	struct err *err) MUST_CHECK;
struct store_set_entry { /* one package of an image */
	int64_t package;
	uint32_t first_layer;
	uint32_t evidence_layer;
	struct str evidence;   /* path */
	struct str suppressed; /* why it does not count, one sentence; empty: it counts */
};

struct store_image {
	struct str digest;
	enum image_state state;
	struct str reason; /* one sentence, also for people; empty when there is nothing to add */
	int64_t platform;  /* 0: none yet */
	struct str os, architecture; /* of the configuration */
	uint32_t package_count;
	uint32_t not_evaluated; /* packages whose version could not be compared */
	struct severity_counts counts;
	struct str snapshot;	  /* id that the verdict rests on; empty: none */
	int64_t scanned_us;	  /* layers read; TIME_NONE: never */
	int64_t judged_us;	  /* verdict given; TIME_NONE: never */
	uint32_t attempts;	  /* scans that ended in an internal error since the last success */
	struct str layer_digests; /* comma separated, base first */
};
int store_image_insert_pending(struct db_conn *c, struct str digest, int64_t now_us,
	struct err *err) MUST_CHECK; /* keeps an existing row */
int store_image_find(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_image *image, struct err *err) MUST_CHECK;
/* Every member but digest. STORE_ABSENT: no such image. */
int store_image_update(
	struct db_conn *c, const struct store_image *image, struct err *err) MUST_CHECK;
/* Row and package set. STORE_ABSENT: no such image. */
int store_image_delete(struct db_conn *c, struct str digest, struct err *err) MUST_CHECK;
/* STORE_ABSENT: no such image. The set is kept, and read back, ordered by package id. */
int store_image_set_put(struct db_conn *c, struct str digest, const struct store_set_entry *entries,
	size_t count, struct err *err) MUST_CHECK;
/* STORE_ABSENT: no set yet. */
int store_image_set_find(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_set_entry **entries, size_t *count, struct err *err) MUST_CHECK;
/* Digests in a state, oldest first, exclusive after (empty: start). For the scan queue at start. */
int store_image_by_state(struct db_conn *c, struct arena *arena, enum image_state state,
	struct str after, size_t limit, struct str *digests, size_t *count,
	struct err *err) MUST_CHECK;
/* Digests of images with a package set whose verdict does not rest on this snapshot. */
int store_image_stale(struct db_conn *c, struct arena *arena, struct str snapshot, size_t limit,
	struct str *digests, size_t *count, struct err *err) MUST_CHECK;

/* --- judgements: (package, platform) → matches, and by which snapshot */
struct store_pair {
	int64_t package, platform;
	int64_t snapshot; /* row of the snapshot it was judged by: store_snapshot_row() */
	bool not_evaluated;
	struct severity_counts counts;
};
/* STORE_ABSENT: never judged. */
int store_pair_find(struct db_conn *c, int64_t package, int64_t platform, struct store_pair *pair,
	struct err *err) MUST_CHECK;
void store_count_match(struct severity_counts *counts, const struct match *match);
/* Replaces all matches of the pair (one per vulnerability) and notes the snapshot. */
int store_judgement_put(struct db_conn *c, int64_t package, int64_t platform, struct str snapshot,
	bool not_evaluated, const struct match *matches, size_t count, struct err *err) MUST_CHECK;
/*
 * In an order that stays the same; none when the pair was never judged (store_pair_find
 * tells). Title and dates are those of the record of the vulnerability that was modified last;
 * everything else is as put.
 */
int store_matches(struct db_conn *c, struct arena *arena, int64_t package, int64_t platform,
	struct match **matches, size_t *count, bool *not_evaluated, struct err *err) MUST_CHECK;

/* --- moving verdicts from one snapshot to another, in bounded steps (assess/move.c) */
/* Row id of a snapshot; 0: nothing was judged by it. */
int store_snapshot_row(
	struct db_conn *c, struct str snapshot, int64_t *row, struct err *err) MUST_CHECK;
/* Makes the row; inside a write. */
int store_snapshot_ensure(
	struct db_conn *c, struct str snapshot, int64_t *row, struct err *err) MUST_CHECK;
/* Id of a snapshot row, in arena; empty: no such row. */
int store_snapshot_name(struct db_conn *c, struct arena *arena, int64_t row, struct str *snapshot,
	struct err *err) MUST_CHECK;
/* The next row after `after` (0: first) that verdicts rest on. STORE_ABSENT: no more. */
int store_verdict_snapshot(
	struct db_conn *c, int64_t after, int64_t *row, struct err *err) MUST_CHECK;
/* Pairs in order of (package, platform), exclusive after. */
int store_pairs(struct db_conn *c, int64_t after_package, int64_t after_platform,
	struct store_pair *pairs, size_t limit, size_t *count, struct err *err) MUST_CHECK;
/* Packages in order of id, exclusive after; ids[i] belongs to packages[i]. */
int store_packages(struct db_conn *c, struct arena *arena, int64_t after, struct package *packages,
	int64_t *ids, size_t limit, size_t *count, struct err *err) MUST_CHECK;
/* Judgements of packages from <= id < to that rest on one snapshot rest on the other. */
int store_pairs_carry(struct db_conn *c, int64_t from, int64_t to, int64_t before, int64_t after,
	struct err *err) MUST_CHECK;
/* Words and dates of a vulnerability, where it is known. Empty, TIME_NONE: as before. */
int store_vulnerability_text(struct db_conn *c, struct str vulnerability, struct str title,
	int64_t published_us, int64_t modified_us, struct err *err) MUST_CHECK;

struct store_verdict { /* of an image with a package set */
	int64_t image;
	struct str digest;
	enum image_state state;
	struct str reason;
	int64_t platform;
	uint32_t package_count;
	uint32_t not_evaluated;
	struct severity_counts counts;
	struct str raw; /* of the package set, for store_set_packages() */
};
/* Verdicts that rest on a snapshot row, in order of image, exclusive after. */
int store_verdicts(struct db_conn *c, struct arena *arena, int64_t snapshot, int64_t after,
	struct store_verdict *verdicts, size_t limit, size_t *count, struct err *err) MUST_CHECK;
/* Replaces a verdict that rests on `before`; one that no longer does is left alone. */
int store_verdict_put(struct db_conn *c, const struct store_verdict *verdict, int64_t before,
	int64_t after, int64_t judged_us, struct err *err) MUST_CHECK;
/* The verdict is the same by the other snapshot. */
int store_verdict_carry(struct db_conn *c, int64_t image, int64_t before, int64_t after,
	struct err *err) MUST_CHECK;

/* --- events: what a snapshot changed in stored images */
struct store_image_event {
	int64_t id;
	int64_t at_us;
	struct str digest;
	int64_t snapshot_row;
	struct str snapshot;
	enum image_state before, after;
	uint32_t appeared, gone; /* findings */
};
int store_image_event_put(
	struct db_conn *c, const struct store_image_event *event, struct err *err) MUST_CHECK;
/* In order of id, exclusive after. */
int store_image_events(struct db_conn *c, struct arena *arena, int64_t after,
	struct store_image_event *events, size_t limit, size_t *count, struct err *err) MUST_CHECK;
/* Forgets at most limit events from before a time, and what is left of no image's event; that of
 * the snapshot row `current` is kept. */
int store_image_events_forget(struct db_conn *c, int64_t before_us, size_t limit, int64_t current,
	struct err *err) MUST_CHECK;
/* Drops the match events of a snapshot: it is judged by anew. */
int store_match_events_drop(struct db_conn *c, int64_t snapshot, struct err *err) MUST_CHECK;

struct store_match_event {
	struct str vulnerability;
	bool appeared; /* else it is gone */
	enum severity severity;
};
int store_match_event_put(struct db_conn *c, int64_t snapshot, int64_t package, int64_t platform,
	struct str vulnerability, bool appeared, struct err *err) MUST_CHECK;
/* How many findings of a pair a snapshot brought and took; by pair, exclusive after. */
struct store_match_delta {
	int64_t package, platform;
	uint32_t appeared, gone;
};
int store_match_deltas(struct db_conn *c, int64_t snapshot, int64_t after_package,
	int64_t after_platform, struct store_match_delta *deltas, size_t limit, size_t *count,
	struct err *err) MUST_CHECK;
int store_match_events(struct db_conn *c, struct arena *arena, int64_t snapshot, int64_t package,
	int64_t platform, struct store_match_event **events, size_t *count,
	struct err *err) MUST_CHECK;

#endif
