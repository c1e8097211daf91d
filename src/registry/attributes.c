/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of tags and manifests (contract in attributes.h); those of repositories are in
 * repositories.c. A change reads and writes the row in one transaction, so two changes of different
 * locks do not undo each other, and answers with the row as it is then.
 */
#include "registry/private.h"

#include "base/limits.h"
#include "oci/digest.h"
#include "oci/reference.h"

struct rows_request {
	struct arena *arena;
	struct str repository;
	struct str digest; /* of tags: only those of this manifest; STR_NULL: all */
	struct store_page page;
	struct store_tag_row *tags;
	struct registry_manifest_row *manifests;
	size_t count;
};

/* One row more than asked tells whether there is a next page. */
static struct store_page page_and_one(const struct store_page *page)
{
	struct store_page more = *page;
	if (more.limit > LIMIT_PAGE)
		more.limit = LIMIT_PAGE;
	more.limit++;
	return more;
}

static int read_tags(struct db_conn *c, void *argument, struct err *err)
{
	struct rows_request *request = argument;
	int64_t repository;
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	if (request->digest.p)
		return store_tag_rows_of(c, request->arena, repository, request->digest,
			&request->page, request->tags, &request->count, err);
	return store_tag_rows(
		c, request->arena, repository, &request->page, request->tags, &request->count, err);
}

int registry_tag_rows(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, const struct store_page *page, struct registry_tag_list *list,
	struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	*list = (struct registry_tag_list){ 0 };
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	if (digest.p && !oci_digest_valid(digest))
		return REGISTRY_DIGEST_INVALID;
	struct rows_request request = { .arena = arena,
		.repository = repository,
		.digest = digest,
		.page = page_and_one(page) };
	request.tags = ARENA_ARRAY(arena, request.page.limit, struct store_tag_row);
	int rc = store_read(r->store, read_tags, &request, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	list->rows = request.tags;
	list->more = request.count == request.page.limit;
	list->count = request.count - list->more;
	return 0;
}

static int name_tags(
	struct db_conn *c, struct arena *arena, struct registry_manifest_row *row, struct err *err)
{
	row->tags = ARENA_ARRAY(arena, REGISTRY_TAGS_NAMED, struct str);
	return store_manifest_tags(
		c, arena, row->row.id, REGISTRY_TAGS_NAMED, row->tags, &row->tag_count, err);
}

static int read_manifests(struct db_conn *c, void *argument, struct err *err)
{
	struct rows_request *request = argument;
	int64_t repository;
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	struct store_manifest_row *rows =
		ARENA_ARRAY(request->arena, request->page.limit, struct store_manifest_row);
	rc = store_manifest_rows(
		c, request->arena, repository, &request->page, rows, &request->count, err);
	for (size_t i = 0; rc == 0 && i < request->count && i + 1 < request->page.limit; i++) {
		request->manifests[i] = (struct registry_manifest_row){ .row = rows[i] };
		rc = name_tags(c, request->arena, &request->manifests[i], err);
	}
	return rc;
}

int registry_manifest_rows(struct registry *r, struct arena *arena, struct str repository,
	const struct store_page *page, struct registry_manifest_list *list, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	*list = (struct registry_manifest_list){ 0 };
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	struct rows_request request = {
		.arena = arena, .repository = repository, .page = page_and_one(page)
	};
	request.manifests = ARENA_ARRAY(arena, request.page.limit, struct registry_manifest_row);
	int rc = store_read(r->store, read_manifests, &request, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	list->rows = request.manifests;
	list->more = request.count == request.page.limit;
	list->count = request.count - list->more;
	return 0;
}

/* --- one row, and its change */

struct row_change {
	struct registry *registry;
	struct arena *arena;
	struct str repository;
	struct str name; /* tag or digest */
	struct registry_change change;
	bool writes;
	struct store_tag_row *tag;
	struct registry_manifest_row *manifest;
};

static unsigned changed(unsigned locks, struct registry_change change)
{
	return (locks & ~change.clear) | change.set;
}

static int one_tag(struct db_conn *c, void *argument, struct err *err)
{
	struct row_change *request = argument;
	int64_t repository;
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	rc = store_tag_row(c, request->arena, repository, request->name, request->tag, err);
	if (rc == 0 && request->writes) {
		request->tag->locks = changed(request->tag->locks, request->change);
		request->tag->updated_us = clock_wall(request->registry->clock);
		rc = store_tag_set_locks(c, repository, request->name, request->tag->locks,
			request->tag->updated_us, err);
	}
	return rc == STORE_ABSENT ? REGISTRY_MANIFEST_UNKNOWN : rc;
}

static int read_children(struct db_conn *c, struct row_change *request, struct err *err)
{
	struct store_manifest references = { 0 };
	struct registry_manifest_row *manifest = request->manifest;
	if (manifest->row.kind != STORE_INDEX)
		return 0;
	int rc = store_manifest_references(c, request->arena, manifest->row.id, &references, err);
	manifest->children.items = references.references.items;
	manifest->children.n = references.references.n;
	return rc;
}

static int one_manifest(struct db_conn *c, void *argument, struct err *err)
{
	struct row_change *request = argument;
	struct registry_manifest_row *manifest = request->manifest;
	struct store_manifest_row *row = &manifest->row;
	int64_t repository;
	*manifest = (struct registry_manifest_row){ 0 };
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	rc = store_manifest_row(c, request->arena, repository, request->name, row, err);
	if (rc == 0 && request->writes) {
		row->locks = changed(row->locks, request->change);
		row->updated_us = clock_wall(request->registry->clock);
		rc = store_manifest_set_locks(c, row->id, row->locks, row->updated_us, err);
	}
	if (rc == 0)
		rc = name_tags(c, request->arena, manifest, err);
	if (rc == 0)
		rc = read_children(c, request, err);
	return rc == STORE_ABSENT ? REGISTRY_MANIFEST_UNKNOWN : rc;
}

static int run_row(struct row_change *request, db_fn fn, struct err *err)
{
	struct registry *r = request->registry;
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	if (!oci_repository_valid(request->repository))
		return REGISTRY_NAME_INVALID;
	if (request->manifest && !oci_digest_valid(request->name))
		return REGISTRY_DIGEST_INVALID;
	if (request->tag && !oci_tag_valid(request->name))
		return REGISTRY_MANIFEST_UNKNOWN;
	request->writes = request->change.set || request->change.clear;
	int rc = request->writes ? store_write(r->store, fn, request, err)
				 : store_read(r->store, fn, request, err);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

int registry_tag_change(struct registry *r, struct arena *arena, struct str repository,
	struct str tag, struct registry_change change, struct store_tag_row *row, struct err *err)
{
	struct row_change request = { .registry = r,
		.arena = arena,
		.repository = repository,
		.name = tag,
		.change = change,
		.tag = row };
	return run_row(&request, one_tag, err);
}

int registry_tag_get(struct registry *r, struct arena *arena, struct str repository, struct str tag,
	struct store_tag_row *row, struct err *err)
{
	return registry_tag_change(
		r, arena, repository, tag, (struct registry_change){ 0 }, row, err);
}

int registry_manifest_change(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, struct registry_change change, struct registry_manifest_row *row,
	struct err *err)
{
	struct row_change request = { .registry = r,
		.arena = arena,
		.repository = repository,
		.name = digest,
		.change = change,
		.manifest = row };
	return run_row(&request, one_manifest, err);
}

int registry_manifest_attributes(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, struct registry_manifest_row *row, struct err *err)
{
	return registry_manifest_change(
		r, arena, repository, digest, (struct registry_change){ 0 }, row, err);
}
