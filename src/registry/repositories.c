/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes and the deletion of whole repositories (contract in attributes.h). A repository
 * without manifests is not there for this interface: what is left of it (its row, links to blobs)
 * goes with the deletion, and a later push makes it new.
 *
 * The deletion takes at most STEP rows in one transaction, so that nobody waits for the writer
 * longer than that; tags first, because their number has no relation to that of manifests. Each
 * step looks for locks again.
 */
#include "registry/private.h"

#include "oci/reference.h"

enum { STEP = 1000 };

struct repository_request {
	struct registry *registry;
	struct str name;
	struct registry_change change;
	struct store_repository_row *row;
};

static int one_repository(struct db_conn *c, void *argument, struct err *err)
{
	struct repository_request *request = argument;
	struct store_repository_row *row = request->row;
	int rc = store_repository_row(c, request->name, row, err);
	if (rc == 0 && (request->change.set || request->change.clear)) {
		row->locks = (row->locks & ~request->change.clear) | request->change.set;
		row->updated_us = clock_wall(request->registry->clock);
		rc = store_repository_set_locks(c, row->id, row->locks, row->updated_us, err);
	}
	return rc == STORE_ABSENT ? REGISTRY_NAME_UNKNOWN : rc;
}

int registry_repository_change(struct registry *r, struct str repository,
	struct registry_change change, struct store_repository_row *row, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	struct repository_request request = {
		.registry = r, .name = repository, .change = change, .row = row
	};
	bool writes = change.set || change.clear;
	int rc = writes ? store_write(r->store, one_repository, &request, err)
			: store_read(r->store, one_repository, &request, err);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

/* --- deletion */

struct deletion {
	struct registry *registry;
	struct arena *arena; /* of the answer */
	struct arena *step;  /* of one transaction */
	struct str name;
	struct registry_deleted *deleted;
	struct str names[STEP]; /* what the step deleted */
	size_t tags;
	size_t manifests;
	bool begun;
	bool done;
};

static int check_deletion(struct db_conn *c, int64_t repository, struct err *err)
{
	int rc =
		registry_check_repository(c, repository, STORE_LOCK_DELETE | STORE_LOCK_WRITE, err);
	if (rc)
		return rc;
	rc = store_lock_within(c, repository, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == 0 ? REGISTRY_LOCKED : 0;
}

static int delete_tags(
	struct db_conn *c, struct deletion *deletion, int64_t repository, struct err *err)
{
	int rc = store_every_tag(
		c, deletion->step, repository, STEP, deletion->names, &deletion->tags, err);
	for (size_t i = 0; rc == 0 && i < deletion->tags; i++)
		rc = store_tag_delete(c, repository, deletion->names[i], err);
	return rc;
}

static int delete_manifests(
	struct db_conn *c, struct deletion *deletion, int64_t repository, struct err *err)
{
	struct str *names = deletion->names + deletion->tags;
	int rc = store_every_manifest(c, deletion->step, repository, STEP - deletion->tags, names,
		&deletion->manifests, err);
	struct store_gc_rules rules = registry_gc_rules(deletion->registry);
	for (size_t i = 0; rc == 0 && i < deletion->manifests; i++)
		rc = store_manifest_delete(c, repository, names[i], &rules, err);
	return rc;
}

static int delete_step(struct db_conn *c, void *argument, struct err *err)
{
	struct deletion *deletion = argument;
	int64_t repository;
	struct str any;
	size_t left = 0;
	deletion->tags = deletion->manifests = 0;
	int rc = registry_find_repository(c, deletion->name, &repository, err);
	if (rc == 0)
		rc = store_every_manifest(c, deletion->step, repository, 1, &any, &left, err);
	if (rc == 0 && !left && !deletion->begun)
		rc = REGISTRY_NAME_UNKNOWN;
	if (rc == 0)
		rc = check_deletion(c, repository, err);
	if (rc == 0)
		rc = delete_tags(c, deletion, repository, err);
	if (rc == 0 && deletion->tags < STEP)
		rc = delete_manifests(c, deletion, repository, err);
	deletion->done = deletion->tags + deletion->manifests < STEP;
	if (rc == 0 && deletion->done)
		rc = store_repository_remove(
			c, repository, registry_gc_now(deletion->registry), err);
	return rc < 0 ? err_trace(err, rc) : rc;
}

/* The names are told only of what a transaction has really deleted. */
static void keep_names(struct deletion *deletion)
{
	struct registry_deleted *deleted = deletion->deleted;
	for (size_t i = 0; i < deletion->tags && deleted->tags.n < REGISTRY_DELETED_NAMED; i++)
		AVEC_PUSH(deletion->arena, &deleted->tags,
			arena_str(deletion->arena, deletion->names[i]));
	const struct str *manifests = deletion->names + deletion->tags;
	for (size_t i = 0; i < deletion->manifests && deleted->manifests.n < REGISTRY_DELETED_NAMED;
		i++)
		AVEC_PUSH(deletion->arena, &deleted->manifests,
			arena_str(deletion->arena, manifests[i]));
}

int registry_repository_delete(struct registry *r, struct arena *arena, struct str repository,
	struct registry_deleted *deleted, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	*deleted = (struct registry_deleted){ 0 };
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	struct deletion *deletion = ARENA_NEW(arena, struct deletion);
	*deletion = (struct deletion){
		.registry = r, .arena = arena, .name = repository, .deleted = deleted
	};
	int rc = 0;
	do {
		deletion->step = arena_new(0);
		rc = store_write(r->store, delete_step, deletion, err);
		if (rc == 0)
			keep_names(deletion);
		/* Somebody else deleted the rest. */
		if (deletion->begun && rc == REGISTRY_NAME_UNKNOWN) {
			rc = 0;
			deletion->done = true;
		}
		deletion->begun = true;
		arena_free(&deletion->step);
	} while (rc == 0 && !deletion->done);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}
