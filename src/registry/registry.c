/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of the registry object (contract in registry.h) and what its files share: the table of
 * uploads that a request works on, and the table of digests whose file is being published or
 * removed. Their lock is held for a look-up only; everything else is settled by the database's
 * transactions.
 */
#include "registry/private.h"

#include <stdlib.h>

int registry_new(struct store *store, struct blob_store *blobs, const struct clock *clock,
	const struct registry_hooks *hooks, struct registry **registry, struct err *err)
{
	struct registry *r = calloc(1, sizeof(*r));
	CHECK(r);
	*r = (struct registry){
		.magic = REGISTRY_MAGIC,
		.store = store,
		.blobs = blobs,
		.clock = clock,
		.busy = map_new(),
		.held = map_new(),
		.policy = registry_gc_standard,
		.began_wall = clock_wall(clock),
		.began_monotonic = clock_monotonic(clock),
		.stats.last_round_us = TIME_NONE,
	};
	if (hooks)
		r->hooks = *hooks;
	intake_pool_init(&r->intake);
	lock_init(&r->busy_lock, LOCK_REGISTRY_UPLOADS);
	lock_cond_init(&r->freed);
	lock_init(&r->gc_lock, LOCK_REGISTRY_GC);
	lock_init(&r->stats_lock, LOCK_LEAF);
	(void)err; /* nothing of it can fail yet */
	*registry = r;
	return 0;
}

void registry_free(struct registry **registry)
{
	struct registry *r = *registry;
	if (!r)
		return;
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	CHECK(map_count(r->busy) == 0 && map_count(r->held) == 0);
	map_free(&r->busy);
	map_free(&r->held);
	lock_cond_destroy(&r->freed);
	lock_destroy(&r->gc_lock);
	lock_destroy(&r->stats_lock);
	lock_destroy(&r->busy_lock);
	intake_pool_destroy(&r->intake);
	r->magic = 0;
	free(r);
	*registry = NULL;
}

/* The one place where a code is looked at: a full disk is the operator's to mend, not a fault. */
int registry_storage(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT ? REGISTRY_STORAGE_FULL : rc;
}

void registry_upload_dropped(struct registry *r, struct str id)
{
	if (r->hooks.upload_dropped)
		r->hooks.upload_dropped(r->hooks.context, id);
}

int registry_find_repository(struct db_conn *c, struct str name, int64_t *id, struct err *err)
{
	int rc = store_repository_find(c, name, id, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? REGISTRY_NAME_UNKNOWN : 0;
}

bool registry_busy_take(struct registry *r, struct str id)
{
	lock_take(&r->busy_lock);
	bool free_before = !map_get(r->busy, id);
	if (free_before)
		map_put(r->busy, id, r);
	lock_release(&r->busy_lock);
	return free_before;
}

void registry_busy_release(struct registry *r, struct str id)
{
	lock_take(&r->busy_lock);
	void *was = map_remove(r->busy, id);
	lock_release(&r->busy_lock);
	CHECK(was);
}

/* Values of held: how many publish it, or this. */
static const uintptr_t taken_for_removal = UINTPTR_MAX;

static uintptr_t holders(struct registry *r, struct str digest)
{
	return (uintptr_t)map_get(r->held, digest);
}

static void set_holders(struct registry *r, struct str digest, uintptr_t count)
{
	if (count)
		map_put(r->held, digest, (void *)count);
	else
		map_remove(r->held, digest);
}

void registry_digest_share(struct registry *r, struct str digest)
{
	lock_take(&r->busy_lock);
	while (holders(r, digest) == taken_for_removal)
		lock_cond_wait(&r->freed, &r->busy_lock);
	set_holders(r, digest, holders(r, digest) + 1);
	lock_release(&r->busy_lock);
}

void registry_digest_unshare(struct registry *r, struct str digest)
{
	lock_take(&r->busy_lock);
	uintptr_t count = holders(r, digest);
	CHECK(count && count != taken_for_removal);
	set_holders(r, digest, count - 1);
	lock_release(&r->busy_lock);
}

bool registry_digest_take(struct registry *r, struct str digest)
{
	lock_take(&r->busy_lock);
	bool free_before = !holders(r, digest);
	if (free_before)
		set_holders(r, digest, taken_for_removal);
	lock_release(&r->busy_lock);
	return free_before;
}

void registry_digest_give(struct registry *r, struct str digest)
{
	lock_take(&r->busy_lock);
	CHECK(holders(r, digest) == taken_for_removal);
	set_holders(r, digest, 0);
	lock_cond_broadcast(&r->freed);
	lock_release(&r->busy_lock);
}
