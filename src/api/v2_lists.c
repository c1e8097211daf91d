/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tag list, catalog and referrers, paged by key: n is the size of a page (at most, and by default,
 * LIMIT_PAGE), last the name behind which it starts, and a Link header with rel="next" is there
 * exactly when something follows. n=0 is an empty list.
 */
#include "api/v2.h"
#include "base/limits.h"
#include "base/strbuf.h"

struct page {
	struct str last;
	uint64_t limit;
};

static bool page_of(struct http_exchange *x, struct page *page)
{
	page->limit = LIMIT_PAGE;
	if (!api_param_u64(x, "n", &page->limit)) {
		api_reply_error(x, 400, "UNSUPPORTED", "the parameter n must be a whole number");
		return false;
	}
	if (page->limit > LIMIT_PAGE)
		page->limit = LIMIT_PAGE;
	page->last = http_param(x, "last");
	return true;
}

/* Names and tags need no escape in a query but for what their grammars lack anyway. */
static void set_next_link(struct http_exchange *x, const struct page *page, struct str behind)
{
	struct str path = http_link(x, http_path(x));
	http_set_header(x, "Link",
		arena_printf(http_arena(x), "<" STR_FMT "?n=%llu&last=" STR_FMT ">; rel=\"next\"",
			STR_ARG(path), (unsigned long long)page->limit, STR_ARG(behind)));
}

static void reply_list(struct http_exchange *x, json_t *root, const char *member,
	const struct page *page, const struct str_list *list)
{
	json_t *items = json_put_list(root, member);
	for (size_t i = 0; i < list->items.n; i++)
		json_array_append_new(items, json_make_string(list->items.items[i]));
	if (list->more && list->items.n)
		set_next_link(x, page, list->items.items[list->items.n - 1]);
	http_reply_json(x, 200, root);
}

void v2_tags(struct http_exchange *x)
{
	struct page page;
	if (!page_of(x, &page))
		return;
	struct str repository = http_capture(x, "name");
	struct str_list tags = { 0 };
	struct err err = ERR_INIT;
	/* Also for an empty page the repository must exist, so at least one is asked for. */
	int result = registry_tags(api_context(x)->registry, http_arena(x), repository, page.last,
		page.limit ? (size_t)page.limit : 1, &tags, &err);
	if (result) {
		v2_reply_failure(x, result, STR_NULL, &err);
		return;
	}
	if (!page.limit)
		tags = (struct str_list){ 0 };
	json_t *root = json_object();
	json_put(root, "name", repository);
	reply_list(x, root, "tags", &page, &tags);
}

void v2_catalog(struct http_exchange *x)
{
	struct page page;
	if (!page_of(x, &page))
		return;
	struct str_list names = { 0 };
	struct err err = ERR_INIT;
	if (page.limit) {
		int result = registry_catalog(api_context(x)->registry, http_arena(x), page.last,
			(size_t)page.limit, &names, &err);
		if (result) {
			v2_reply_failure(x, result, STR_NULL, &err);
			return;
		}
	}
	reply_list(x, json_object(), "repositories", &page, &names);
}

/* --- referrers */

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

/* A query value with every character escaped that could mean something in a query or a header. */
static struct str query_escaped(struct arena *arena, struct str text)
{
	AUTO_STRBUF struct strbuf out = STRBUF(3 * text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || str_find(STR("-._~/:"), c) != STR_NONE;
		if (plain)
			strbuf_add_char(&out, c);
		else
			strbuf_addf(&out, "%%%02X", (unsigned)(unsigned char)c);
	}
	return arena_str(arena, strbuf_view(&out));
}

static void reply_referrers(struct http_exchange *x, const struct str_list *descriptors)
{
	AUTO_STRBUF struct strbuf body = STRBUF(SIZE_MAX / 2);
	strbuf_add_cstr(
		&body, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[");
	for (size_t i = 0; i < descriptors->items.n; i++) {
		if (i)
			strbuf_add_char(&body, ',');
		strbuf_add_str(&body, descriptors->items.items[i]);
	}
	strbuf_add_cstr(&body, "]}");
	http_reply_text(x, 200, INDEX_TYPE, strbuf_view(&body));
}

void v2_referrers(struct http_exchange *x)
{
	struct page page;
	if (!page_of(x, &page))
		return;
	struct str type = http_param(x, "artifactType");
	if (!type.n)
		type = STR_NULL;
	struct str_list descriptors = { 0 };
	struct str behind;
	struct err err = ERR_INIT;
	int result = registry_referrers(api_context(x)->registry, http_arena(x),
		http_capture(x, "name"), http_capture(x, "digest"), type, page.last,
		(size_t)page.limit, &descriptors, &behind, &err);
	if (result) {
		v2_reply_failure(x, result, STR_NULL, &err);
		return;
	}
	if (type.p) {
		http_set_header(x, "OCI-Filters-Applied", STR("artifactType"));
		behind = arena_printf(http_arena(x), STR_FMT "&artifactType=" STR_FMT,
			STR_ARG(behind), STR_ARG(query_escaped(http_arena(x), type)));
	}
	if (descriptors.more && descriptors.items.n)
		set_next_link(x, &page, behind);
	reply_referrers(x, &descriptors);
}
