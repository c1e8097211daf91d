/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The garbage collector by hand: GET /api/v1/gc says what a round would remove now, POST runs one.
 * The grace is always that of the settings, because a shorter one would take away what clients are
 * just about to name in a manifest.
 */
#include "registry/gc.h"

#include "api/api.h"
#include "api/handlers.h"

static void reply_result(struct http_exchange *x, const struct registry_gc_result *result, bool ran)
{
	json_t *root = json_object();
	json_put_bool(root, "preview", !ran);
	json_put_int(root, "manifests", (int64_t)result->manifests);
	json_put_int(root, "links", (int64_t)result->links);
	json_put_int(root, "blobs", (int64_t)result->blobs);
	json_put_int(root, "bytes", (int64_t)result->bytes);
	json_put_int(root, "uploads", (int64_t)result->uploads);
	json_put_int(root, "pinned", (int64_t)result->pinned);
	if (ran)
		json_put_int(root, "failures", (int64_t)result->failures);
	else
		json_put_int(root, "waiting", (int64_t)result->waiting);
	http_set_header(x, "Cache-Control", STR("no-store"));
	http_reply_json(x, 200, root);
}

void gc_preview(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	struct registry_gc_result result;
	int rc = registry_gc_preview(
		api_context(x)->registry, REGISTRY_GC_POLICY_GRACE, &result, &err);
	if (rc < 0)
		api_reply_internal(x, &err);
	else
		reply_result(x, &result, false);
}

void gc_run(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	struct registry_gc_result result;
	int rc = registry_gc_run(api_context(x)->registry, REGISTRY_GC_POLICY_GRACE, &result, &err);
	if (rc < 0)
		api_reply_internal(x, &err);
	else
		reply_result(x, &result, true);
}
