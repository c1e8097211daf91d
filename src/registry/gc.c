/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection (contract in gc.h).
 *
 * The idea. A change that may take a last reference away writes, in its own transaction, a question
 * into the table gc_candidate: a blob arrived in a repository and nothing names it yet; a manifest
 * went and named these. When the grace has passed the collector looks the answer up and acts, in
 *the same short transaction. Its cost follows what changed, never what is stored; nothing is
 *marked, nothing walked. Questions that were answered "in use" are dropped: the change that ends
 *the use will ask again.
 *
 * Why nothing referenced is lost. There is one writer. A manifest is stored in a transaction that
 * finds its blobs linked, and a link goes in a transaction that finds no manifest: whichever comes
 * first, the other sees it. A blob's row goes with its last link, and only a digest without row
 * loses its file.
 *
 * Steps of a removal, each of which may be the last before a crash:
 *	1 link goes, row goes, order to remove the file is written	(one transaction,
 *gc_review.c) 2 file is unlinked, its directory synced			(gc_files.c) 3 order goes
 *(one transaction, gc_files.c) After 1 or 2 the order is found again by the next round. An upload
 *of the same digest withdraws it in the transaction that brings the row back; that it cannot come
 *between the look at the order and the unlink, is what registry_digest_take() and _share() are for.
 *
 * Grace. HEAD, mount and PUT of what is in question renew it (PUT and mount by asking anew). While
 * an upload runs in a repository its questions wait, because the manifest that is going to name all
 * of it comes last; but no longer than an upload may rest, so that a repository that is never quiet
 * is collected, too.
 */
#include "registry/gc_private.h"

#include "base/log.h"
#include "base/metrics.h"

const struct registry_gc_policy registry_gc_standard = {
	.grace_us = (int64_t)3600 * 1000000,
	.untagged_us = (int64_t)7 * 24 * 3600 * 1000000,
	.delete_orphans = true,
	.upload_us = (int64_t)7 * 24 * 3600 * 1000000,
};

void registry_gc_set_policy(struct registry *r, const struct registry_gc_policy *policy)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	r->policy = *policy;
}

int64_t registry_gc_now(const struct registry *r)
{
	return r->began_wall + (clock_monotonic(r->clock) - r->began_monotonic);
}

struct store_gc_rules registry_gc_rules(const struct registry *r)
{
	return (struct store_gc_rules){
		.now_us = registry_gc_now(r),
		.untagged = r->policy.delete_untagged,
		.orphans = r->policy.delete_orphans,
	};
}

/* --- grace */

static int64_t window(const struct registry *r, enum store_gc_kind kind, int64_t grace_us)
{
	switch (kind) {
	case STORE_GC_FILE:
		return 0;
	case STORE_GC_UNTAGGED:
		return r->policy.untagged_us;
	case STORE_GC_LINK:
	case STORE_GC_BLOB:
	case STORE_GC_ORPHAN:
		break;
	}
	return grace_us;
}

int64_t gc_until(const struct gc_round *round, enum store_gc_kind kind)
{
	return round->now_us - window(round->registry, kind, round->grace_us);
}

int gc_pinned(struct db_conn *c, const struct gc_round *round,
	const struct store_gc_candidate *candidate, struct err *err)
{
	int64_t asked = round->now_us - candidate->first_us;
	if (!candidate->repository || asked >= round->registry->policy.upload_us)
		return STORE_ABSENT;
	return store_gc_uploading(c, candidate->repository, err);
}

bool gc_manifest_is_kept(
	const struct registry *r, const struct store_gc_holders *holders, enum store_gc_kind kind)
{
	if (holders->tagged || holders->named)
		return true;
	if (kind == STORE_GC_ORPHAN)
		return !r->policy.delete_orphans || !holders->has_subject || holders->subject_there;
	return !r->policy.delete_untagged || holders->has_subject; /* then its subject decides */
}

/* --- rescue */

int gc_touch_look(struct registry *r, struct db_conn *c, int64_t repository, struct gc_touch *touch,
	struct err *err)
{
	int64_t since;
	touch->stale = false;
	int rc = store_gc_find(c, touch->kind, repository, touch->digest, &since, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : 0;
	int64_t grace = r->policy.grace_us;
	int64_t left = since + window(r, touch->kind, grace) - registry_gc_now(r);
	if (left >= grace - grace / 8)
		return 0;
	/* What is in use does not need the grace: the end of its use begins a new one. */
	rc = store_gc_named(c, repository, touch->digest, err);
	touch->stale = rc == STORE_ABSENT;
	return rc < 0 ? err_trace(err, rc) : 0;
}

struct renewal {
	struct registry *registry;
	struct gc_touch *touch;
};

static int renew(struct db_conn *c, void *argument, struct err *err)
{
	const struct renewal *renewal = argument;
	const struct registry *r = renewal->registry;
	const struct gc_touch *touch = renewal->touch;
	int64_t repository;
	int64_t since;
	int rc = store_repository_find(c, touch->repository, &repository, err);
	if (rc == 0)
		rc = store_gc_find(c, touch->kind, repository, touch->digest, &since, err);
	if (rc)
		return rc;
	int64_t grace = r->policy.grace_us;
	return store_gc_renew(c, touch->kind, repository, touch->digest,
		registry_gc_now(r) + grace - window(r, touch->kind, grace), err);
}

bool gc_touch_renew(struct registry *r, struct gc_touch *touch)
{
	struct renewal renewal = { r, touch };
	struct err err = ERR_INIT;
	int rc = store_write(r->store, renew, &renewal, &err);
	/* A database that takes no writes now must not keep anybody from reading; nor does it let
	 * the collector work. */
	if (rc < 0) {
		log_event(EV_STORE_FAILED, F_CSTR("work", "renewing a grace"), F_ERR(&err));
		return true;
	}
	if (rc == 0) {
		lock_take(&r->stats_lock);
		r->stats.rescued++;
		lock_release(&r->stats_lock);
		metric_add(M_GC_RESCUED, 0, 0, 1);
	}
	return rc == 0;
}

/* --- rounds */

void gc_result_add(struct registry_gc_result *sum, const struct registry_gc_result *part)
{
	sum->manifests += part->manifests;
	sum->links += part->links;
	sum->blobs += part->blobs;
	sum->bytes += part->bytes;
	sum->uploads += part->uploads;
	sum->waiting += part->waiting;
	sum->pinned += part->pinned;
	sum->failures += part->failures;
}

/* In the order of a round: what a step frees the next one finds. */
static const enum store_gc_kind kinds[] = { STORE_GC_ORPHAN, STORE_GC_UNTAGGED, STORE_GC_LINK,
	STORE_GC_BLOB };
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct set_back {
	enum store_gc_kind kind;
	int64_t now_us;
	size_t changed;
};

static int set_back(struct db_conn *c, void *argument, struct err *err)
{
	struct set_back *call = argument;
	return store_gc_set_back(c, call->kind, call->now_us, GC_PAGE, &call->changed, err);
}

/* Once in a process: a clock that was ahead when the server ran before would keep garbage as long
 * as it was ahead. */
static int check_times(struct gc_round *round, struct err *err)
{
	struct registry *r = round->registry;
	if (r->gc_times_checked)
		return 0;
	for (size_t i = 0; i < KINDS; i++) {
		struct set_back call = { .kind = kinds[i], .now_us = round->now_us };
		do {
			int rc = store_write(r->store, set_back, &call, err);
			if (rc < 0)
				return err_trace(err, rc);
		} while (call.changed == GC_PAGE);
	}
	r->gc_times_checked = true;
	return 0;
}

static struct gc_round start_round(
	struct registry *r, int64_t grace_us, struct registry_gc_result *result)
{
	*result = (struct registry_gc_result){ 0 };
	return (struct gc_round){
		.registry = r,
		.now_us = registry_gc_now(r),
		.grace_us = grace_us < 0 ? r->policy.grace_us : grace_us,
		.result = result,
	};
}

static int run_round(struct gc_round *round, struct err *err)
{
	int rc = check_times(round, err);
	if (rc == 0)
		rc = registry_sweep_uploads(round->registry, &round->result->uploads, err);
	for (size_t i = 0; rc == 0 && i < KINDS; i++)
		rc = gc_review(round, kinds[i], err);
	if (rc == 0)
		rc = gc_remove_files(round, err);
	return rc < 0 ? err_wrap(err, rc, "collecting garbage") : 0;
}

static void note_round(
	struct registry *r, const struct registry_gc_result *result, bool failed, int64_t length_us)
{
	lock_take(&r->stats_lock);
	struct gc_stats *stats = &r->stats;
	stats->rounds++;
	stats->failed_rounds += failed;
	stats->manifests += result->manifests;
	stats->links += result->links;
	stats->blobs += result->blobs;
	stats->bytes += result->bytes;
	stats->uploads += result->uploads;
	stats->pinned += result->pinned;
	stats->failures += result->failures;
	stats->last_round_us = clock_wall(r->clock);
	stats->last_length_us = length_us;
	lock_release(&r->stats_lock);
	metric_add(M_GC_ROUNDS, 0, failed, 1);
	metric_add(M_GC_REMOVED, 0, 0, result->manifests);
	metric_add(M_GC_REMOVED, 0, 1, result->links);
	metric_add(M_GC_REMOVED, 0, 2, result->blobs);
	metric_add(M_GC_REMOVED, 0, 3, result->uploads);
	metric_add(M_GC_BYTES, 0, 0, result->bytes);
	metric_add(M_GC_FAILURES, 0, 0, result->failures);
}

int registry_gc_run(
	struct registry *r, int64_t grace_us, struct registry_gc_result *result, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	lock_take(&r->gc_lock);
	int64_t start = clock_monotonic(r->clock);
	struct gc_round round = start_round(r, grace_us, result);
	int rc = run_round(&round, err);
	note_round(r, result, rc < 0, clock_monotonic(r->clock) - start);
	lock_release(&r->gc_lock);
	return rc;
}

void registry_gc_stats(struct registry *r, struct gc_stats *stats)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	lock_take(&r->stats_lock);
	*stats = r->stats;
	lock_release(&r->stats_lock);
}

/* --- preview */

struct preview {
	const struct gc_round *round;
	struct arena *arena;
	enum store_gc_kind kind;
	struct store_gc_candidate after;
	struct store_gc_candidate rows[GC_PAGE];
	size_t count;
};

/* 0: it would go; *blob of *bytes with it. */
static int would_go(struct db_conn *c, const struct preview *preview,
	const struct store_gc_candidate *row, bool *blob, uint64_t *bytes, struct err *err)
{
	int64_t until = gc_until(preview->round, row->kind);
	*blob = row->kind == STORE_GC_FILE;
	*bytes = row->bytes;
	if (row->kind == STORE_GC_FILE)
		return 0;
	if (row->kind == STORE_GC_BLOB) {
		int rc = store_gc_unheld(c, row->digest, bytes, err);
		*blob = rc == 0;
		return rc;
	}
	if (row->kind != STORE_GC_LINK) {
		struct store_gc_holders holders;
		int rc = store_gc_manifest(c, row->repository, row->digest, &holders, err);
		if (rc)
			return rc;
		if (gc_manifest_is_kept(preview->round->registry, &holders, row->kind))
			return STORE_GC_HELD;
		return registry_check_kept(c, row->repository, row->digest, err);
	}
	int rc = store_blob_find(c, row->repository, row->digest, bytes, err);
	if (rc) /* no link: an entry of an index, or deleted */
		return rc < 0 ? rc : STORE_GC_HELD;
	rc = store_gc_named(c, row->repository, row->digest, err);
	if (rc != STORE_ABSENT)
		return rc < 0 ? rc : STORE_GC_HELD;
	rc = store_gc_last_holder(c, row->repository, row->digest, until, bytes, err);
	*blob = rc == 0;
	return rc < 0 ? rc : 0;
}

static int count_row(struct db_conn *c, const struct preview *preview,
	const struct store_gc_candidate *row, struct err *err)
{
	struct registry_gc_result *result = preview->round->result;
	bool blob;
	uint64_t bytes;
	if (row->since_us > gc_until(preview->round, row->kind)) {
		result->waiting++;
		return 0;
	}
	int rc = would_go(c, preview, row, &blob, &bytes, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : 0;
	rc = gc_pinned(c, preview->round, row, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0) {
		result->pinned++;
		return 0;
	}
	result->manifests += row->kind == STORE_GC_UNTAGGED || row->kind == STORE_GC_ORPHAN;
	result->links += row->kind == STORE_GC_LINK;
	result->blobs += blob;
	result->bytes += blob ? bytes : 0;
	return 0;
}

static int read_preview(struct db_conn *c, void *argument, struct err *err)
{
	struct preview *preview = argument;
	int rc = store_gc_after(c, preview->arena, preview->kind,
		preview->after.digest.p ? &preview->after : NULL, GC_PAGE, preview->rows,
		&preview->count, err);
	for (size_t i = 0; rc == 0 && i < preview->count; i++)
		rc = count_row(c, preview, &preview->rows[i], err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int preview_kind(const struct gc_round *round, enum store_gc_kind kind, struct err *err)
{
	struct preview preview = { .round = round, .kind = kind, .arena = arena_new(0) };
	int rc;
	do {
		rc = store_read(round->registry->store, read_preview, &preview, err);
		if (preview.count)
			preview.after = preview.rows[preview.count - 1];
	} while (rc == 0 && preview.count == GC_PAGE);
	arena_free(&preview.arena);
	return rc;
}

int registry_gc_preview(
	struct registry *r, int64_t grace_us, struct registry_gc_result *result, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct gc_round round = start_round(r, grace_us, result);
	int rc = preview_kind(&round, STORE_GC_FILE, err);
	for (size_t i = 0; rc == 0 && i < KINDS; i++)
		rc = preview_kind(&round, kinds[i], err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
