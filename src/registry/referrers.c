/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of what refers to a manifest (contract in registry.h). A descriptor is text as soon as it
 * is made: of the manifests' JSON trees, which take a multiple of their bytes, only one is in
 * memory at a time.
 */
#include "registry/private.h"

#include "base/json.h"
#include "base/limits.h"
#include "oci/digest.h"
#include "oci/reference.h"

#include <stdlib.h>

struct referrers_request {
	struct arena *arena;
	struct str repository;
	struct store_referrer_query query;
	struct store_referrer *rows;
	size_t count;
	bool more;
};

static int read_referrers(struct db_conn *c, void *argument, struct err *err)
{
	struct referrers_request *request = argument;
	int rc = store_repository_find(c, request->repository, &request->query.repository, err);
	if (rc)
		return rc;
	return store_referrers(c, request->arena, &request->query, request->rows, &request->count,
		&request->more, err);
}

static int descriptor_of(struct arena *arena, const struct store_referrer *row,
	struct str *descriptor, struct err *err)
{
	AUTO_JSON json_t *manifest = NULL;
	int rc = json_parse(row->bytes, LIMIT_MANIFEST_BYTES, &manifest, err);
	if (rc < 0)
		return err_wrap(err, rc, "reading manifest " STR_FMT, STR_ARG(row->digest));
	AUTO_JSON json_t *object = json_object();
	json_put(object, "mediaType", row->media_type);
	json_put(object, "digest", row->digest);
	json_put_int(object, "size", (int64_t)row->bytes.n);
	if (row->type.n)
		json_put(object, "artifactType", row->type);
	json_t *annotations = json_object_get(manifest, "annotations");
	if (json_object_size(annotations))
		json_object_set(object, "annotations", annotations);
	char *text = json_dump(object, false);
	*descriptor = arena_str(arena, str_from(text));
	free(text);
	return 0;
}

int registry_referrers(struct registry *r, struct arena *arena, struct str repository,
	struct str subject, struct str type, struct str last, size_t limit,
	struct str_list *descriptors, struct str *last_digest, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	*descriptors = (struct str_list){ 0 };
	*last_digest = STR("");
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	if (!oci_digest_valid(subject))
		return REGISTRY_DIGEST_INVALID;
	if (limit > LIMIT_PAGE)
		limit = LIMIT_PAGE;
	struct referrers_request request = {
		.arena = arena,
		.repository = repository,
		.query = { .subject = subject,
			.type = type,
			.after = last,
			.limit = limit,
			.byte_limit = LIMIT_MANIFEST_BYTES },
		.rows = ARENA_ARRAY(arena, limit, struct store_referrer),
	};
	int rc = store_read(r->store, read_referrers, &request, err);
	for (size_t i = 0; rc == 0 && i < request.count; i++) {
		struct str descriptor;
		rc = descriptor_of(arena, &request.rows[i], &descriptor, err);
		if (rc == 0)
			AVEC_PUSH(arena, &descriptors->items, descriptor);
	}
	if (rc < 0)
		return err_trace(err, rc);
	descriptors->more = request.more;
	if (request.count)
		*last_digest = request.rows[request.count - 1].digest;
	return 0;
}
