/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of everything (contract in audit.h), in four steps:
 *
 *  1. Threads take blob rows from a common page, open and hash the files, and note what is wrong.
 *     Nothing is changed while they run.
 *  2. What is wrong is moved away first and condemned second: a crash in between leaves a row
 *     without a file, which the next push or check repairs, never bad bytes that a push would take
 *     for its own because their size is right.
 *  3. Files are held against rows. A file without a row that shares its bytes with an upload is one
 *     that is just being published; one with an order of the collector is about to go.
 *  4. Manifests are hashed where they are, in the database; they have no file that could be moved.
 *
 * Only damage is a finding: no right to read, no memory or no descriptor left would condemn a whole
 * healthy registry, and are errors.
 */
#include "registry/audit.h"

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "oci/digest.h"
#include "os/file.h"
#include "os/thread.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PAGE = 256, MANIFEST_PAGE = 64, BUFFER = 1 << 20, THREADS_MAX = 64, DEPTH_MAX = 8 };

static const uint64_t progress_step = (uint64_t)8 << 20;

struct audit {
	const struct audit_settings *settings;
	struct arena *arena; /* of the result; under lock while threads run */
	struct audit_result *result;

	struct lock lock; /* LOCK_REGISTRY_AUDIT: all below, and the two above */
	struct arena *page_arena;
	struct store_blob_row rows[PAGE];
	size_t row_count, row_next;
	char after[OCI_DIGEST_TEXT_MAX];
	VEC(struct str) pardoned;
	uint64_t total, shown;
	int failed; /* the first error ends all threads; its words are in err */
	struct err err;
};

struct blob_job {
	char digest[OCI_DIGEST_TEXT_MAX];
	uint64_t size;
	bool condemned;
};

const char *audit_kind_name(enum audit_kind kind)
{
	static const char *const names[] = { "damaged", "missing", "stray", "manifest" };
	return names[kind];
}

static struct audit_finding *add_finding(
	struct audit *audit, enum audit_kind kind, struct str name, struct str reason)
{
	struct audit_finding finding = {
		.kind = kind,
		.name = arena_str(audit->arena, name),
		.reason = arena_str(audit->arena, reason),
	};
	AVEC_PUSH(audit->arena, &audit->result->findings, finding);
	return &audit->result->findings.items[audit->result->findings.n - 1];
}

/* --- step 1: hashing */

static int read_page(struct db_conn *c, void *argument, struct err *err)
{
	struct audit *audit = argument;
	return store_blob_list(c, audit->page_arena, str_from(audit->after), PAGE, audit->rows,
		&audit->row_count, err);
}

/* Under the lock. False: no more rows, or somebody failed. */
static bool next_row(struct audit *audit, struct store_blob_row *row)
{
	if (audit->failed)
		return false;
	if (audit->row_next == audit->row_count) {
		arena_reset(audit->page_arena);
		audit->row_next = audit->row_count = 0;
		audit->failed = store_read(audit->settings->store, read_page, audit, &audit->err);
		if (audit->failed || !audit->row_count)
			return false;
		struct str last = audit->rows[audit->row_count - 1].digest;
		CHECK(last.n < sizeof(audit->after));
		memcpy(audit->after, last.p, last.n);
		audit->after[last.n] = '\0';
	}
	*row = audit->rows[audit->row_next++];
	return true;
}

static bool take_job(struct audit *audit, struct blob_job *job)
{
	struct store_blob_row row;
	lock_take(&audit->lock);
	bool taken = next_row(audit, &row);
	if (taken) {
		CHECK(row.digest.n < sizeof(job->digest));
		memcpy(job->digest, row.digest.p, row.digest.n);
		job->digest[row.digest.n] = '\0';
		job->size = row.size;
		job->condemned = row.damaged;
	}
	lock_release(&audit->lock);
	return taken;
}

static void count_bytes(struct audit *audit, uint64_t n)
{
	const struct audit_settings *settings = audit->settings;
	lock_take(&audit->lock);
	audit->result->bytes += n;
	if (settings->progress && audit->result->bytes - audit->shown >= progress_step) {
		audit->shown = audit->result->bytes;
		settings->progress(settings->context, audit->result->bytes, audit->total);
	}
	lock_release(&audit->lock);
}

/* The digest of the whole file as it is. */
static int hash_file(struct audit *audit, int fd, enum digest_algorithm algorithm, char *buffer,
	char out[DIGEST_TEXT_MAX], struct err *err)
{
	struct digest digest;
	digest_init(&digest, algorithm);
	size_t got = BUFFER;
	for (uint64_t at = 0; got == BUFFER; at += got) {
		int rc = file_read_at(fd, buffer, BUFFER, at, &got, err);
		if (rc < 0)
			return err_trace(err, rc);
		digest_update(&digest, buffer, got);
		count_bytes(audit, got);
	}
	digest_final(&digest, out);
	return 0;
}

enum verdict { VERDICT_RIGHT, VERDICT_MISSING, VERDICT_DAMAGED };

/* What an error of reading says about the file itself. */
static bool is_damage(int rc)
{
	return rc == -EIO || rc == -ELOOP || rc == -EISDIR || rc == -ENXIO;
}

static int judge_open(struct audit *audit, const struct blob_job *job, int fd, uint64_t size,
	char *buffer, struct strbuf *reason, enum verdict *verdict, struct err *err)
{
	*verdict = VERDICT_DAMAGED;
	if (size != job->size) {
		strbuf_addf(reason, "it has %" PRIu64 " of %" PRIu64 " bytes", size, job->size);
		return 0;
	}
	char found[DIGEST_TEXT_MAX];
	bool long_one = str_starts(str_from(job->digest), STR("sha512:"));
	int rc = hash_file(audit, fd, long_one ? DIGEST_SHA512 : DIGEST_SHA256, buffer, found, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (str_eq(str_from(found), str_from(job->digest)))
		*verdict = VERDICT_RIGHT;
	else
		strbuf_addf(reason, "its content is %s", found);
	return 0;
}

static int judge(struct audit *audit, const struct blob_job *job, char *buffer,
	struct strbuf *reason, enum verdict *verdict, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	int rc = blob_open(audit->settings->blobs, str_from(job->digest), &fd, &size, err);
	if (rc == BLOB_ABSENT) {
		*verdict = VERDICT_MISSING;
		strbuf_add_cstr(reason,
			job->condemned ? "it was lost or moved away before" : "there is no file");
		return 0;
	}
	if (rc == 0)
		rc = judge_open(audit, job, fd, size, buffer, reason, verdict, err);
	if (is_damage(rc)) {
		*verdict = VERDICT_DAMAGED;
		strbuf_clear(reason);
		strbuf_addf(reason, "it cannot be read: %s", err_text(err));
		return 0;
	}
	return rc < 0 ? err_wrap(err, rc, "checking %s", job->digest) : 0;
}

static void note_verdict(
	struct audit *audit, const struct blob_job *job, enum verdict verdict, struct str reason)
{
	struct str digest = str_from(job->digest);
	lock_take(&audit->lock);
	audit->result->blobs++;
	if (verdict != VERDICT_RIGHT)
		(void)add_finding(audit, verdict == VERDICT_MISSING ? AUDIT_MISSING : AUDIT_DAMAGED,
			digest, reason);
	else if (job->condemned)
		AVEC_PUSH(audit->arena, &audit->pardoned, arena_str(audit->arena, digest));
	lock_release(&audit->lock);
}

static void hash_blobs(void *argument)
{
	struct audit *audit = argument;
	AUTO_FREE char *buffer = malloc(BUFFER);
	CHECK(buffer);
	struct blob_job job;
	while (take_job(audit, &job)) {
		struct err err = ERR_INIT;
		AUTO_STRBUF struct strbuf reason = STRBUF(4096);
		enum verdict verdict = VERDICT_DAMAGED; /* until it is shown to be right */
		int rc = judge(audit, &job, buffer, &reason, &verdict, &err);
		if (rc == 0) {
			note_verdict(audit, &job, verdict, strbuf_view(&reason));
			continue;
		}
		lock_take(&audit->lock);
		if (!audit->failed) {
			audit->failed = rc;
			audit->err = err;
		}
		lock_release(&audit->lock);
	}
}

static int hash_in_threads(struct audit *audit, struct err *err)
{
	unsigned wanted = audit->settings->threads ? audit->settings->threads : processor_count();
	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	pthread_t threads[THREADS_MAX];
	unsigned running = 0;
	int rc = 0;
	while (running + 1 < wanted && rc == 0) {
		rc = thread_start("audit", hash_blobs, audit, &threads[running], err);
		running += rc == 0;
	}
	hash_blobs(audit); /* with fewer threads it only takes longer */
	for (unsigned i = 0; i < running; i++)
		thread_join(threads[i]);
	if (!audit->failed)
		return 0;
	*err = audit->err;
	return err_trace(err, audit->failed);
}

/* --- what is affected */

struct affected_call {
	struct audit *audit;
	struct audit_finding *finding;
};

static bool is_listed(const struct audit_finding *finding, struct str repository, struct str digest)
{
	for (size_t i = 0; i < finding->affected.n; i++)
		if (str_eq(finding->affected.items[i].digest, digest) &&
			str_eq(finding->affected.items[i].repository, repository))
			return true;
	return false;
}

static int add_manifest(struct affected_call *call, struct db_conn *c,
	const struct store_holder *holder, const struct store_namer *namer, struct err *err)
{
	struct audit_affected affected = { .repository = holder->name, .digest = namer->digest };
	int rc = store_tags_of(c, call->audit->arena, namer->manifest, &affected.tags, err);
	if (rc < 0)
		return err_trace(err, rc);
	AVEC_PUSH(call->audit->arena, &call->finding->affected, affected);
	return 0;
}

/* Manifests of one repository that need the digest: those that name it, and the indexes above. */
static int add_namers(struct affected_call *call, struct db_conn *c,
	const struct store_holder *holder, struct str digest, unsigned depth, struct err *err)
{
	struct store_namer *namers;
	size_t count;
	int rc = store_manifests_naming(
		c, call->audit->arena, holder->repository, digest, &namers, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (depth && is_listed(call->finding, holder->name, namers[i].digest))
			continue;
		rc = add_manifest(call, c, holder, &namers[i], err);
		if (rc == 0 && depth < DEPTH_MAX)
			rc = add_namers(call, c, holder, namers[i].digest, depth + 1, err);
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int read_affected(struct db_conn *c, void *argument, struct err *err)
{
	struct affected_call *call = argument;
	struct store_holder *holders;
	size_t count;
	int rc = store_blob_holders(
		c, call->audit->arena, call->finding->name, &holders, &count, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_namers(call, c, &holders[i], call->finding->name, 0, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

/* --- step 2: moving and condemning */

static int condemn(struct db_conn *c, void *argument, struct err *err)
{
	return store_blob_condemn(c, *(const struct str *)argument, err);
}

static int pardon(struct db_conn *c, void *argument, struct err *err)
{
	return store_blob_pardon(c, *(const struct str *)argument, err);
}

static int settle(struct audit *audit, struct audit_finding *finding, struct err *err)
{
	const struct blob_file file = { .digest = finding->name };
	struct affected_call call = { .audit = audit, .finding = finding };
	int rc = 0;
	if (finding->kind == AUDIT_DAMAGED)
		rc = blob_quarantine(
			audit->settings->blobs, audit->arena, &file, &finding->moved, err);
	if (rc >= 0)
		rc = store_write(audit->settings->store, condemn, &finding->name, err);
	if (rc >= 0)
		rc = store_read(audit->settings->store, read_affected, &call, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int settle_blobs(struct audit *audit, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < audit->result->findings.n; i++)
		rc = settle(audit, &audit->result->findings.items[i], err);
	for (size_t i = 0; rc == 0 && i < audit->pardoned.n; i++) {
		rc = store_write(audit->settings->store, pardon, &audit->pardoned.items[i], err);
		audit->result->pardoned += rc == 0;
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

/* --- step 3: files against rows */

/* 0: a row or an order of the collector knows the digest; STORE_ABSENT: nobody does. */
static int find_owner(struct db_conn *c, void *argument, struct err *err)
{
	const struct str *digest = argument;
	uint64_t size;
	int64_t since;
	int rc = store_blob_size(c, *digest, &size, err);
	return rc == STORE_ABSENT ? store_gc_find(c, STORE_GC_FILE, 0, *digest, &since, err) : rc;
}

static int check_file(struct audit *audit, struct blob_file *file, struct err *err)
{
	if (file->digest.n) {
		int rc = store_read(audit->settings->store, find_owner, &file->digest, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == 0 || file->shared)
			return 0;
	}
	struct str moved;
	int rc = blob_quarantine(audit->settings->blobs, audit->arena, file, &moved, err);
	if (rc < 0)
		return err_trace(err, rc);
	struct audit_finding *finding = add_finding(audit, AUDIT_STRAY, file->path,
		file->digest.n ? STR("the database has no such blob")
			       : STR("no blob is kept under such a name"));
	if (rc == 0)
		finding->moved = moved;
	return 0;
}

static int check_files(struct audit *audit, struct err *err)
{
	int rc = 0;
	for (unsigned part = 0; rc == 0 && part < BLOB_PARTS; part++) {
		struct arena *arena = arena_new(0);
		struct blob_file *files;
		size_t count;
		rc = blob_files(audit->settings->blobs, arena, part, &files, &count, err);
		for (size_t i = 0; rc == 0 && i < count; i++)
			rc = check_file(audit, &files[i], err);
		arena_free(&arena);
	}
	return rc < 0 ? err_wrap(err, rc, "comparing files with the database") : 0;
}

/* --- step 4: manifests */

struct manifest_page {
	struct arena *arena;
	int64_t after;
	struct store_stored_manifest rows[MANIFEST_PAGE];
	size_t count;
};

static int read_manifests(struct db_conn *c, void *argument, struct err *err)
{
	struct manifest_page *page = argument;
	return store_manifests_after(
		c, page->arena, page->after, MANIFEST_PAGE, page->rows, &page->count, err);
}

struct manifest_call {
	struct affected_call affected;
	const struct store_stored_manifest *row;
};

static int read_manifest_affected(struct db_conn *c, void *argument, struct err *err)
{
	struct manifest_call *call = argument;
	struct arena *arena = call->affected.audit->arena;
	const struct store_holder holder = {
		.repository = call->row->repository,
		.name = arena_str(arena, call->row->repository_name),
	};
	const struct store_namer self = {
		.manifest = call->row->id,
		.digest = call->affected.finding->name,
	};
	int rc = add_manifest(&call->affected, c, &holder, &self, err);
	if (rc == 0)
		rc = add_namers(&call->affected, c, &holder, self.digest, 1, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int check_manifest(
	struct audit *audit, const struct store_stored_manifest *row, struct err *err)
{
	char found[DIGEST_TEXT_MAX];
	bool long_one = str_starts(row->digest, STR("sha512:"));
	audit->result->manifests++;
	digest_bytes(long_one ? DIGEST_SHA512 : DIGEST_SHA256, row->bytes, found);
	if (str_eq(str_from(found), row->digest))
		return 0;
	struct str reason = arena_printf(audit->arena,
		"its content in the database is %s; delete it and push it again", found);
	struct manifest_call call = {
		.affected = { .audit = audit,
			.finding = add_finding(audit, AUDIT_MANIFEST, row->digest, reason) },
		.row = row,
	};
	int rc = store_read(audit->settings->store, read_manifest_affected, &call, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int check_manifests(struct audit *audit, struct err *err)
{
	struct manifest_page page = { .after = 0 };
	int rc;
	do {
		page.arena = arena_new(0);
		rc = store_read(audit->settings->store, read_manifests, &page, err);
		for (size_t i = 0; rc == 0 && i < page.count; i++) {
			rc = check_manifest(audit, &page.rows[i], err);
			page.after = page.rows[i].id;
		}
		arena_free(&page.arena);
	} while (rc == 0 && page.count == MANIFEST_PAGE);
	return rc < 0 ? err_wrap(err, rc, "checking manifests") : 0;
}

/* --- all of it */

static int read_total(struct db_conn *c, void *argument, struct err *err)
{
	struct store_totals totals;
	int rc = store_totals(c, &totals, err);
	if (rc == 0)
		((struct audit *)argument)->total = (uint64_t)totals.blob_bytes;
	return rc;
}

int registry_audit(const struct audit_settings *settings, struct arena *arena,
	struct audit_result *result, struct err *err)
{
	*result = (struct audit_result){ 0 };
	struct audit *audit = calloc(1, sizeof(*audit));
	CHECK(audit);
	*audit = (struct audit){
		.settings = settings,
		.arena = arena,
		.result = result,
		.page_arena = arena_new(0),
	};
	lock_init(&audit->lock, LOCK_REGISTRY_AUDIT);
	int rc = store_read(settings->store, read_total, audit, err);
	if (rc == 0)
		rc = hash_in_threads(audit, err);
	if (rc == 0)
		rc = settle_blobs(audit, err);
	if (rc == 0)
		rc = check_files(audit, err);
	if (rc == 0)
		rc = check_manifests(audit, err);
	lock_destroy(&audit->lock);
	arena_free(&audit->page_arena);
	free(audit);
	return rc < 0 ? err_trace(err, rc) : 0;
}
