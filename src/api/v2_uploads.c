/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads: POST starts one (or mounts, or takes a whole blob), PATCH appends, PUT appends and
 * publishes, GET tells how far it is, DELETE gives it up. Bodies go to the registry as they arrive.
 *
 * Everything about an upload is in its path, nothing in a query, and its Location is relative: so
 * proxies, rewritten paths and clients that drop queries do no harm. While a request writes, it
 * holds the upload open; every way out of the request gives it back: end by publishing or
 * suspending, a refusal by suspending, and abort (the client went away) by suspending, which makes
 * what came durable, so the client can ask for the status and continue there. A blob that comes
 * whole with its POST has no id that the client knows, so what is left of it is removed.
 *
 * The exchange state of the three sinks is a struct writing, in the request's arena.
 */
#include "api/v2.h"
#include "http/range.h"
#include "oci/digest.h"

struct writing {
	struct registry_upload *upload; /* NULL: the body is not wanted */
	struct str repository;
	struct str id;
	struct str digest; /* publish under it at the end; STR_NULL: keep it open */
	bool whole;	   /* the blob comes in this one request; the client knows no id */
};

/* --- answers */

static void set_upload_headers(
	struct http_exchange *x, struct str repository, struct str id, uint64_t offset)
{
	http_set_header(x, "Location", v2_location(x, repository, "blobs/uploads", id));
	http_set_header(x, "Docker-Upload-UUID", id);
	/* The last byte that is there; an empty upload has no last byte and says the same as one of
	 * a single byte, as clients expect it. */
	http_set_header(x, "Range",
		arena_printf(
			http_arena(x), "0-%llu", (unsigned long long)(offset ? offset - 1 : 0)));
}

static void reply_created(struct http_exchange *x, struct str repository, struct str digest)
{
	http_set_header(x, "Location", v2_location(x, repository, "blobs", digest));
	http_set_header(x, V2_DIGEST_HEADER, digest);
	http_reply_empty(x, 201);
}

static bool digest_refused(struct http_exchange *x, struct str digest)
{
	if (oci_digest_valid(digest))
		return false;
	v2_reply_failure(x, REGISTRY_DIGEST_INVALID,
		digest.p ? digest : STR("the parameter digest is missing"), NULL);
	return true;
}

/* --- the shared course of a body that is written to an upload */

static struct writing *writing_new(struct http_exchange *x)
{
	struct writing *w = ARENA_NEW(http_arena(x), struct writing);
	w->repository = http_capture(x, "name");
	w->id = http_capture(x, "id");
	http_set_state(x, w);
	return w;
}

static int leave_upload(struct writing *w, struct err *err)
{
	if (!w->upload)
		return 0;
	return w->whole ? registry_upload_abandon(&w->upload, err)
			: registry_upload_suspend(&w->upload, err);
}

/* Gives the upload back, or removes it when its client knows no id to come back with; a failure to
 * do so outweighs the outcome the client would be told. */
static bool give_back(struct http_exchange *x, struct writing *w)
{
	struct err err = ERR_INIT;
	int result = leave_upload(w, &err);
	if (result)
		v2_reply_failure(x, result, STR_NULL, &err);
	return result == 0;
}

static int write_data(struct http_exchange *x, const void *bytes, size_t n)
{
	struct writing *w = http_state(x);
	struct err err = ERR_INIT;
	int result = w->upload ? registry_upload_write(w->upload, bytes, n, &err) : 0;
	if (!result)
		return HTTP_ACCEPT;
	if (give_back(x, w))
		v2_reply_failure(x, result, STR_NULL, &err);
	return HTTP_REPLIED;
}

static void write_abort(struct http_exchange *x)
{
	struct writing *w = http_state(x);
	struct err err = ERR_INIT;
	int result = leave_upload(w, &err);
	if (result < 0)
		api_log_internal(x, &err);
}

static void publish(struct http_exchange *x, struct writing *w)
{
	struct err err = ERR_INIT;
	int result = registry_upload_finish(&w->upload, w->digest, &err);
	if (!result) {
		reply_created(x, w->repository, w->digest);
		return;
	}
	if (w->whole) {
		/* Where this fails, too, the sweep comes by. */
		int ignored = registry_upload_cancel(
			api_context(x)->registry, w->repository, w->id, NULL);
		(void)ignored;
	}
	v2_reply_failure(x, result, STR_NULL, &err);
}

/* --- POST */

/* True when the blob was there to be mounted, and the answer is given. */
static bool mounted(struct http_exchange *x, const struct writing *w, struct str digest)
{
	struct str from = http_param(x, "from");
	if (!from.n)
		from = STR_NULL;
	struct err err = ERR_INIT;
	int result =
		registry_blob_mount(api_context(x)->registry, w->repository, from, digest, &err);
	if (result > 0)
		return false;
	if (result < 0)
		api_reply_internal(x, &err);
	else
		reply_created(x, w->repository, digest);
	return true;
}

/* The digest itself comes at the end and decides; here a client only learns whether it may come. */
static bool algorithm_refused(struct http_exchange *x)
{
	struct str algorithm = http_param(x, "digest-algorithm");
	if (!algorithm.p || str_eq(algorithm, STR("sha256")) || str_eq(algorithm, STR("sha512")))
		return false;
	v2_reply_failure(
		x, REGISTRY_DIGEST_INVALID, STR("digest-algorithm must be sha256 or sha512"), NULL);
	return true;
}

static int start_begin(struct http_exchange *x)
{
	struct writing *w = writing_new(x);
	if (algorithm_refused(x))
		return HTTP_REPLIED;
	struct str mount = http_param(x, "mount");
	w->digest = mount.p ? STR_NULL : http_param(x, "digest");
	if ((mount.p && digest_refused(x, mount)) || (w->digest.p && digest_refused(x, w->digest)))
		return HTTP_REPLIED;
	if (mount.p && mounted(x, w, mount))
		return HTTP_REPLIED;
	struct registry *registry = api_context(x)->registry;
	struct err err = ERR_INIT;
	char *id = arena_alloc(http_arena(x), 37);
	int result = registry_upload_start(registry, w->repository, id, &err);
	w->id = str_from(id);
	w->whole = w->digest.p != NULL;
	if (!result && w->whole)
		result = registry_upload_open(registry, w->repository, w->id, &w->upload, &err);
	if (!result)
		return HTTP_ACCEPT;
	v2_reply_failure(x, result, STR_NULL, &err);
	return HTTP_REPLIED;
}

static void start_end(struct http_exchange *x)
{
	struct writing *w = http_state(x);
	if (w->upload) {
		publish(x, w);
		return;
	}
	set_upload_headers(x, w->repository, w->id, 0);
	http_reply_empty(x, 202);
}

const struct http_sink v2_upload_start = {
	.begin = start_begin,
	.data = write_data,
	.end = start_end,
	.abort = write_abort,
};

/* --- PATCH and PUT */

/* What the Content-Range of a chunk, if there is one, says against it; 0: nothing. */
static int chunk_fault(struct http_exchange *x, const struct writing *w, struct str *detail)
{
	struct str header = http_header(x, "Content-Range");
	if (!header.p)
		return 0;
	uint64_t first;
	uint64_t last;
	if (!http_parse_content_range(header, &first, &last)) {
		*detail = STR("Content-Range must be FIRST-LAST");
		return REGISTRY_RANGE_INVALID;
	}
	if (first != registry_upload_offset(w->upload))
		return REGISTRY_RANGE_INVALID;
	uint64_t n;
	if (http_content_length(x, &n) && n != 0 && n - 1 != last - first) {
		*detail = STR("Content-Range and Content-Length differ");
		return REGISTRY_SIZE_INVALID;
	}
	return 0;
}

/* A closing PUT that is sent again because its answer was lost finds no upload, but the blob. */
static bool finished_before(struct http_exchange *x, const struct writing *w)
{
	uint64_t ignored;
	return w->digest.p && registry_blob_stat(api_context(x)->registry, w->repository, w->digest,
				      &ignored, NULL) == 0;
}

static int open_for_chunk(struct http_exchange *x, struct writing *w)
{
	struct err err = ERR_INIT;
	int result = registry_upload_open(
		api_context(x)->registry, w->repository, w->id, &w->upload, &err);
	if (result) {
		if (result == REGISTRY_UPLOAD_UNKNOWN && finished_before(x, w))
			reply_created(x, w->repository, w->digest);
		else
			v2_reply_failure(x, result, STR_NULL, &err);
		return HTTP_REPLIED;
	}
	struct str detail = STR_NULL;
	int fault = chunk_fault(x, w, &detail);
	if (!fault)
		return HTTP_ACCEPT;
	uint64_t offset = registry_upload_offset(w->upload);
	if (!give_back(x, w))
		return HTTP_REPLIED;
	set_upload_headers(x, w->repository, w->id, offset);
	v2_reply_failure(x, fault, detail, NULL);
	return HTTP_REPLIED;
}

static int chunk_begin(struct http_exchange *x)
{
	return open_for_chunk(x, writing_new(x));
}

static void chunk_end(struct http_exchange *x)
{
	struct writing *w = http_state(x);
	uint64_t offset = registry_upload_offset(w->upload);
	if (!give_back(x, w))
		return;
	set_upload_headers(x, w->repository, w->id, offset);
	http_reply_empty(x, 202);
}

const struct http_sink v2_upload_chunk = {
	.begin = chunk_begin,
	.data = write_data,
	.end = chunk_end,
	.abort = write_abort,
};

static int finish_begin(struct http_exchange *x)
{
	struct writing *w = writing_new(x);
	w->digest = http_param(x, "digest");
	if (digest_refused(x, w->digest))
		return HTTP_REPLIED;
	return open_for_chunk(x, w);
}

static void finish_end(struct http_exchange *x)
{
	publish(x, http_state(x));
}

const struct http_sink v2_upload_finish = {
	.begin = finish_begin,
	.data = write_data,
	.end = finish_end,
	.abort = write_abort,
};

/* --- GET and DELETE */

void v2_upload_status(struct http_exchange *x)
{
	struct str repository = http_capture(x, "name");
	struct str id = http_capture(x, "id");
	uint64_t offset = 0;
	struct err err = ERR_INIT;
	int result =
		registry_upload_status(api_context(x)->registry, repository, id, &offset, &err);
	if (result) {
		v2_reply_failure(x, result, STR_NULL, &err);
		return;
	}
	set_upload_headers(x, repository, id, offset);
	http_reply_empty(x, 204);
}

void v2_upload_cancel(struct http_exchange *x)
{
	struct err err = ERR_INIT;
	int result = registry_upload_cancel(
		api_context(x)->registry, http_capture(x, "name"), http_capture(x, "id"), &err);
	if (result)
		v2_reply_failure(x, result, STR_NULL, &err);
	else
		http_reply_empty(x, 204);
}
