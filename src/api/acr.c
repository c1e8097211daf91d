/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /acr/v1: what Azure's registries offer beside the distribution specification: repositories, tags
 * and manifests with their attributes, changes of these, and the deletion of repositories and tags.
 * The parameter api-version is not looked at: there is one form of each answer.
 *
 * Lists are paged by n (100 unless told) and last, and Link leads on. By time the place in the list
 * is (time, name), so Link carries the time as lastUpdate; who gives only a name continues behind
 * where that is now.
 */
#include "api/acr.h"

#include "api/v2.h"
#include "base/limits.h"

enum { PAGE = 100 };

/* Replies and answers true when result is not 0. */
static bool failed(struct http_exchange *x, int result, const struct err *err)
{
	if (result)
		v2_reply_failure(x, result, STR_NULL, err);
	return result != 0;
}

static struct registry *registry_of(struct http_exchange *x)
{
	return api_context(x)->registry;
}

/* --- pages */

struct order_name {
	struct str text;
	enum store_order order;
};

static const struct order_name order_names[] = {
	{ STR_INIT("none"), STORE_BY_NAME },
	{ STR_INIT("timeasc"), STORE_BY_TIME },
	{ STR_INIT("timedesc"), STORE_BY_TIME_REVERSED },
};

static bool read_order(struct http_exchange *x, enum store_order *order)
{
	struct str wanted = http_param(x, "orderby");
	*order = STORE_BY_NAME;
	if (!wanted.n)
		return true;
	for (size_t i = 0; i < sizeof(order_names) / sizeof(order_names[0]); i++) {
		if (str_eq_nocase(order_names[i].text, wanted)) {
			*order = order_names[i].order;
			return true;
		}
	}
	api_reply_error(
		x, 400, "UNSUPPORTED", "the parameter orderby must be none, timeasc or timedesc");
	return false;
}

static bool read_page(struct http_exchange *x, struct store_page *page)
{
	uint64_t n = PAGE;
	uint64_t us = 0;
	*page = (struct store_page){ 0 };
	if (!read_order(x, &page->order))
		return false;
	if (!api_param_u64(x, "n", &n) || !api_param_u64(x, "lastUpdate", &us) || us > INT64_MAX) {
		api_reply_error(x, 400, "UNSUPPORTED",
			"the parameters n and lastUpdate must be whole numbers");
		return false;
	}
	page->limit = n > LIMIT_PAGE ? LIMIT_PAGE : (size_t)n;
	page->last_us = (int64_t)us;
	page->last = http_param(x, "last");
	return true;
}

/* By time, with a name but no time: that of the row. False: there is none such, so the list starts
 * at its beginning. */
static bool needs_time(struct http_exchange *x, const struct store_page *page)
{
	return page->order != STORE_BY_NAME && page->last.n && !http_param(x, "lastUpdate").p;
}

/* Names, tags and digests need no escape in a query. */
static void set_next(struct http_exchange *x, const struct store_page *page, struct str last,
	int64_t last_us, struct str digest)
{
	struct arena *arena = http_arena(x);
	struct str more = STR("");
	if (page->order != STORE_BY_NAME)
		more = arena_printf(arena, "&orderby=" STR_FMT "&lastUpdate=%lld",
			STR_ARG(order_names[page->order].text), (long long)last_us);
	if (digest.n)
		more = arena_printf(
			arena, STR_FMT "&digest=" STR_FMT, STR_ARG(more), STR_ARG(digest));
	http_set_header(x, "Link",
		arena_printf(arena, "<" STR_FMT "?n=%zu&last=" STR_FMT STR_FMT ">; rel=\"next\"",
			STR_ARG(http_link(x, http_path(x))), page->limit, STR_ARG(last),
			STR_ARG(more)));
}

/* --- repositories */

void acr_catalog(struct http_exchange *x)
{
	struct store_page page;
	if (!read_page(x, &page))
		return;
	struct str_list names = { 0 };
	struct err err = ERR_INIT;
	if (page.limit && failed(x,
				  registry_catalog(registry_of(x), http_arena(x), page.last,
					  page.limit, &names, &err),
				  &err))
		return;
	json_t *root = json_object();
	json_t *list = json_put_list(root, "repositories");
	for (size_t i = 0; i < names.items.n; i++)
		json_array_append_new(list, json_make_string(names.items.items[i]));
	page.order = STORE_BY_NAME;
	if (names.more)
		set_next(x, &page, names.items.items[names.items.n - 1], 0, STR_NULL);
	http_reply_json(x, 200, root);
}

static void reply_repository(struct http_exchange *x, struct registry_change change)
{
	struct str name = http_capture(x, "name");
	struct store_repository_row row;
	struct err err = ERR_INIT;
	if (failed(x, registry_repository_change(registry_of(x), name, change, &row, &err), &err))
		return;
	json_t *root = acr_head(x, name);
	acr_put_repository(root, &row);
	http_reply_json(x, 200, root);
}

void acr_repository(struct http_exchange *x)
{
	reply_repository(x, (struct registry_change){ 0 });
}

void acr_repository_change(struct http_exchange *x)
{
	struct registry_change change;
	if (acr_read_change(x, &change))
		reply_repository(x, change);
}

static void put_names(json_t *root, const char *member, const struct str *names, size_t count)
{
	json_t *list = json_put_list(root, member);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_make_string(names[i]));
}

void acr_repository_delete(struct http_exchange *x)
{
	struct registry_deleted deleted;
	struct err err = ERR_INIT;
	struct arena *arena = arena_new(0);
	if (!failed(x,
		    registry_repository_delete(
			    registry_of(x), arena, http_capture(x, "name"), &deleted, &err),
		    &err)) {
		json_t *root = json_object();
		put_names(root, "manifestsDeleted", deleted.manifests.items, deleted.manifests.n);
		put_names(root, "tagsDeleted", deleted.tags.items, deleted.tags.n);
		http_reply_json(x, 202, root);
	}
	arena_free(&arena);
}

/* --- tags */

static void list_tags(struct http_exchange *x, struct arena *arena, struct store_page *page)
{
	struct registry *registry = registry_of(x);
	struct str name = http_capture(x, "name");
	struct str digest = http_param(x, "digest");
	struct registry_tag_list list;
	struct store_tag_row last;
	struct err err = ERR_INIT;
	if (!digest.n)
		digest = STR_NULL;
	else
		page->order = STORE_BY_NAME;
	if (needs_time(x, page)) {
		int result = registry_tag_get(registry, arena, name, page->last, &last, &err);
		if (result != REGISTRY_MANIFEST_UNKNOWN && failed(x, result, &err))
			return;
		if (result)
			page->last = STR("");
		else
			page->last_us = last.updated_us;
	}
	if (failed(x, registry_tag_rows(registry, arena, name, digest, page, &list, &err), &err))
		return;
	json_t *root = acr_head(x, name);
	json_t *tags = json_put_list(root, "tags");
	for (size_t i = 0; i < list.count; i++)
		acr_put_tag(json_add_object(tags), &list.rows[i]);
	if (list.more && list.count)
		set_next(x, page, list.rows[list.count - 1].name,
			list.rows[list.count - 1].updated_us, digest);
	http_reply_json(x, 200, root);
}

void acr_tags(struct http_exchange *x)
{
	struct store_page page;
	if (!read_page(x, &page))
		return;
	struct arena *arena = arena_new(0);
	list_tags(x, arena, &page);
	arena_free(&arena);
}

static void reply_tag(struct http_exchange *x, struct registry_change change)
{
	struct str name = http_capture(x, "name");
	struct store_tag_row row;
	struct err err = ERR_INIT;
	if (failed(x,
		    registry_tag_change(registry_of(x), http_arena(x), name, http_capture(x, "tag"),
			    change, &row, &err),
		    &err))
		return;
	json_t *root = acr_head(x, name);
	acr_put_tag(json_put_object(root, "tag"), &row);
	http_reply_json(x, 200, root);
}

void acr_tag(struct http_exchange *x)
{
	reply_tag(x, (struct registry_change){ 0 });
}

void acr_tag_change(struct http_exchange *x)
{
	struct registry_change change;
	if (acr_read_change(x, &change))
		reply_tag(x, change);
}

void acr_tag_delete(struct http_exchange *x)
{
	struct str tag = http_capture(x, "tag");
	struct err err = ERR_INIT;
	/* What is a digest to a manifest route is no tag here. */
	int result = str_find(tag, ':') != STR_NONE ? REGISTRY_MANIFEST_UNKNOWN
						    : registry_manifest_delete(registry_of(x),
							      http_capture(x, "name"), tag, &err);
	if (!failed(x, result, &err))
		http_reply_empty(x, 202);
}

/* --- manifests */

static void list_manifests(struct http_exchange *x, struct arena *arena, struct store_page *page)
{
	struct registry *registry = registry_of(x);
	struct str name = http_capture(x, "name");
	struct registry_manifest_list list;
	struct registry_manifest_row last;
	struct err err = ERR_INIT;
	if (needs_time(x, page)) {
		int result = registry_manifest_attributes(
			registry, arena, name, page->last, &last, &err);
		if (result != REGISTRY_MANIFEST_UNKNOWN && failed(x, result, &err))
			return;
		if (result)
			page->last = STR("");
		else
			page->last_us = last.row.updated_us;
	}
	if (failed(x, registry_manifest_rows(registry, arena, name, page, &list, &err), &err))
		return;
	json_t *root = acr_head(x, name);
	json_t *manifests = json_put_list(root, "manifests");
	for (size_t i = 0; i < list.count; i++)
		acr_put_manifest(json_add_object(manifests), &list.rows[i]);
	if (list.more && list.count)
		set_next(x, page, list.rows[list.count - 1].row.digest,
			list.rows[list.count - 1].row.updated_us, STR_NULL);
	http_reply_json(x, 200, root);
}

void acr_manifests(struct http_exchange *x)
{
	struct store_page page;
	if (!read_page(x, &page))
		return;
	struct arena *arena = arena_new(0);
	list_manifests(x, arena, &page);
	arena_free(&arena);
}

static void reply_manifest(struct http_exchange *x, struct registry_change change)
{
	struct str name = http_capture(x, "name");
	struct registry_manifest_row row;
	struct err err = ERR_INIT;
	struct arena *arena = arena_new(0);
	if (!failed(x,
		    registry_manifest_change(registry_of(x), arena, name, http_capture(x, "digest"),
			    change, &row, &err),
		    &err)) {
		json_t *root = acr_head(x, name);
		acr_put_manifest(json_put_object(root, "manifest"), &row);
		http_reply_json(x, 200, root);
	}
	arena_free(&arena);
}

void acr_manifest(struct http_exchange *x)
{
	reply_manifest(x, (struct registry_change){ 0 });
}

void acr_manifest_change(struct http_exchange *x)
{
	struct registry_change change;
	if (acr_read_change(x, &change))
		reply_manifest(x, change);
}
