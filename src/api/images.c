/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The own API, version 1: images with their state, the findings of one image, the advisories in
 * use. Its documents are described in docs/api.md; the findings document is made (and read back by
 * client verbs) in report/.
 */
#include "api/api.h"
#include "api/handlers.h"
#include "api/image_view.h"
#include "base/limits.h"
#include "oci/reference.h"
#include "report/report.h"

enum { IMAGES_PAGE = 100 };
/* Children of one index that are answered whole; findings of more are asked for one by one. */
enum { CHILDREN_MAX = 64 };

/* --- GET /api/v1/images */

struct images_page {
	struct arena *arena;
	struct str repository; /* STR_NULL: all */
	struct store_image_cursor after;
	size_t limit;
	struct store_image_row *rows; /* limit + 1: one more tells whether there is a next page */
	struct image_view *views;
	size_t count;
};

static int read_images(struct db_conn *c, void *argument, struct err *err)
{
	struct images_page *page = argument;
	int rc = store_image_rows(c, page->arena, page->repository, &page->after, page->limit + 1,
		page->rows, &page->count, err);
	if (rc < 0)
		return err_trace(err, rc);
	for (size_t i = 0; i < page->count && i < page->limit; i++) {
		const struct store_image_row *row = &page->rows[i];
		rc = image_view_read(c, page->arena, row->manifest, row->digest, row->kind,
			&page->views[i], err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return 0;
}

static void put_tags(json_t *object, struct str tags)
{
	json_t *list = json_put_list(object, "tags");
	struct str tag;
	while (tags.n && str_cut(&tags, ',', &tag))
		json_array_append_new(list, json_make_string(tag));
}

static void put_image(json_t *to, const struct store_image_row *row, const struct image_view *view)
{
	const struct store_image *image = &view->image;
	json_put(to, "repository", row->repository);
	put_tags(to, row->tags);
	json_put(to, "digest", row->digest);
	json_put(to, "mediaType", row->media_type);
	json_put_cstr(to, "kind", image_kind_name(row->kind));
	json_put(to, "artifactType", row->artifact_type.p ? row->artifact_type : STR(""));
	json_put(to, "operatingSystem", image->os.p ? image->os : STR(""));
	json_put(to, "architecture", image->architecture.p ? image->architecture : STR(""));
	json_object_set_new(to, "platform", report_platform_json(&view->platform));
	json_put_int(to, "size", (int64_t)row->size);
	json_put_time(to, "pushed", row->pushed_us);
	json_put_time(to, "scanned", image->scanned_us);
	json_put_time(to, "judged", image->judged_us);
	json_put(to, "state", image_state_name(image->state));
	json_put(to, "reason", str_trim(image->reason.p ? image->reason : STR("")));
	json_object_set_new(to, "counts", report_counts_json(&image->counts));
	json_put_int(to, "packages", image->package_count);
	json_put_int(to, "notEvaluated", image->not_evaluated);
	json_put(to, "snapshot", image->snapshot.p ? image->snapshot : STR(""));
}

static void percent_encode(struct str text, struct strbuf *out)
{
	static const char plain[] = "-._~/:@";
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (alphanumeric || (c && strchr(plain, c)))
			strbuf_add_char(out, (char)c);
		else
			strbuf_addf(out, "%%%02X", c);
	}
}

static void put_next(json_t *to, const struct images_page *page)
{
	AUTO_STRBUF struct strbuf url = STRBUF((size_t)8192);
	const struct store_image_row *last = &page->rows[page->limit - 1];
	strbuf_addf(&url, "/api/v1/images?n=%zu&last=", page->limit);
	percent_encode(last->repository, &url);
	strbuf_add_char(&url, '@');
	percent_encode(last->digest, &url);
	if (page->repository.p) {
		strbuf_add_cstr(&url, "&repository=");
		percent_encode(page->repository, &url);
	}
	json_put(to, "next", strbuf_view(&url));
}

/* "REPOSITORY@DIGEST" of the last row seen, as `next` has it. */
static bool parse_last(struct str last, struct store_image_cursor *after)
{
	size_t at = str_rfind(last, '@');
	if (at == STR_NONE || !at || at + 1 == last.n)
		return false;
	after->repository = str_sub(last, 0, at);
	after->digest = str_skip(last, at + 1);
	return true;
}

static bool parse_images_query(struct http_exchange *x, struct images_page *page)
{
	uint64_t n = IMAGES_PAGE;
	struct str last = http_param(x, "last");
	if (!api_param_u64(x, "n", &n) || !n || n > LIMIT_PAGE) {
		api_reply_error(
			x, 400, "InvalidParameter", "n must be a number from 1 to %d", LIMIT_PAGE);
		return false;
	}
	if (last.n && !parse_last(last, &page->after)) {
		api_reply_error(x, 400, "InvalidParameter",
			"last must be REPOSITORY@DIGEST, as \"next\" of the page before has it");
		return false;
	}
	page->limit = (size_t)n;
	page->repository = http_param(x, "repository");
	return true;
}

void images_list(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	struct arena *arena = http_arena(x);
	struct images_page page = {
		.arena = arena,
		.after = { .repository = STR(""), .digest = STR("") },
	};
	if (!parse_images_query(x, &page))
		return;
	page.rows = ARENA_ARRAY(arena, page.limit + 1, struct store_image_row);
	page.views = ARENA_ARRAY(arena, page.limit, struct image_view);
	if (store_read(api_context(x)->store, read_images, &page, &err) < 0) {
		api_reply_internal(x, &err);
		return;
	}
	json_t *body = json_object();
	json_t *images = json_put_list(body, "images");
	for (size_t i = 0; i < page.count && i < page.limit; i++)
		put_image(json_add_object(images), &page.rows[i], &page.views[i]);
	if (page.count > page.limit)
		put_next(body, &page);
	http_reply_json(x, 200, body);
}

/* --- GET /api/v1/findings */

enum { FINDINGS_NO_REPOSITORY = 2, FINDINGS_NO_IMAGE, FINDINGS_TOO_MANY };

struct findings_child {
	struct store_reference reference;
	struct finding_list list;
	bool known;
};

struct findings_call {
	struct arena *arena;
	struct oci_reference reference;
	struct store_manifest manifest;
	struct image_view view;	  /* of an index */
	struct finding_list list; /* of an image */
	VEC(struct findings_child) children;
};

static int read_children(struct db_conn *c, struct findings_call *call, struct err *err)
{
	struct store_manifest *index = &call->manifest;
	int rc = image_view_read(
		c, call->arena, index->id, index->digest, index->kind, &call->view, err);
	if (rc == 0)
		rc = store_manifest_references(c, call->arena, index->id, index, err);
	for (size_t i = 0; rc >= 0 && i < index->references.n; i++) {
		struct findings_child child = { .reference = index->references.items[i] };
		if (child.reference.kind != STORE_REF_CHILD)
			continue;
		if (call->children.n == CHILDREN_MAX)
			return FINDINGS_TOO_MANY;
		rc = store_manifest_stored(c, child.reference.digest, err);
		if (rc == 0)
			rc = assess_findings(
				c, call->arena, child.reference.digest, &child.list, err);
		child.known = rc == 0;
		AVEC_PUSH(call->arena, &call->children, child);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int read_findings(struct db_conn *c, void *argument, struct err *err)
{
	struct findings_call *call = argument;
	int64_t repository;
	int rc = store_repository_find(c, call->reference.repository, &repository, err);
	if (rc == STORE_ABSENT)
		return FINDINGS_NO_REPOSITORY;
	if (rc == 0 && call->reference.digest.p)
		rc = store_manifest_by_digest(
			c, call->arena, repository, call->reference.digest, &call->manifest, err);
	else if (rc == 0)
		rc = store_manifest_by_tag(
			c, call->arena, repository, call->reference.tag, &call->manifest, err);
	if (rc == STORE_ABSENT)
		return FINDINGS_NO_IMAGE;
	if (rc < 0)
		return err_trace(err, rc);
	if (call->manifest.kind == STORE_INDEX)
		return read_children(c, call, err);
	rc = assess_findings(c, call->arena, call->manifest.digest, &call->list, err);
	return rc == STORE_ABSENT ? FINDINGS_NO_IMAGE : rc;
}

/* When the snapshot of a verdict was built is known as long as it is the current one. */
static int64_t snapshot_built(struct http_exchange *x, struct str snapshot)
{
	struct assess *assess = api_context(x)->assess;
	return assess ? assess_snapshot_built(assess, snapshot) : TIME_NONE;
}

static json_t *findings_document(struct http_exchange *x, struct str name, struct str digest,
	const struct finding_list *list)
{
	const struct report_image image = {
		.name = name,
		.digest = digest,
		.state = image_state_name(list->image.state),
		.reason = str_trim(list->image.reason.p ? list->image.reason : STR("")),
		.platform = list->platform,
		.counts = list->image.counts,
		.package_count = list->image.package_count,
		.not_evaluated = list->image.not_evaluated,
		.snapshot = list->image.snapshot,
		.snapshot_built_us = snapshot_built(x, list->image.snapshot),
		.findings = list->items.items,
		.finding_count = list->items.n,
	};
	return report_findings_json(&image);
}

static json_t *child_document(struct http_exchange *x, const struct findings_call *call,
	const struct findings_child *child)
{
	const struct store_reference *reference = &child->reference;
	struct finding_list list = child->list;
	struct str name = arena_printf(call->arena, STR_FMT "@" STR_FMT,
		STR_ARG(call->reference.repository), STR_ARG(reference->digest));
	if (!child->known)
		list = (struct finding_list){
			.image = { .state = IMAGE_PENDING,
				.reason = STR("Its manifest has no verdict here.") },
		};
	json_t *document = findings_document(x, name, reference->digest, &list);
	json_put(document, "operatingSystem", reference->os);
	json_put(document, "architecture", reference->architecture);
	json_put(document, "variant", reference->variant);
	return document;
}

static json_t *index_document(
	struct http_exchange *x, struct str name, const struct findings_call *call)
{
	const struct finding_list sum = { .image = call->view.image };
	json_t *document = findings_document(x, name, call->manifest.digest, &sum);
	json_t *children = json_put_list(document, "children");
	for (size_t i = 0; i < call->children.n; i++)
		json_array_append_new(children, child_document(x, call, &call->children.items[i]));
	return document;
}

static void reply_findings(struct http_exchange *x, const struct findings_call *call)
{
	const struct oci_reference *reference = &call->reference;
	struct str name =
		reference->digest.p
			? arena_printf(call->arena, STR_FMT "@" STR_FMT,
				  STR_ARG(reference->repository), STR_ARG(reference->digest))
			: arena_printf(call->arena, STR_FMT ":" STR_FMT,
				  STR_ARG(reference->repository), STR_ARG(reference->tag));
	json_t *body = call->manifest.kind == STORE_INDEX
			       ? index_document(x, name, call)
			       : findings_document(x, name, call->manifest.digest, &call->list);
	json_put_cstr(body, "kind", image_kind_name(call->manifest.kind));
	http_reply_json(x, 200, body);
}

static void findings_in(struct http_exchange *x, struct findings_call *call)
{
	struct err err = ERR_INIT;
	struct str text = http_param(x, "image");
	if (!oci_reference_parse(text, &call->reference)) {
		api_reply_error(x, 400, "InvalidParameter",
			"image must be REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST");
		return;
	}
	int rc = store_read(api_context(x)->store, read_findings, call, &err);
	if (rc < 0)
		api_reply_internal(x, &err);
	else if (rc == FINDINGS_NO_REPOSITORY)
		api_reply_error(x, 404, "RepositoryNotFound", "there is no repository " STR_FMT,
			STR_ARG(call->reference.repository));
	else if (rc == FINDINGS_NO_IMAGE)
		api_reply_error(
			x, 404, "ImageNotFound", "there is no image " STR_FMT, STR_ARG(text));
	else if (rc == FINDINGS_TOO_MANY)
		api_reply_error(x, 400, "TooManyChildren",
			"the index has more than %d children: ask for one of them by its digest",
			CHILDREN_MAX);
	else
		reply_findings(x, call);
}

void images_findings(struct http_exchange *x)
{
	/* Findings of an index may be larger than what a request's arena is meant for. */
	struct arena *arena = arena_new(0);
	struct findings_call call = { .arena = arena };
	findings_in(x, &call);
	arena_free(&arena);
}

/* --- GET /api/v1/advisories */

void images_advisories(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	json_t *status = NULL;
	struct assess *assess = api_context(x)->assess;
	int rc = assess ? assess_advisories(assess, &status, &err) : SNAPSHOT_NONE;
	if (rc < 0) {
		api_reply_internal(x, &err);
		return;
	}
	json_t *body = json_object();
	json_object_set_new(body, "snapshot", rc == SNAPSHOT_NONE ? json_null() : status);
	json_put_bool(body, "settled", assess && assess_settled(assess));
	http_reply_json(x, 200, body);
}
