/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests (contract in registry.h). A push is parsed and its references are looked up in a read
 * first, so that what is wrong or already there never queues behind writers; then one transaction
 * looks again (the answer must hold at the moment of the commit) and writes manifest, references,
 * tag and, for everything but an index, the row that asks for a scan. Artifacts get one too: the
 * scan gives them the state Unsupported with a reason, because no state at all would look like work
 * that is never done.
 *
 * A deleted manifest leaves its image's row: a push of the same bytes finds the verdict again, and
 * no list shows an image without a manifest.
 *
 * BuildKit's attestations look like images but have statements for layers: they are stored as
 * artifacts.
 */
#include "registry/private.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "os/crash.h"
#include "os/file.h"

enum { PLATFORM_WORD_MAX = 64 };

struct put {
	struct registry *registry;
	struct arena *arena;
	struct str repository;
	struct registry_tags tags; /* to be set */
	const struct oci_manifest *document;
	struct store_manifest row;
	struct str why;
	bool unchanged;
};

static int check_blob(struct db_conn *c, struct put *put, int64_t repository,
	const struct oci_descriptor *blob, const char *where, struct err *err)
{
	uint64_t size = 0;
	int rc = repository ? store_blob_find(c, repository, blob->digest, &size, err)
			    : STORE_ABSENT;
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT) {
		put->why = arena_printf(put->arena,
			"%s names blob " STR_FMT ", which is not in repository " STR_FMT, where,
			STR_ARG(blob->digest), STR_ARG(put->repository));
		return REGISTRY_MANIFEST_BLOB_UNKNOWN;
	}
	if (size != blob->size) {
		put->why = arena_printf(put->arena,
			"%s.size is %llu, but blob " STR_FMT " has %llu bytes", where,
			(unsigned long long)blob->size, STR_ARG(blob->digest),
			(unsigned long long)size);
		return REGISTRY_MANIFEST_INVALID;
	}
	return 0;
}

/* An entry of an index is a manifest, or a blob where somebody lists one. */
static int check_child(struct db_conn *c, struct put *put, int64_t repository,
	const struct oci_descriptor *child, const char *where, struct err *err)
{
	int rc = repository ? store_manifest_exists(c, repository, child->digest, err)
			    : STORE_ABSENT;
	if (rc == STORE_ABSENT && repository && !oci_is_manifest_type(child->media_type)) {
		uint64_t size;
		rc = store_blob_find(c, repository, child->digest, &size, err);
	}
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0)
		return 0;
	put->why = arena_printf(put->arena,
		"%s names manifest " STR_FMT ", which is not in repository " STR_FMT, where,
		STR_ARG(child->digest), STR_ARG(put->repository));
	return REGISTRY_MANIFEST_BLOB_UNKNOWN;
}

/* repository 0: it does not exist, so nothing is in it. */
static int check_references(struct db_conn *c, struct put *put, int64_t repository, struct err *err)
{
	const struct oci_manifest *document = put->document;
	char where[32];
	int rc = 0;
	if (document->kind != OCI_KIND_INDEX)
		rc = check_blob(c, put, repository, &document->config, "config", err);
	for (size_t i = 0; rc == 0 && i < document->layers.n; i++) {
		if (oci_descriptor_is_foreign(&document->layers.items[i]))
			continue;
		snprintf(where, sizeof(where), "layers[%zu]", i);
		rc = check_blob(c, put, repository, &document->layers.items[i], where, err);
	}
	for (size_t i = 0; rc == 0 && i < document->manifests.n; i++) {
		snprintf(where, sizeof(where), "manifests[%zu]", i);
		rc = check_child(c, put, repository, &document->manifests.items[i], where, err);
	}
	return rc;
}

/* A manifest that the collector may be about to remove is written again: that renews its grace. */
static int check_questioned(struct db_conn *c, struct put *put, int64_t repository, struct err *err)
{
	int64_t since;
	int rc = store_gc_find(c, put->row.subject.n ? STORE_GC_ORPHAN : STORE_GC_UNTAGGED,
		repository, put->row.digest, &since, err);
	put->unchanged = rc == STORE_ABSENT;
	return rc < 0 ? err_trace(err, rc) : 0;
}

/* Sets unchanged when the repository already holds exactly this. */
static int check_unchanged(struct db_conn *c, struct put *put, int64_t repository, struct err *err)
{
	int rc = store_manifest_exists(c, repository, put->row.digest, err);
	put->unchanged = rc == 0;
	if (rc == 0)
		rc = check_questioned(c, put, repository, err);
	for (size_t i = 0; put->unchanged && i < put->tags.count; i++) {
		struct store_manifest tagged;
		rc = store_manifest_by_tag(
			c, put->arena, repository, put->tags.items[i], &tagged, err);
		put->unchanged = rc == 0 && str_eq(tagged.digest, put->row.digest);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

/* A lock stands against a push only where it changes something. */
static int check_locks(struct db_conn *c, struct put *put, int64_t repository, struct err *err)
{
	int rc = registry_check_repository(c, repository, STORE_LOCK_WRITE, err);
	if (rc > 0)
		put->why = arena_printf(
			put->arena, "repository " STR_FMT " is locked", STR_ARG(put->repository));
	for (size_t i = 0; rc == 0 && repository && i < put->tags.count; i++) {
		struct str tag = put->tags.items[i];
		struct str digest;
		rc = registry_check_untag(
			c, put->arena, repository, tag, &digest, STORE_LOCK_WRITE, err);
		if (rc == REGISTRY_LOCKED && str_eq(digest, put->row.digest))
			rc = 0; /* it stays where it is */
		if (rc > 0)
			put->why = arena_printf(put->arena,
				"tag " STR_FMT " or the manifest it points to is locked",
				STR_ARG(tag));
	}
	return rc;
}

static int read_before(struct db_conn *c, void *argument, struct err *err)
{
	struct put *put = argument;
	int64_t repository = 0;
	int rc = store_repository_find(c, put->repository, &repository, err);
	if (rc == 0)
		rc = check_unchanged(c, put, repository, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (put->unchanged)
		return 0;
	rc = check_locks(c, put, repository, err);
	return rc ? rc : check_references(c, put, repository, err);
}

static int put_tag(struct db_conn *c, struct put *put, struct str tag, struct err *err)
{
	const struct store_manifest *row = &put->row;
	struct store_gc_rules rules = registry_gc_rules(put->registry);
	int rc = store_gc_add_tagged(c, row->repository, tag, &rules, err);
	if (rc < 0)
		return err_trace(err, rc);
	return store_tag_put(c, row->repository, tag, row->id, row->pushed_us, err);
}

/* What nothing holds yet: whatever comes to hold it, the collector will see. */
static int put_question(struct db_conn *c, struct put *put, struct err *err)
{
	const struct store_manifest *row = &put->row;
	struct store_gc_rules rules = registry_gc_rules(put->registry);
	if (row->subject.n ? !rules.orphans : !rules.untagged || put->tags.count)
		return 0;
	int rc = row->subject.n ? store_manifest_exists(c, row->repository, row->subject, err)
				: STORE_ABSENT;
	if (rc != STORE_ABSENT)
		return rc < 0 ? err_trace(err, rc) : 0;
	return store_gc_add(c, row->subject.n ? STORE_GC_ORPHAN : STORE_GC_UNTAGGED,
		row->repository, row->digest, 0, rules.now_us, err);
}

static int write_all(struct db_conn *c, void *argument, struct err *err)
{
	struct put *put = argument;
	struct store_manifest *row = &put->row;
	int rc = store_repository_ensure(c, put->repository, row->pushed_us, &row->repository, err);
	if (rc < 0)
		return err_trace(err, rc);
	rc = check_locks(c, put, row->repository, err);
	if (rc == 0)
		rc = check_references(c, put, row->repository, err);
	if (rc)
		return rc;
	rc = store_manifest_put(c, row, err);
	if (rc == 0)
		crash_point(CRASH_MANIFEST_STORED);
	for (size_t i = 0; rc == 0 && i < put->tags.count; i++)
		rc = put_tag(c, put, put->tags.items[i], err);
	if (rc == 0)
		rc = put_question(c, put, err);
	if (rc == 0 && row->kind != STORE_INDEX)
		rc = store_image_insert_pending(c, row->digest, row->pushed_us, err);
	if (rc == 0)
		crash_point(CRASH_MANIFEST_WRITTEN);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static void add_reference(
	struct put *put, enum store_reference_kind kind, const struct oci_descriptor *descriptor)
{
	struct store_reference reference = {
		.kind = kind,
		.digest = descriptor->digest,
		.media_type = descriptor->media_type,
		.size = descriptor->size,
		.os = descriptor->os,
		.architecture = descriptor->architecture,
		.variant = descriptor->variant,
	};
	AVEC_PUSH(put->arena, &put->row.references, reference);
}

/* What lists of referrers call it: an image without artifactType is of its configuration's type, an
 * index without one of none. */
static struct str referrer_type(const struct oci_manifest *document)
{
	if (!document->has_subject)
		return STR("");
	if (document->artifact_type.n || document->kind == OCI_KIND_INDEX)
		return document->artifact_type;
	return document->config.media_type;
}

static void fill_row(struct put *put, struct str bytes, struct str digest)
{
	const struct oci_manifest *document = put->document;
	put->row = (struct store_manifest){
		.digest = digest,
		.media_type = document->media_type,
		.artifact_type = document->artifact_type,
		.subject = document->has_subject ? document->subject.digest : STR(""),
		.referrer_type = referrer_type(document),
		.bytes = bytes,
		.pushed_us = clock_wall(put->registry->clock),
	};
	if (document->kind == OCI_KIND_INDEX) {
		put->row.kind = STORE_INDEX;
	} else if (oci_manifest_is_attestation(document)) {
		put->row.kind = STORE_ARTIFACT;
		if (!put->row.artifact_type.n)
			put->row.artifact_type = document->layers.items[0].media_type;
	} else {
		put->row.kind = document->kind == OCI_KIND_IMAGE ? STORE_IMAGE : STORE_ARTIFACT;
	}
	if (document->kind != OCI_KIND_INDEX)
		add_reference(put, STORE_REF_CONFIG, &document->config);
	for (size_t i = 0; i < document->layers.n; i++)
		add_reference(put, STORE_REF_LAYER, &document->layers.items[i]);
	for (size_t i = 0; i < document->manifests.n; i++)
		add_reference(put, STORE_REF_CHILD, &document->manifests.items[i]);
}

static bool is_digest_reference(struct str reference)
{
	return str_find(reference, ':') != STR_NONE;
}

/* Names, size and the digest of the bytes; digest: in the algorithm the reference asks for. */
static int check_request(struct arena *arena, struct str repository, struct str reference,
	struct str bytes, struct str *digest, struct str *why)
{
	bool by_digest = is_digest_reference(reference);
	if (!oci_repository_valid(repository)) {
		*why = STR("not a repository name");
		return REGISTRY_NAME_INVALID;
	}
	if (by_digest && !oci_digest_valid(reference)) {
		*why = STR("the reference is not a sha256 or sha512 digest");
		return REGISTRY_DIGEST_INVALID;
	}
	if (!by_digest && !oci_tag_valid(reference)) {
		*why = STR("the reference is not a tag");
		return REGISTRY_TAG_INVALID;
	}
	if (bytes.n > LIMIT_MANIFEST_BYTES) {
		*why = arena_printf(arena, "the manifest has %zu bytes, more than the %zu allowed",
			bytes.n, LIMIT_MANIFEST_BYTES);
		return REGISTRY_MANIFEST_TOO_LARGE;
	}
	bool sha512 = by_digest && str_eq(oci_digest_algorithm(reference), STR("sha512"));
	char text[DIGEST_TEXT_MAX];
	digest_bytes(sha512 ? DIGEST_SHA512 : DIGEST_SHA256, bytes, text);
	*digest = arena_str(arena, str_from(text));
	if (by_digest && !str_eq(*digest, reference)) {
		*why = arena_printf(arena, "the digest of the bytes is " STR_FMT, STR_ARG(*digest));
		return REGISTRY_DIGEST_INVALID;
	}
	return 0;
}

/* The tags that the push sets: those given with a digest, or the reference itself. */
static int choose_tags(struct str *reference, const struct registry_tags *given,
	struct registry_tags *tags, struct str *why)
{
	*tags = (struct registry_tags){ reference, 1 };
	if (!is_digest_reference(*reference))
		return 0;
	*tags = given ? *given : (struct registry_tags){ 0 };
	for (size_t i = 0; i < tags->count; i++) {
		if (oci_tag_valid(tags->items[i]))
			continue;
		*why = STR("a parameter tag is not a tag");
		return REGISTRY_TAG_INVALID;
	}
	return 0;
}

static int parse(struct arena *arena, struct str bytes, struct str content_type,
	struct oci_manifest *document, struct str *why)
{
	struct err said = ERR_INIT;
	if (oci_manifest_parse(arena, bytes, content_type, document, &said) == 0)
		return 0;
	*why = arena_str(arena, str_from(err_text(&said)));
	return REGISTRY_MANIFEST_INVALID;
}

/* Copied, because the configuration's text does not last; what is no word of any platform is left.
 */
static struct str platform_word(struct arena *arena, struct str word)
{
	return word.n && word.n <= PLATFORM_WORD_MAX ? arena_str(arena, word) : STR("");
}

/*
 * What an image's configuration says about its platform. It is shown, and nothing depends on it:
 * what cannot be read is not known.
 */
static void read_platform(struct put *put)
{
	const struct oci_descriptor *descriptor = &put->document->config;
	if (put->row.kind != STORE_IMAGE || descriptor->size > LIMIT_CONFIG_BYTES)
		return;
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	if (blob_open(put->registry->blobs, descriptor->digest, &fd, &size, NULL) != 0)
		return;
	struct arena *arena = arena_new(0);
	struct str text;
	struct oci_config config;
	if (size <= LIMIT_CONFIG_BYTES &&
		file_slurp_fd(arena, fd, LIMIT_CONFIG_BYTES, &text, NULL) == 0 &&
		oci_config_parse(arena, text, &config, NULL) == 0) {
		put->row.os = platform_word(put->arena, config.os);
		put->row.architecture = platform_word(put->arena, config.architecture);
	}
	arena_free(&arena);
}

static int store_it(struct put *put, struct err *err)
{
	struct registry *r = put->registry;
	int rc = store_read(r->store, read_before, put, err);
	if (rc == 0 && !put->unchanged)
		read_platform(put);
	if (rc == 0 && !put->unchanged) {
		crash_point(CRASH_MANIFEST_CHECKED);
		rc = store_write(r->store, write_all, put, err);
		if (rc == 0)
			crash_point(CRASH_MANIFEST_COMMITTED);
	}
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}

int registry_manifest_put(struct registry *r, struct arena *arena, struct str repository,
	struct str reference, const struct registry_tags *tags, struct str content_type,
	struct str bytes, struct registry_manifest *stored, struct str *why, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	*why = STR("");
	struct str digest = STR_NULL;
	int rc = check_request(arena, repository, reference, bytes, &digest, why);
	struct registry_tags chosen;
	if (rc == 0)
		rc = choose_tags(&reference, tags, &chosen, why);
	if (rc)
		return rc;
	struct oci_manifest document;
	rc = parse(arena, bytes, content_type, &document, why);
	if (rc)
		return rc;
	struct put put = {
		.registry = r,
		.arena = arena,
		.repository = repository,
		.tags = chosen,
		.document = &document,
	};
	fill_row(&put, bytes, digest);
	rc = store_it(&put, err);
	if (rc) {
		if (rc > 0 && put.why.n)
			*why = put.why;
		return rc;
	}
	*stored = (struct registry_manifest){
		.digest = digest,
		.media_type = put.row.media_type,
		.bytes = bytes,
		.subject = put.row.subject,
	};
	if (!put.unchanged && r->hooks.manifest_committed)
		r->hooks.manifest_committed(r->hooks.context, digest);
	return 0;
}

struct get {
	struct arena *arena;
	struct str repository;
	struct str reference;
	struct store_manifest row;
	unsigned locks; /* of the repository */
};

static int read_manifest(struct db_conn *c, void *argument, struct err *err)
{
	struct get *get = argument;
	int64_t repository;
	int rc = registry_find_repository(c, get->repository, &repository, err);
	if (rc)
		return rc;
	rc = store_repository_locks(c, repository, &get->locks, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (is_digest_reference(get->reference))
		rc = store_manifest_by_digest(
			c, get->arena, repository, get->reference, &get->row, err);
	else
		rc = store_manifest_by_tag(
			c, get->arena, repository, get->reference, &get->row, err);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? REGISTRY_MANIFEST_UNKNOWN : 0;
}

/* The names of something that should be there. */
static int check_existing(struct str repository, struct str reference)
{
	if (!oci_repository_valid(repository))
		return REGISTRY_NAME_INVALID;
	if (is_digest_reference(reference))
		return oci_digest_valid(reference) ? 0 : REGISTRY_DIGEST_INVALID;
	/* What cannot be a tag is not there: clients probe so and expect "unknown". */
	return oci_tag_valid(reference) ? 0 : REGISTRY_MANIFEST_UNKNOWN;
}

int registry_manifest_get(struct registry *r, struct arena *arena, struct str repository,
	struct str reference, struct registry_manifest *manifest, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	int rc = check_existing(repository, reference);
	if (rc)
		return rc;
	struct get get = { .arena = arena, .repository = repository, .reference = reference };
	rc = store_read(r->store, read_manifest, &get, err);
	if (rc)
		return rc < 0 ? err_trace(err, rc) : rc;
	*manifest = (struct registry_manifest){
		.digest = get.row.digest,
		.media_type = get.row.media_type,
		.bytes = get.row.bytes,
		.subject = get.row.subject,
		.unreadable =
			((get.locks | get.row.locks | get.row.tag_locks) & STORE_LOCK_READ) != 0,
	};
	return 0;
}

int registry_manifest_remove(struct registry *r, struct db_conn *c, int64_t repository,
	struct str digest, struct err *err)
{
	struct store_gc_rules rules = registry_gc_rules(r);
	int rc = store_manifest_delete(c, repository, digest, &rules, err);
	if (rc == 0)
		crash_point(CRASH_MANIFEST_REMOVED);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? REGISTRY_MANIFEST_UNKNOWN : 0;
}

static int untag(
	struct registry *r, struct db_conn *c, int64_t repository, struct str tag, struct err *err)
{
	struct store_gc_rules rules = registry_gc_rules(r);
	int rc = store_gc_add_tagged(c, repository, tag, &rules, err);
	if (rc == 0)
		rc = store_tag_delete(c, repository, tag, err);
	if (rc == 0)
		crash_point(CRASH_UNTAG_WRITTEN);
	if (rc < 0)
		return err_trace(err, rc);
	return rc == STORE_ABSENT ? REGISTRY_MANIFEST_UNKNOWN : 0;
}

struct removal {
	struct registry *registry;
	struct arena *arena;
	struct str repository;
	struct str reference;
};

static int remove_tag(
	struct db_conn *c, const struct removal *removal, int64_t repository, struct err *err)
{
	struct str ignored;
	int rc = registry_check_repository(c, repository, STORE_LOCK_WRITE, err);
	if (rc == 0)
		rc = registry_check_untag(c, removal->arena, repository, removal->reference,
			&ignored, STORE_LOCK_DELETE | STORE_LOCK_WRITE, err);
	return rc ? rc : untag(removal->registry, c, repository, removal->reference, err);
}

static int remove_manifest(struct db_conn *c, void *argument, struct err *err)
{
	const struct removal *removal = argument;
	int64_t repository;
	int rc = registry_find_repository(c, removal->repository, &repository, err);
	if (rc)
		return rc;
	if (!is_digest_reference(removal->reference))
		return remove_tag(c, removal, repository, err);
	rc = registry_check_kept(c, repository, removal->reference, err);
	return rc ? rc
		  : registry_manifest_remove(
			    removal->registry, c, repository, removal->reference, err);
}

int registry_manifest_delete(
	struct registry *r, struct str repository, struct str reference, struct err *err)
{
	CHECK_MAGIC(r, REGISTRY_MAGIC);
	int rc = check_existing(repository, reference);
	if (rc)
		return rc;
	struct arena *arena = arena_new(0);
	struct removal removal = {
		.registry = r, .arena = arena, .repository = repository, .reference = reference
	};
	rc = store_write(r->store, remove_manifest, &removal, err);
	if (rc == 0)
		crash_point(CRASH_MANIFEST_DELETED);
	arena_free(&arena);
	return rc < 0 ? registry_storage(err_trace(err, rc)) : rc;
}
