/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tags and repositories (contract in registry.h): one row more than asked tells whether
 * there is a next page. */
#include "registry/private.h"

#include "base/limits.h"
#include "oci/reference.h"

struct list_request {
	struct arena *arena;
	struct str repository; /* of tags */
	struct str last;
	size_t limit;
	struct str *items;
	size_t count;
};

static int read_tags(struct db_conn *c, void *argument, struct err *err)
{
	struct list_request *request = argument;
	int64_t repository;
	int rc = registry_find_repository(c, request->repository, &repository, err);
	if (rc)
		return rc;
	return store_tag_list(c, request->arena, repository, request->last, request->limit + 1,
		request->items, &request->count, err);
}

static int read_repositories(struct db_conn *c, void *argument, struct err *err)
{
	struct list_request *request = argument;
	return store_repository_list(c, request->arena, request->last, request->limit + 1,
		request->items, &request->count, err);
}

static int read_list(struct registry *r, db_fn fn, struct list_request *request,
	struct str_list *list, struct err *err)
{
	if (request->limit > LIMIT_PAGE)
		request->limit = LIMIT_PAGE;
	request->items = ARENA_ARRAY(request->arena, request->limit + 1, struct str);
	int rc = store_read(r->store, fn, request, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	list->more = request->limit && request->count > request->limit;
	list->items.items = request->items;
	list->items.n = request->count > request->limit ? request->limit : request->count;
	list->items.capacity = request->limit + 1;
	return 0;
}

int registry_tags(struct registry *r, struct arena *arena, struct str repository, struct str last,
	size_t limit, struct str_list *tags, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	struct list_request request = {
		.arena = arena, .repository = repository, .last = last, .limit = limit
	};
	return read_list(r, read_tags, &request, tags, err);
}

int registry_catalog(struct registry *r, struct arena *arena, struct str last, size_t limit,
	struct str_list *names, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	struct list_request request = { .arena = arena, .last = last, .limit = limit };
	return read_list(r, read_repositories, &request, names, err);
}
