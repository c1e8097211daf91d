/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The garbage collector on an injected clock: what goes when, what keeps it, what a crash or a
 * fault in every step leaves, and what the preview says before. test_gc_stress.c has many threads.
 */
#include "fixture.h"

#include "os/fault.h"

#include <stdlib.h>
#include <string.h>

#define NAME   STR("app")
#define CONFIG STR("{}")
#define LAYER  STR("layer")

static const int64_t second = 1000000;
static const int64_t hour = (int64_t)3600 * 1000000;
static const int64_t day = (int64_t)24 * 3600 * 1000000;

static struct str pushed_image(struct fixture *f, const char *repository, struct str layer)
{
	pushed(f, repository, CONFIG);
	pushed(f, repository, layer);
	return image_manifest(f, CONFIG, layer);
}

static struct str manifest_digest(struct fixture *f, struct str bytes)
{
	return digest_of(f, DIGEST_SHA256, bytes);
}

static int delete_manifest(struct fixture *f, const char *repository, struct str reference)
{
	return registry_manifest_delete(f->registry, str_from(repository), reference, &f->err);
}

static int blob_there(struct fixture *f, const char *repository, struct str digest)
{
	uint64_t size;
	return registry_blob_stat(f->registry, str_from(repository), digest, &size, &f->err);
}

static int manifest_there(struct fixture *f, const char *repository, struct str reference)
{
	struct registry_manifest manifest;
	return registry_manifest_get(
		f->registry, f->arena, str_from(repository), reference, &manifest, &f->err);
}

/* A round now; what the preview before it said must be what it did. */
static void collect(struct fixture *f, uint64_t manifests, uint64_t links, uint64_t blobs)
{
	struct registry_gc_result said;
	assert_int_equal(
		registry_gc_preview(f->registry, REGISTRY_GC_POLICY_GRACE, &said, &f->err), 0);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.manifests, manifests);
	assert_int_equal(f->collected.links, links);
	assert_int_equal(f->collected.blobs, blobs);
	assert_int_equal(f->collected.failures, 0);
	assert_int_equal(said.manifests, manifests);
	assert_int_equal(said.links, links);
	assert_int_equal(said.blobs, blobs);
	assert_int_equal(said.bytes, f->collected.bytes);
	assert_int_equal(said.pinned, f->collected.pinned);
}

static void set_policy(struct fixture *f, bool delete_untagged, int64_t untagged_us)
{
	struct registry_gc_policy policy = registry_gc_standard;
	policy.delete_untagged = delete_untagged;
	policy.untagged_us = untagged_us;
	registry_gc_set_policy(f->registry, &policy);
}

static void what_nothing_names_goes_after_the_grace(void **state)
{
	struct fixture *f = *state;
	struct str digest = pushed(f, "app", LAYER);
	f->now_us += hour - 1;
	collect(f, 0, 0, 0);
	assert_int_equal(blob_there(f, "app", digest), 0);
	f->now_us += 1;
	collect(f, 0, 1, 1);
	assert_int_equal(f->collected.bytes, LAYER.n);
	/* The repository held nothing else, so it is gone as well. */
	assert_int_equal(blob_there(f, "app", digest), REGISTRY_NAME_UNKNOWN);
	assert_int_equal(files_below(f, "blobs"), 0);
	collect(f, 0, 0, 0);
	struct gc_stats stats;
	registry_gc_stats(f->registry, &stats);
	assert_int_equal(stats.rounds, 3);
	assert_int_equal(stats.blobs, 1);
	assert_int_equal(stats.bytes, LAYER.n);
	assert_int_equal(stats.last_round_us, f->now_us);
}

static void a_manifest_keeps_what_it_names(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	assert_int_equal(put_manifest(f, "app", STR("1"), bytes), 0);
	f->now_us += 10 * day;
	collect(f, 0, 0, 0);
	/* Without a tag it stays, too: that is the standard. */
	assert_int_equal(delete_manifest(f, "app", STR("1")), 0);
	f->now_us += 10 * day;
	collect(f, 0, 0, 0);
	assert_int_equal(manifest_there(f, "app", manifest_digest(f, bytes)), 0);
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, bytes)), 0);
	f->now_us += hour - 1;
	collect(f, 0, 0, 0);
	f->now_us += 1;
	collect(f, 0, 2, 2);
	assert_int_equal(files_below(f, "blobs"), 0);
}

static void a_layer_shared_by_others_stays(void **state)
{
	struct fixture *f = *state;
	struct str other = STR("other layer");
	struct str one = pushed_image(f, "app", LAYER);
	struct str two = pushed_image(f, "app", other);
	assert_int_equal(put_manifest(f, "app", STR("1"), one), 0);
	assert_int_equal(put_manifest(f, "app", STR("2"), two), 0);
	assert_int_equal(put_manifest(f, "copy", STR("1"), pushed_image(f, "copy", other)), 0);
	/* The configuration is still named by the second image, in the same repository. */
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, one)), 0);
	f->now_us += hour;
	collect(f, 0, 1, 1);
	/* The second image's content goes from the repository, and stays in the other. */
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, two)), 0);
	f->now_us += hour;
	collect(f, 0, 2, 0);
	assert_int_equal(blob_there(f, "copy", digest_of(f, DIGEST_SHA256, other)), 0);
	assert_int_equal(files_below(f, "blobs"), 2);
}

static void head_mount_and_put_renew_the_grace(void **state)
{
	struct fixture *f = *state;
	uint64_t size;
	struct str head = pushed(f, "app", STR("head"));
	struct str put = pushed(f, "app", STR("put"));
	struct str none = pushed(f, "app", STR("none"));
	f->now_us += hour - second;
	assert_int_equal(registry_blob_check(f->registry, NAME, head, &size, &f->err), 0);
	assert_int_equal(size, 4);
	pushed(f, "app", STR("put"));
	assert_int_equal(registry_blob_mount(f->registry, STR("copy"), NAME, none, &f->err), 0);
	f->now_us += second;
	collect(f, 0, 1, 0); /* "none" leaves the first repository, the mount keeps it */
	assert_int_equal(blob_there(f, "app", head), 0);
	assert_int_equal(blob_there(f, "app", put), 0);
	assert_int_equal(blob_there(f, "app", none), REGISTRY_BLOB_UNKNOWN);
	assert_int_equal(blob_there(f, "copy", none), 0);
	struct gc_stats stats;
	registry_gc_stats(f->registry, &stats);
	assert_int_equal(stats.rescued, 1);
	f->now_us += hour - second - 1;
	collect(f, 0, 0, 0);
	f->now_us += 1;
	collect(f, 0, 3, 3);
	assert_int_equal(registry_blob_check(f->registry, NAME, head, &size, &f->err),
		REGISTRY_NAME_UNKNOWN);
}

/* Pulls ask with HEAD, too: what is in use is not written about. */
static void head_of_what_is_in_use_writes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t size;
	struct gc_stats stats;
	assert_int_equal(put_manifest(f, "app", STR("1"), pushed_image(f, "app", LAYER)), 0);
	f->now_us += hour / 2;
	assert_int_equal(registry_blob_check(f->registry, NAME, digest_of(f, DIGEST_SHA256, LAYER),
				 &size, &f->err),
		0);
	struct str young = pushed(f, "app", STR("young"));
	f->now_us += hour / 16;
	assert_int_equal(registry_blob_check(f->registry, NAME, young, &size, &f->err), 0);
	registry_gc_stats(f->registry, &stats);
	assert_int_equal(stats.rescued, 0);
}

static void a_running_upload_keeps_its_repository(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct str digest = pushed(f, "app", LAYER);
	struct str elsewhere = pushed(f, "other", STR("elsewhere"));
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	f->now_us += 2 * hour;
	collect(f, 0, 1, 1);
	assert_int_equal(f->collected.pinned, 1);
	assert_int_equal(blob_there(f, "other", elsewhere), REGISTRY_NAME_UNKNOWN);
	/* With the upload's end a whole grace begins. */
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err), 0);
	f->now_us += hour - second;
	collect(f, 0, 0, 0);
	assert_int_equal(blob_there(f, "app", digest), 0);
	f->now_us += 2 * second;
	collect(f, 0, 1, 1);
}

/* A repository in which there is always some upload. */
static void uploads_do_not_keep_garbage_for_ever(void **state)
{
	struct fixture *f = *state;
	char id[37];
	pushed(f, "app", LAYER);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
		f->now_us += day - second;
		collect(f, 0, 0, 0);
		assert_int_equal(f->collected.pinned, 1);
	}
	f->now_us += day;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.links, 1);
	assert_int_equal(f->collected.uploads, 1);
}

static void a_deleted_blob_waits_for_its_grace(void **state)
{
	struct fixture *f = *state;
	struct str digest = pushed(f, "app", LAYER);
	assert_int_equal(registry_blob_delete(f->registry, NAME, digest, &f->err), 0);
	assert_int_equal(blob_there(f, "app", digest), REGISTRY_BLOB_UNKNOWN);
	f->now_us += hour - 1;
	collect(f, 0, 0, 0);
	pushed(f, "copy", LAYER); /* the bytes are still there, and are wanted again */
	f->now_us += 1;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.blobs, 0);
	assert_int_equal(blob_there(f, "copy", digest), 0);
	assert_int_equal(registry_blob_delete(f->registry, STR("copy"), digest, &f->err), 0);
	f->now_us += hour;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.blobs, 1);
	assert_int_equal(blob_there(f, "copy", digest), REGISTRY_NAME_UNKNOWN);
}

static void untagged_manifests_go_when_the_policy_says_so(void **state)
{
	struct fixture *f = *state;
	struct str before = pushed_image(f, "app", STR("before"));
	assert_int_equal(put_manifest(f, "app", STR("b"), before), 0);
	assert_int_equal(delete_manifest(f, "app", STR("b")), 0);
	set_policy(f, true, 2 * day);
	struct str moved = pushed_image(f, "app", STR("moved"));
	struct str removed = pushed_image(f, "app", STR("removed"));
	struct str never = pushed_image(f, "app", STR("never"));
	struct str again = pushed_image(f, "app", STR("again"));
	assert_int_equal(put_manifest(f, "app", STR("1"), moved), 0);
	assert_int_equal(put_manifest(f, "app", STR("1"), removed), 0);
	assert_int_equal(delete_manifest(f, "app", STR("1")), 0);
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, never), never), 0);
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, again), again), 0);
	f->now_us += 2 * day - 1;
	/* "again" is put again, which changes nothing but its time. */
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, again), again), 0);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.manifests, 0);
	f->now_us += 1;
	collect(f, 3, 0, 0);
	assert_int_equal(
		manifest_there(f, "app", manifest_digest(f, moved)), REGISTRY_MANIFEST_UNKNOWN);
	assert_int_equal(manifest_there(f, "app", manifest_digest(f, again)), 0);
	/* Untagged before the policy was in force. */
	assert_int_equal(manifest_there(f, "app", manifest_digest(f, before)), 0);
	f->now_us += hour;
	collect(f, 0, 3, 3);
	/* A tag that comes in time saves it; the policy of the time of the look decides. */
	assert_int_equal(put_manifest(f, "app", STR("a"), again), 0);
	f->now_us += 10 * day;
	collect(f, 0, 0, 0);
}

static struct str index_of(struct fixture *f, struct str child)
{
	return arena_printf(f->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"manifests\":[{"
		"\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" STR_FMT "\",\"size\":%zu}]}",
		STR_ARG(manifest_digest(f, child)), child.n);
}

static void children_of_an_index_are_not_untagged(void **state)
{
	struct fixture *f = *state;
	set_policy(f, true, 0);
	struct str child = pushed_image(f, "app", LAYER);
	struct str index = index_of(f, child);
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, child), child), 0);
	assert_int_equal(put_manifest(f, "app", STR("1"), index), 0);
	f->now_us += day;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(manifest_there(f, "app", manifest_digest(f, child)), 0);
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, index)), 0);
	f->now_us += 1;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.manifests, 1);
	f->now_us += hour;
	collect(f, 0, 2, 2);
}

static struct str referrer_of(struct fixture *f, struct str subject, const char *note)
{
	return arena_printf(f->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_IMAGE "\",\"artifactType\":\"a/b\","
		"\"config\":{\"mediaType\":\"application/"
		"vnd.oci.empty.v1+json\",\"digest\":\"" STR_FMT
		"\",\"size\":2},\"layers\":[],\"annotations\":{\"note\":\"%s\"},\"subject\":{"
		"\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" STR_FMT "\",\"size\":%zu}}",
		STR_ARG(digest_of(f, DIGEST_SHA256, CONFIG)), note,
		STR_ARG(manifest_digest(f, subject)), subject.n);
}

static void orphaned_referrers_follow_their_subject(void **state)
{
	struct fixture *f = *state;
	struct str image = pushed_image(f, "app", LAYER);
	struct str signature = referrer_of(f, image, "signature");
	struct str about_it = referrer_of(f, signature, "about the signature");
	struct str tagged = referrer_of(f, image, "tagged");
	/* A referrer may come first. */
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, signature), signature), 0);
	f->now_us += hour / 2;
	assert_int_equal(put_manifest(f, "app", STR("1"), image), 0);
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, about_it), about_it), 0);
	assert_int_equal(put_manifest(f, "app", STR("kept"), tagged), 0);
	f->now_us += day;
	collect(f, 0, 0, 0);
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, image)), 0);
	f->now_us += hour;
	collect(f, 1, 1, 1);
	assert_int_equal(
		manifest_there(f, "app", manifest_digest(f, signature)), REGISTRY_MANIFEST_UNKNOWN);
	f->now_us += hour;
	collect(f, 1, 0, 0);
	assert_int_equal(
		manifest_there(f, "app", manifest_digest(f, about_it)), REGISTRY_MANIFEST_UNKNOWN);
	assert_int_equal(manifest_there(f, "app", STR("kept")), 0);
	/* One whose subject never comes. */
	struct str lonely = referrer_of(f, STR("nothing"), "lonely");
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, lonely), lonely), 0);
	f->now_us += hour;
	collect(f, 1, 0, 0);
}

static void orphans_stay_when_the_policy_says_so(void **state)
{
	struct fixture *f = *state;
	struct registry_gc_policy policy = registry_gc_standard;
	policy.delete_orphans = false;
	registry_gc_set_policy(f->registry, &policy);
	struct str image = pushed_image(f, "app", LAYER);
	struct str signature = referrer_of(f, image, "signature");
	assert_int_equal(put_manifest(f, "app", STR("1"), image), 0);
	assert_int_equal(put_manifest(f, "app", manifest_digest(f, signature), signature), 0);
	assert_int_equal(delete_manifest(f, "app", manifest_digest(f, image)), 0);
	f->now_us += 30 * day;
	collect(f, 0, 1, 1);
	assert_int_equal(manifest_there(f, "app", manifest_digest(f, signature)), 0);
}

/* More than a page of everything. */
static void many_pages_are_one_round(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 300 };
	for (unsigned i = 0; i < COUNT; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%u", i);
		pushed(f, i % 2 ? "odd" : "even", (struct str){ text, (size_t)n });
	}
	f->now_us += hour;
	collect(f, 0, COUNT, COUNT);
	assert_int_equal(files_below(f, "blobs"), 0);
}

/* --- crashes and faults */

static int count_candidates(struct db_conn *c, void *argument, struct err *err)
{
	size_t *total = argument;
	struct arena *arena = arena_new(0);
	*total = 0;
	for (int kind = STORE_GC_LINK; kind <= STORE_GC_ORPHAN; kind++) {
		struct store_gc_candidate rows[16];
		size_t count;
		assert_int_equal(store_gc_after(c, arena, (enum store_gc_kind)kind, NULL, 16, rows,
					 &count, err),
			0);
		*total += count;
	}
	arena_free(&arena);
	return 0;
}

static void assert_no_candidates(struct fixture *f)
{
	size_t total;
	assert_int_equal(store_read(f->store, count_candidates, &total, &f->err), 0);
	assert_int_equal(total, 0);
}

/* The process ends between the transaction that takes the row away and the removal of the file. */
static int free_it(struct db_conn *c, void *argument, struct err *err)
{
	const struct str *digest = argument;
	uint64_t size;
	assert_int_equal(store_blob_unlink(c, 1, *digest, err), 0);
	return store_gc_free_blob(c, *digest, 1, &size, err);
}

static void a_removal_goes_on_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct str digest = pushed(f, "app", LAYER);
	struct str wanted = pushed(f, "app", STR("wanted"));
	assert_int_equal(store_write(f->store, free_it, &digest, &f->err), 0);
	assert_int_equal(store_write(f->store, free_it, &wanted, &f->err), 0);
	fixture_close(f);
	fixture_open(f);
	assert_int_equal(files_below(f, "blobs"), 2);
	assert_int_equal(blob_there(f, "app", wanted), REGISTRY_BLOB_UNKNOWN);
	/* Before the collector runs somebody puts one of them again: that upload wins. */
	pushed(f, "app", STR("wanted"));
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.blobs, 1);
	assert_int_equal(files_below(f, "blobs"), 1);
	assert_int_equal(blob_there(f, "app", wanted), 0);
	/* The file was removed, and the order not yet: the next round finds no file. */
	assert_int_equal(store_write(f->store, free_it, &wanted, &f->err), 0);
	assert_int_equal(blob_delete(f->blobs, wanted, &f->err), 0);
	assert_int_equal(sweep(f), 0);
	f->now_us += hour;
	assert_int_equal(sweep(f), 0);
	assert_no_candidates(f);
}

/* An upload was published, its row never came, and nobody continued it. */
static void what_a_crashed_upload_published_is_found(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_write(upload, "hello", 5, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	struct blob_stage *stage;
	assert_int_equal(blob_stage_open(f->blobs, str_from(id), 5, &stage, &f->err), 0);
	assert_int_equal(
		blob_publish(&stage, digest_of(f, DIGEST_SHA256, STR("hello")), &f->err), 0);
	fixture_close(f);
	fixture_open(f);
	assert_int_equal(files_below(f, "blobs"), 1);
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err), 0);
	assert_int_equal(files_below(f, "uploads"), 0);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.blobs, 1);
	assert_int_equal(files_below(f, "blobs"), 0);
	assert_no_candidates(f);
}

/* Each call of the blob store fails once: the round goes on with the rest, and a later one ends the
 * work. */
static void every_failing_call_is_tried_again(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	for (uint64_t call = 1; failed; call++) {
		assert_true(call < 20);
		pushed(f, "app", STR("one"));
		pushed(f, "app", STR("two"));
		f->now_us += hour;
		fixture_close(f);
		fixture_open_faulty(f, call, EIO);
		int rc = sweep(f);
		failed = rc != 0 || f->collected.failures;
		if (failed)
			assert_true(files_below(f, "blobs") <= 2);
		fixture_close(f);
		fixture_open(f);
		f->now_us += hour;
		assert_int_equal(sweep(f), 0);
		assert_int_equal(f->collected.failures, 0);
		assert_int_equal(files_below(f, "blobs"), 0);
		assert_no_candidates(f);
		if (!failed)
			assert_int_equal(call, 6); /* the list, two removals, two syncs */
	}
}

/* The database's own writes and syncs fail, one by one; then it is full for good. A failed delete
 * has deleted nothing, a failed round has lost nothing that is in use. */
static void a_failing_database_loses_nothing(void **state)
{
	static const char *const points[] = { "fsync:EIO", "write:ENOSPC", "write:EIO" };
	struct fixture *f = *state;
	unsigned failures = 0;
	os_fault_set("rename:EIO:nth=1000000"); /* so that the database takes part */
	fixture_close(f);
	fixture_open(f);
	struct str kept = pushed_image(f, "app", STR("kept"));
	assert_int_equal(put_manifest(f, "app", STR("kept"), kept), 0);
	for (size_t point = 0; point < sizeof(points) / sizeof(points[0]); point++) {
		bool failed = true;
		for (unsigned n = 1; failed; n++) {
			char layer[32];
			char fault[64];
			assert_true(n < 40);
			int length = snprintf(layer, sizeof(layer), "%zu %u", point, n);
			struct str image =
				pushed_image(f, "app", (struct str){ layer, (size_t)length });
			struct str digest = manifest_digest(f, image);
			assert_int_equal(put_manifest(f, "app", STR("1"), image), 0);
			snprintf(fault, sizeof(fault), "%s:nth=%u", points[point], n);
			os_fault_set(fault);
			int rc = delete_manifest(f, "app", digest);
			failed = rc != 0;
			if (failed)
				assert_true(rc < 0 || rc == REGISTRY_STORAGE_FULL);
			int there = manifest_there(f, "app", STR("1"));
			if (failed)
				assert_int_equal(there, 0);
			else
				f->now_us += hour;
			failed |= sweep(f) != 0 || f->collected.failures;
			os_fault_set(NULL);
			failures += failed;
			rc = delete_manifest(f, "app", digest);
			assert_true(rc == 0 || rc == REGISTRY_MANIFEST_UNKNOWN);
			f->now_us += hour;
			assert_int_equal(sweep(f), 0);
			f->now_us += hour;
			assert_int_equal(sweep(f), 0);
			assert_int_equal(files_below(f, "blobs"), 2);
			assert_no_candidates(f);
			assert_int_equal(manifest_there(f, "app", STR("kept")), 0);
		}
	}
	assert_true(failures >= 6);
}

/* The clock is set a year forward while the server runs: nobody's grace ends. It was a year ahead
 * when the server ran before: the grace is counted from the restart. */
static int64_t jumped(void *context)
{
	const struct fixture *f = context;
	return f->now_us + 365 * day;
}

static void a_clock_that_jumps_ends_no_grace(void **state)
{
	struct fixture *f = *state;
	struct clock normal = f->clock;
	struct str digest = pushed(f, "app", LAYER);
	f->clock.wall_us = jumped;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.links, 0);
	assert_int_equal(blob_there(f, "app", digest), 0);
	fixture_close(f);
	fixture_open(f);
	pushed(f, "app", LAYER); /* asked in a year from now */
	fixture_close(f);
	f->clock = normal;
	fixture_open(f);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(blob_there(f, "app", digest), 0);
	f->now_us += hour;
	assert_int_equal(sweep(f), 0);
	assert_int_equal(f->collected.blobs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_nothing_names_goes_after_the_grace),
		TEST(a_manifest_keeps_what_it_names),
		TEST(a_layer_shared_by_others_stays),
		TEST(head_mount_and_put_renew_the_grace),
		TEST(head_of_what_is_in_use_writes_nothing),
		TEST(a_running_upload_keeps_its_repository),
		TEST(uploads_do_not_keep_garbage_for_ever),
		TEST(a_deleted_blob_waits_for_its_grace),
		TEST(untagged_manifests_go_when_the_policy_says_so),
		TEST(children_of_an_index_are_not_untagged),
		TEST(orphaned_referrers_follow_their_subject),
		TEST(orphans_stay_when_the_policy_says_so),
		TEST(many_pages_are_one_round),
		TEST(a_removal_goes_on_after_a_restart),
		TEST(what_a_crashed_upload_published_is_found),
		TEST(every_failing_call_is_tried_again),
		TEST(a_failing_database_loses_nothing),
		TEST(a_clock_that_jumps_ends_no_grace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
