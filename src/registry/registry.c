/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of the registry object (contract in registry.h) and what its files share: the table of
 * uploads that a request works on. The table is the only lock here and is held for a look-up only;
 * everything else is settled by the database's transactions.
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
	};
	if (hooks)
		r->hooks = *hooks;
	intake_pool_init(&r->intake);
	lock_init(&r->busy_lock, LOCK_REGISTRY_UPLOADS);
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
	CHECK(map_count(r->busy) == 0);
	map_free(&r->busy);
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
