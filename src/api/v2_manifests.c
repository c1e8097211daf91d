/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: stored and answered byte for byte, with exactly the media type they were pushed with.
 * Accept is not negotiated: what is stored is what is served, because a client that gets a type it
 * does not know says so more clearly than one that gets "not found".
 */
#include "api/v2.h"
#include "base/limits.h"

/* Without parameters: a charset is never part of a manifest's type. */
static struct str media_type_of(struct str content_type)
{
	size_t end = str_find(content_type, ';');
	return str_trim(end == STR_NONE ? content_type : str_sub(content_type, 0, end));
}

/* The parameters tag of a push by digest. False: there are too many, and that was answered. */
static bool take_tags(struct http_exchange *x, struct registry_tags *tags)
{
	struct str *items = ARENA_ARRAY(http_arena(x), LIMIT_TAGS_PER_PUSH, struct str);
	struct str tag;
	*tags = (struct registry_tags){ .items = items };
	while ((tag = http_param_nth(x, "tag", tags->count)).p) {
		if (tags->count == LIMIT_TAGS_PER_PUSH) {
			api_reply_error(x, 414, "TAG_INVALID", "at most %d tags can be set at once",
				LIMIT_TAGS_PER_PUSH);
			return false;
		}
		items[tags->count++] = tag;
	}
	return true;
}

void v2_manifest_put(struct http_exchange *x)
{
	struct str repository = http_capture(x, "name");
	struct str reference = http_capture(x, "reference");
	struct registry_tags tags;
	if (!take_tags(x, &tags))
		return;
	struct registry_manifest stored = { 0 };
	struct str why = STR_NULL;
	struct err err = ERR_INIT;
	int result = registry_manifest_put(api_context(x)->registry, http_arena(x), repository,
		reference, &tags, media_type_of(http_header(x, "Content-Type")), http_body(x),
		&stored, &why, &err);
	if (result) {
		v2_reply_failure(x, result, why, &err);
		return;
	}
	http_set_header(x, "Location", v2_location(x, repository, "manifests", stored.digest));
	http_set_header(x, V2_DIGEST_HEADER, stored.digest);
	if (stored.subject.n)
		http_set_header(x, "OCI-Subject", stored.subject);
	/* A push by tag does not look at the parameters. */
	bool by_digest = str_find(reference, ':') != STR_NONE;
	for (size_t i = 0; by_digest && i < tags.count; i++)
		http_add_header(x, "OCI-Tag", tags.items[i]);
	http_reply_empty(x, 201);
}

static const char *type_text(struct http_exchange *x, struct str media_type)
{
	return arena_cstr(http_arena(x), media_type);
}

void v2_manifest_get(struct http_exchange *x)
{
	struct registry_manifest manifest = { 0 };
	struct err err = ERR_INIT;
	int result = registry_manifest_get(api_context(x)->registry, http_arena(x),
		http_capture(x, "name"), http_capture(x, "reference"), &manifest, &err);
	if (result) {
		v2_reply_failure(x, result, STR_NULL, &err);
		return;
	}
	/* Asking whether it is there is no pull. */
	if (manifest.unreadable && http_request_method(x) != HTTP_HEAD) {
		v2_reply_failure(x, REGISTRY_LOCKED, STR_NULL, NULL);
		return;
	}
	v2_set_digest(x, manifest.digest);
	if (v2_matches_etag(x, manifest.digest))
		http_reply_empty(x, 304);
	else
		http_reply_text(x, 200, type_text(x, manifest.media_type), manifest.bytes);
}

void v2_manifest_delete(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	int result = registry_manifest_delete(api_context(x)->registry, http_capture(x, "name"),
		http_capture(x, "reference"), &err);
	if (result)
		v2_reply_failure(x, result, STR_NULL, &err);
	else
		http_reply_empty(x, 202);
}
