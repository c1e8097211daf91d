/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List and get of sub-assessments at registry, resource group and subscription scope. There is one
 * registry, so every scope that holds it has the same rows.
 *
 * Rows are ordered by repository, digest and row id. A page is read in one transaction: images are
 * taken in order, and the findings of each are derived, until the page is full. A page ends early
 * when it has looked at many images without rows, because no read may be long; it then has a
 * nextLink although it is short, which the protocol allows.
 */
#include "api/security.h"

#include "api/api.h"
#include "api/handlers.h"
#include "base/strbuf.h"
#include "base/uuid.h"

/* Rows of one page: some 400 kB of JSON, below what clients and proxies buffer without trouble. */
static const size_t page_rows = 200;
/* Images looked at for one page. */
static const size_t page_images = 1000;
enum { IMAGES_PER_READ = 50 };

struct rows_page {
	struct arena *arena;
	const struct store_identity *identity;
	struct security_position position; /* in: start after it; out: last row or image seen */
	struct str only;		   /* row id to find; STR_NULL: all */
	size_t limit;
	VEC(struct security_row) rows;
	size_t images; /* looked at */
	bool more;
};

/* --- rows of one image */

static int compare_rows(const void *a, const void *b)
{
	const struct security_row *left = a;
	const struct security_row *right = b;
	return strcmp(left->id, right->id);
}

static void add_row(const struct rows_page *page, struct security_row *rows, size_t index,
	const struct store_image_row *manifest, const struct finding_list *list,
	const struct finding *finding)
{
	static const struct finding none;
	rows[index] = (struct security_row){
		.manifest = manifest,
		.list = list,
		.finding = finding,
	};
	assess_finding_id(page->identity, manifest->repository, manifest->digest,
		finding ? finding : &none, rows[index].id);
}

static struct security_row *rows_of(const struct rows_page *page,
	const struct store_image_row *manifest, const struct finding_list *list, size_t *count)
{
	*count = 0;
	if (!security_has_rows(list->image.state))
		return NULL;
	*count = list->items.n ? list->items.n : 1;
	struct security_row *rows = ARENA_ARRAY(page->arena, *count, struct security_row);
	if (!list->items.n)
		add_row(page, rows, 0, manifest, list, NULL);
	for (size_t i = 0; i < list->items.n; i++)
		add_row(page, rows, i, manifest, list, &list->items.items[i]);
	qsort(rows, *count, sizeof(*rows), compare_rows);
	return rows;
}

/* --- one page */

static bool is_position(const struct rows_page *page, const struct store_image_row *manifest)
{
	return str_eq(page->position.repository, manifest->repository) &&
	       str_eq(page->position.digest, manifest->digest);
}

/* Takes the rows of one image as far as the page has room; false when it is full. */
static bool take_rows(struct rows_page *page, const struct store_image_row *manifest,
	const struct security_row *rows, size_t count)
{
	bool resumed = is_position(page, manifest);
	for (size_t i = 0; i < count; i++) {
		struct str id = str_from(rows[i].id);
		if (resumed && str_cmp(id, page->position.row) <= 0)
			continue;
		if (page->only.p && !str_eq_nocase(id, page->only))
			continue;
		if (page->rows.n == page->limit)
			return false;
		AVEC_PUSH(page->arena, &page->rows, rows[i]);
		page->position.repository = manifest->repository;
		page->position.digest = manifest->digest;
		page->position.row = arena_str(page->arena, id);
	}
	return true;
}

/* *room is false when the page is full; else all rows of the image have been seen. */
static int take_image(struct rows_page *page, struct db_conn *c,
	const struct store_image_row *manifest, bool *room, struct err *err)
{
	struct arena_mark mark = arena_mark(page->arena);
	struct finding_list *list = ARENA_NEW(page->arena, struct finding_list);
	size_t taken = page->rows.n;
	size_t count = 0;
	*room = true;
	if (manifest->kind == STORE_INDEX)
		return 0;
	int rc = assess_findings(c, page->arena, manifest->digest, list, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT)
		return 0;
	const struct security_row *rows = rows_of(page, manifest, list, &count);
	*room = take_rows(page, manifest, rows, count);
	if (page->rows.n == taken)
		arena_rollback(page->arena, mark);
	return 0;
}

/*
 * The exclusive start for the list of images such that the image of the position itself comes
 * again: its digest without the last digit sorts before it and after every other one.
 */
static struct store_image_cursor start_of(const struct rows_page *page)
{
	struct str digest = page->position.digest;
	return (struct store_image_cursor){
		.repository = page->position.repository,
		.digest = digest.n ? str_sub(digest, 0, digest.n - 1) : digest,
	};
}

static int read_page(struct db_conn *c, void *argument, struct err *err)
{
	struct rows_page *page = argument;
	struct store_image_cursor after = start_of(page);
	size_t count;
	do {
		struct store_image_row *images =
			ARENA_ARRAY(page->arena, IMAGES_PER_READ, struct store_image_row);
		int rc = store_image_rows(
			c, page->arena, STR_NULL, &after, IMAGES_PER_READ, images, &count, err);
		for (size_t i = 0; rc == 0 && i < count; i++) {
			bool room;
			rc = take_image(page, c, &images[i], &room, err);
			if (rc == 0 && !room) {
				page->more = true;
				return 0;
			}
			page->images++;
			after.repository = images[i].repository;
			after.digest = images[i].digest;
		}
		if (rc < 0)
			return err_trace(err, rc);
		if (page->only.p && page->rows.n)
			return 0;
	} while (count == IMAGES_PER_READ && page->images < page_images);
	if (count == IMAGES_PER_READ) {
		/* Enough looked at: the next page starts after the last image, all rows seen. */
		page->more = true;
		page->position.repository = after.repository;
		page->position.digest = after.digest;
		page->position.row = STR("ffffffff-ffff-ffff-ffff-ffffffffffff");
	}
	return 0;
}

/* --- the request */

static bool check_version(struct http_exchange *x)
{
	struct str version = http_param(x, "api-version");
	if (!version.n) {
		api_reply_error(x, 400, "MissingApiVersionParameter",
			"the query parameter api-version is required, for example api-version=%s",
			SECURITY_API_VERSION);
		return false;
	}
	if (!str_eq_nocase(version, STR(SECURITY_API_VERSION))) {
		api_reply_error(x, 400, "InvalidApiVersionParameter",
			"the api-version " STR_FMT " is not supported here; use %s",
			STR_ARG(version), SECURITY_API_VERSION);
		return false;
	}
	return true;
}

/* Every part of the scope that the path names must be ours. */
static bool check_scope(struct http_exchange *x, const struct store_identity *identity)
{
	struct str subscription = http_capture(x, "subscription");
	struct str group = http_capture(x, "group");
	struct str registry = http_capture(x, "registry");
	struct str assessment = http_capture(x, "assessment");
	if (!uuid_valid(subscription))
		api_reply_error(x, 400, "InvalidSubscriptionId",
			"the subscription id " STR_FMT " is not a GUID", STR_ARG(subscription));
	else if (!str_eq_nocase(subscription, identity->subscription_id))
		api_reply_error(x, 404, "SubscriptionNotFound", "there is no subscription " STR_FMT,
			STR_ARG(subscription));
	else if (group.p && !str_eq_nocase(group, identity->resource_group))
		api_reply_error(x, 404, "ResourceGroupNotFound",
			"there is no resource group " STR_FMT, STR_ARG(group));
	else if (registry.p && !str_eq_nocase(registry, identity->registry_name))
		api_reply_error(x, 404, "ResourceNotFound", "there is no registry " STR_FMT,
			STR_ARG(registry));
	else if (assessment.p && !str_eq_nocase(assessment, STR(ASSESS_KEY)))
		api_reply_error(x, 404, "ResourceNotFound",
			"there is no assessment " STR_FMT " on this resource", STR_ARG(assessment));
	else
		return true;
	return false;
}

static struct security_setting open_setting(
	struct http_exchange *x, const struct store_identity *identity)
{
	struct security_setting setting = { .identity = identity };
	struct assess *assess = api_context(x)->assess;
	struct err ignored = ERR_INIT;
	struct str host = http_origin(x);
	size_t scheme = str_find(host, '/');
	setting.registry_host = scheme == STR_NONE ? host : str_skip(host, scheme + 2);
	if (assess && assess_reader_open(assess, &setting.reader, &ignored) != 0)
		setting.reader = NULL;
	return setting;
}

static void put_next_link(json_t *body, struct http_exchange *x, const struct rows_page *page)
{
	struct str path = http_absolute(x, http_path(x));
	struct str token = security_token_write(page->arena, &page->position);
	json_put(body, "nextLink",
		arena_printf(page->arena,
			STR_FMT "?api-version=" SECURITY_API_VERSION "&$skipToken=" STR_FMT,
			STR_ARG(path), STR_ARG(token)));
}

static void reply_page(struct http_exchange *x, const struct rows_page *page)
{
	struct security_setting setting = open_setting(x, page->identity);
	json_t *body = json_object();
	json_t *value = json_put_list(body, "value");
	for (size_t i = 0; i < page->rows.n; i++)
		json_array_append_new(
			value, security_row_json(&setting, page->arena, &page->rows.items[i]));
	if (page->more)
		put_next_link(body, x, page);
	assess_reader_close(&setting.reader);
	http_reply_json(x, 200, body);
}

static void list_in(struct http_exchange *x, struct rows_page *page)
{
	struct err err = ERR_INIT;
	struct str token = http_param(x, "$skipToken");
	if (token.p && !security_token_read(page->arena, token, &page->position)) {
		api_reply_error(x, 400, "InvalidSkipToken",
			"$skipToken is not one of a nextLink of this server");
		return;
	}
	if (store_read(api_context(x)->store, read_page, page, &err) < 0)
		api_reply_internal(x, &err);
	else
		reply_page(x, page);
}

static void get_in(struct http_exchange *x, struct rows_page *page)
{
	struct err err = ERR_INIT;
	page->only = http_capture(x, "name");
	do {
		page->more = false;
		page->images = 0;
		if (store_read(api_context(x)->store, read_page, page, &err) < 0) {
			api_reply_internal(x, &err);
			return;
		}
	} while (page->more && !page->rows.n);
	if (!page->rows.n) {
		api_reply_error(x, 404, "ResourceNotFound", "there is no sub-assessment " STR_FMT,
			STR_ARG(page->only));
		return;
	}
	struct security_setting setting = open_setting(x, page->identity);
	json_t *body = security_row_json(&setting, page->arena, &page->rows.items[0]);
	assess_reader_close(&setting.reader);
	http_reply_json(x, 200, body);
}

static void in_scope(
	struct http_exchange *x, void (*handle)(struct http_exchange *x, struct rows_page *page))
{
	const struct store_identity *identity = store_identity(api_context(x)->store);
	if (!check_version(x) || !check_scope(x, identity))
		return;
	/* A page may be larger than what a request's arena is meant for. */
	struct rows_page page = {
		.arena = arena_new(0),
		.identity = identity,
		.position = { STR(""), STR(""), STR("") },
		.limit = page_rows,
	};
	handle(x, &page);
	arena_free(&page.arena);
}

void security_list(struct http_exchange *x)
{
	in_scope(x, list_in);
}

void security_get(struct http_exchange *x)
{
	in_scope(x, get_in);
}
