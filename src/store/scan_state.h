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
/* STORE_ABSENT: never judged. */
int store_judgement_snapshot(struct db_conn *c, struct arena *arena, int64_t package,
	int64_t platform, struct str *snapshot, struct err *err) MUST_CHECK;
/* Replaces all matches of the pair (one per vulnerability) and notes the snapshot. */
int store_judgement_put(struct db_conn *c, int64_t package, int64_t platform, struct str snapshot,
	bool not_evaluated, const struct match *matches, size_t count, struct err *err) MUST_CHECK;
/*
 * In an order that stays the same; none when the pair was never judged (store_judgement_snapshot
 * tells). Title and dates are those of the record of the vulnerability that was modified last;
 * everything else is as put.
 */
int store_matches(struct db_conn *c, struct arena *arena, int64_t package, int64_t platform,
	struct match **matches, size_t *count, bool *not_evaluated, struct err *err) MUST_CHECK;

#endif
