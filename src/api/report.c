/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api/v1/report: one image as a document for other programs (report/formats.def). The time of
 * the document is that of the verdict, so asking twice gives the same bytes as long as nothing new
 * is known. Such a document is about one image: of an index it is that of its only image (others
 * beside it are attestations), else the client has to name one.
 */
#include "report/report.h"
#include "api/api.h"
#include "api/handlers.h"
#include "assess/assess.h"
#include "base/limits.h"
#include "oci/reference.h"

#include <stdlib.h>

enum { REPORT_NO_REPOSITORY = 2, REPORT_NO_IMAGE, REPORT_MANY_IMAGES };
enum { CHILDREN_MAX = 64 };

struct report_call {
	struct arena *arena;
	enum report_format format;
	struct oci_reference reference;
	struct str digest; /* of the image, not of an index */
	struct finding_list list;
	struct listed_package *listed;
	size_t listed_count;
};

/* Leaves the only image of the index in call->digest. */
static int choose_child(
	struct db_conn *c, struct report_call *call, struct store_manifest *index, struct err *err)
{
	size_t images = 0;
	int rc = store_manifest_references(c, call->arena, index->id, index, err);
	for (size_t i = 0; rc >= 0 && i < index->references.n && i < CHILDREN_MAX; i++) {
		const struct store_reference *child = &index->references.items[i];
		struct store_image image;
		if (child->kind != STORE_REF_CHILD)
			continue;
		rc = store_manifest_stored(c, child->digest, err);
		if (rc == 0)
			rc = store_image_find(c, call->arena, child->digest, &image, err);
		if (rc != 0 || image.state == IMAGE_UNSUPPORTED)
			continue;
		call->digest = child->digest;
		images++;
	}
	if (rc < 0)
		return err_trace(err, rc);
	bool more = index->references.n > CHILDREN_MAX;
	return images > 1 || more ? REPORT_MANY_IMAGES : images ? 0 : REPORT_NO_IMAGE;
}

static int read_image(struct db_conn *c, void *argument, struct err *err)
{
	struct report_call *call = argument;
	struct store_manifest manifest = { 0 };
	int64_t repository;
	int rc = store_repository_find(c, call->reference.repository, &repository, err);
	if (rc == STORE_ABSENT)
		return REPORT_NO_REPOSITORY;
	if (rc == 0 && call->reference.digest.p)
		rc = store_manifest_by_digest(
			c, call->arena, repository, call->reference.digest, &manifest, err);
	else if (rc == 0)
		rc = store_manifest_by_tag(
			c, call->arena, repository, call->reference.tag, &manifest, err);
	if (rc != 0)
		return rc < 0 ? err_trace(err, rc) : REPORT_NO_IMAGE;
	call->digest = manifest.digest;
	if (manifest.kind == STORE_INDEX) {
		rc = choose_child(c, call, &manifest, err);
		if (rc != 0)
			return rc < 0 ? err_trace(err, rc) : rc;
	}
	rc = assess_findings(c, call->arena, call->digest, &call->list, err);
	if (rc == 0)
		rc = assess_packages(
			c, call->arena, &call->list, &call->listed, &call->listed_count, err);
	return rc < 0 ? err_trace(err, rc) : rc == STORE_ABSENT ? REPORT_NO_IMAGE : 0;
}

static void reply_report(struct http_exchange *x, const struct report_call *call)
{
	const struct api_context *context = api_context(x);
	const struct store_image *stored = &call->list.image;
	const struct oci_reference *reference = &call->reference;
	struct err err = ERR_INIT;
	bool by_digest = reference->digest.p;
	int64_t at = stored->judged_us != TIME_NONE ? stored->judged_us : stored->scanned_us;
	const struct report_image image = {
		.name = arena_printf(call->arena, STR_FMT "%s" STR_FMT,
			STR_ARG(reference->repository), by_digest ? "@" : ":",
			STR_ARG(by_digest ? reference->digest : reference->tag)),
		.digest = call->digest,
		.state = image_state_name(stored->state),
		.reason = str_trim(stored->reason.p ? stored->reason : STR("")),
		.platform = call->list.platform,
		.counts = stored->counts,
		.package_count = stored->package_count,
		.not_evaluated = stored->not_evaluated,
		.snapshot = stored->snapshot,
		.snapshot_built_us =
			context->assess ? assess_snapshot_built(context->assess, stored->snapshot)
					: TIME_NONE,
		.findings = call->list.items.items,
		.finding_count = call->list.items.n,
		.listed = call->listed,
		.listed_count = call->listed_count,
		.created_us = at != TIME_NONE ? at : clock_wall(context->clock),
	};
	AUTO_JSON json_t *document = NULL;
	if (report_document(call->format, &image, &document, &err)) {
		api_reply_error(x, 409, "NothingToReport", STR_FMT ": %s", STR_ARG(image.name),
			err_text(&err));
		return;
	}
	char *text = json_dump(document, false);
	http_reply_text(x, 200, report_format_media_type(call->format), str_from(text));
	free(text);
}

static void report_in(struct http_exchange *x, struct report_call *call)
{
	struct err err = ERR_INIT;
	struct str text = http_param(x, "image");
	struct str format = http_param(x, "format");
	if (!oci_reference_parse(text, &call->reference)) {
		api_reply_error(x, 400, "InvalidParameter",
			"image must be REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST");
		return;
	}
	if (!report_format_parse(format, &call->format) || call->format == REPORT_TABLE) {
		api_reply_error(x, 400, "InvalidParameter", "format must be one of %s",
			report_format_names() + sizeof("table, ") - 1);
		return;
	}
	int rc = store_read(api_context(x)->store, read_image, call, &err);
	if (rc < 0)
		api_reply_internal(x, &err);
	else if (rc == REPORT_NO_REPOSITORY)
		api_reply_error(x, 404, "RepositoryNotFound", "there is no repository " STR_FMT,
			STR_ARG(call->reference.repository));
	else if (rc == REPORT_NO_IMAGE)
		api_reply_error(
			x, 404, "ImageNotFound", "there is no image " STR_FMT, STR_ARG(text));
	else if (rc == REPORT_MANY_IMAGES)
		api_reply_error(x, 400, "SeveralImages",
			"a document is about one image, and " STR_FMT
			" is an index of several: ask for one of them by its digest",
			STR_ARG(text));
	else
		reply_report(x, call);
}

void images_report(struct http_exchange *x)
{
	/* Lists may be larger than what a request's arena is meant for. */
	struct arena *arena = arena_new(0);
	struct report_call call = { .arena = arena };
	report_in(x, &call);
	arena_free(&arena);
}
