/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering the collector's questions (idea in gc.c): a page of due candidates in one transaction,
 * looked up and acted upon there. When a page cannot be written its candidates are taken one by
 * one, and the one that fails is put off: one bad row must not keep all garbage for ever.
 */
#include "registry/gc_private.h"

#include "base/log.h"
#include "os/crash.h"

/* A candidate that could not be dealt with is looked at again after this. */
static const int64_t retry_us = (int64_t)600 * 1000000;

struct review {
	struct gc_round *round;
	struct arena *arena;
	enum store_gc_kind kind;
	size_t limit;
	struct store_gc_candidate rows[GC_PAGE];
	size_t count;
	struct registry_gc_result part; /* counts once the transaction is durable */
};

static int drop(struct db_conn *c, const struct store_gc_candidate *row, struct err *err)
{
	return store_gc_drop(c, row->kind, row->repository, row->digest, err);
}

/* Later than this round looks, also where the grace is nothing. */
static int keep_for_upload(struct db_conn *c, struct review *review,
	const struct store_gc_candidate *row, struct err *err)
{
	review->part.pinned++;
	return store_gc_renew(
		c, row->kind, row->repository, row->digest, review->round->now_us + 1, err);
}

static int free_blob(struct db_conn *c, struct review *review, struct str digest, struct err *err)
{
	uint64_t size;
	int rc = store_gc_free_blob(c, digest, review->round->now_us, &size, err);
	if (rc == 0)
		crash_point(CRASH_GC_ROW_GONE);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int unlink_blob(struct db_conn *c, struct review *review,
	const struct store_gc_candidate *row, struct err *err)
{
	int rc = store_blob_unlink(c, row->repository, row->digest, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0) {
		review->part.links++;
		crash_point(CRASH_GC_LINK_GONE);
		rc = free_blob(c, review, row->digest, err);
		if (rc < 0)
			return rc;
	}
	rc = drop(c, row, err);
	if (rc == 0)
		rc = store_gc_drop_repository(c, row->repository, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int review_link(struct db_conn *c, struct review *review,
	const struct store_gc_candidate *row, struct err *err)
{
	int rc = store_gc_named(c, row->repository, row->digest, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0)
		return drop(c, row, err);
	rc = gc_pinned(c, review->round, row, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == 0 ? keep_for_upload(c, review, row, err) : unlink_blob(c, review, row, err);
}

static int review_blob(struct db_conn *c, struct review *review,
	const struct store_gc_candidate *row, struct err *err)
{
	int rc = free_blob(c, review, row->digest, err);
	return rc < 0 ? rc : drop(c, row, err);
}

static int review_manifest(struct db_conn *c, struct review *review,
	const struct store_gc_candidate *row, struct err *err)
{
	struct registry *r = review->round->registry;
	struct store_gc_holders holders;
	int rc = store_gc_manifest(c, row->repository, row->digest, &holders, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT || gc_manifest_is_kept(r, &holders, row->kind))
		return drop(c, row, err);
	rc = gc_pinned(c, review->round, row, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0)
		return keep_for_upload(c, review, row, err);
	rc = registry_check_kept(c, row->repository, row->digest, err);
	if (rc == REGISTRY_LOCKED) /* until then: the end of a lock asks nothing */
		return store_gc_renew(
			c, row->kind, row->repository, row->digest, review->round->now_us + 1, err);
	if (rc == 0)
		rc = registry_manifest_remove(r, c, row->repository, row->digest, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0)
		crash_point(CRASH_GC_MANIFEST_GONE);
	review->part.manifests += rc == 0;
	rc = drop(c, row, err);
	return rc == 0 ? store_gc_drop_repository(c, row->repository, err) : rc;
}

static int review_page(struct db_conn *c, void *argument, struct err *err)
{
	struct review *review = argument;
	review->part = (struct registry_gc_result){ 0 };
	int rc = store_gc_due(c, review->arena, review->kind, gc_until(review->round, review->kind),
		review->limit, review->rows, &review->count, err);
	for (size_t i = 0; rc == 0 && i < review->count; i++) {
		const struct store_gc_candidate *row = &review->rows[i];
		if (review->kind == STORE_GC_LINK)
			rc = review_link(c, review, row, err);
		else if (review->kind == STORE_GC_BLOB)
			rc = review_blob(c, review, row, err);
		else
			rc = review_manifest(c, review, row, err);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int put_off(struct db_conn *c, void *argument, struct err *err)
{
	const struct review *review = argument;
	const struct store_gc_candidate *row = &review->rows[0];
	return store_gc_renew(c, row->kind, row->repository, row->digest,
		registry_gc_now(review->round->registry) + retry_us, err);
}

/* The page that failed, one by one. A candidate that cannot even be put off ends the round. */
static int review_singly(struct review *review, size_t count, struct err *err)
{
	struct store *store = review->round->registry->store;
	review->limit = 1;
	for (size_t i = 0; i < count; i++) {
		struct err why = ERR_INIT;
		review->count = 0;
		if (store_write(store, review_page, review, &why) == 0) {
			gc_result_add(review->round->result, &review->part);
			continue;
		}
		if (!review->count)
			return err_set(err, EIO, "%s", err_text(&why));
		int rc = store_write(store, put_off, review, err);
		if (rc < 0)
			return err_trace(err, rc);
		review->round->result->failures++;
		log_event(EV_GC_FAILED, F_STR("digest", review->rows[0].digest), F_ERR(&why));
	}
	review->limit = GC_PAGE;
	return 0;
}

int gc_review(struct gc_round *round, enum store_gc_kind kind, struct err *err)
{
	struct review review = { .round = round, .kind = kind, .limit = GC_PAGE };
	int rc;
	do {
		struct err why = ERR_INIT;
		review.arena = arena_new(0);
		review.count = 0;
		rc = store_write(round->registry->store, review_page, &review, &why);
		size_t count = review.count;
		if (rc == 0 && count)
			crash_point(CRASH_GC_REVIEWED);
		if (rc == 0)
			gc_result_add(round->result, &review.part);
		else
			rc = review_singly(&review, count ? count : 1, err);
		arena_free(&review.arena);
		review.count = count;
	} while (rc == 0 && review.count == GC_PAGE);
	return rc < 0 ? err_trace(err, rc) : 0;
}
