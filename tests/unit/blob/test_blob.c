/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One suite for every blob driver: files, memory, and both behind the fault-injecting wrapper. The
 * fault cases raise the number of the failing call until the work succeeds, and look after every
 * failure: no blob is half visible, and the upload can be taken up again.
 */
#include "blob/blob.h"

#include "../temporary.h"
#include "base/cleanup.h"
#include "blob/driver.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* The drivers hash nothing, so any well-formed digest will do. */
#define DIGEST_A STR("sha256:aa00000000000000000000000000000000000000000000000000000000000001")
#define DIGEST_B STR("sha256:bb00000000000000000000000000000000000000000000000000000000000002")
#define DIGEST_C                                                                                   \
	STR("sha512:cc00000000000000000000000000000000000000000000000000000000000000"              \
	    "0000000000000000000000000000000000000000000000000000000000000003")
#define UPLOAD STR("0b9aef5e-4e6c-4cb1-9d0c-1c66f7cb0a11")

enum kind { FILES, MEMORY, FILES_WRAPPED, MEMORY_WRAPPED };

struct fixture {
	enum kind kind;
	struct blob_store *store;
	char root[TEMPORARY_MAX];
};

/* A store of the kind; fail_call only matters to the wrapped ones. */
static struct blob_store *open_store(struct fixture *fixture, uint64_t fail_call)
{
	struct blob_store *store = NULL;
	struct err err = ERR_INIT;
	bool files = fixture->kind == FILES || fixture->kind == FILES_WRAPPED;
	int result = files ? blob_store_open_fs(fixture->root, &store, &err)
			   : blob_store_open_memory(&store, &err);
	if (result == 0 && (fixture->kind == FILES_WRAPPED || fixture->kind == MEMORY_WRAPPED))
		result = blob_store_wrap_faulty(store, fail_call, EIO, &store, &err);
	if (result != 0)
		fail_msg("%s", err_text(&err));
	return store;
}

static int set_up(void **state)
{
	struct fixture *fixture = *state;
	temporary_make(fixture->root);
	fixture->store = open_store(fixture, 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	os_fault_set(NULL);
	blob_store_close(&fixture->store);
	temporary_remove(fixture->root);
	return 0;
}

static void must(int result, const struct err *err)
{
	if (result != 0)
		fail_msg("%d: %s", result, err_text(err));
}

static bool lost(struct blob_store *store, uint64_t offset)
{
	struct blob_stage *stage = NULL;
	struct err err = ERR_INIT;
	int result = blob_stage_open(store, UPLOAD, offset, &stage, &err);
	assert_true(result == 0 || result == BLOB_LOST);
	blob_stage_close(&stage);
	return result == BLOB_LOST;
}

static struct blob_stage *stage_at(struct blob_store *store, uint64_t offset)
{
	struct blob_stage *stage = NULL;
	struct err err = ERR_INIT;
	must(blob_stage_open(store, UPLOAD, offset, &stage, &err), &err);
	return stage;
}

static void append(struct blob_stage *stage, const char *text)
{
	struct err err = ERR_INIT;
	must(blob_stage_append(stage, text, strlen(text), &err), &err);
}

static void publish_text(struct blob_store *store, struct str digest, const char *text)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(store, 0);
	append(stage, text);
	must(blob_publish(&stage, digest, &err), &err);
	assert_null(stage);
}

static bool present(struct blob_store *store, struct str digest)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	struct err err = ERR_INIT;
	int result = blob_open(store, digest, &fd, &size, &err);
	assert_true(result == 0 || result == BLOB_ABSENT);
	return result == 0;
}

static void assert_blob(struct blob_store *store, struct str digest, const char *text)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size = 0;
	char bytes[256];
	size_t got;
	struct err err = ERR_INIT;
	must(blob_open(store, digest, &fd, &size, &err), &err);
	assert_int_equal(size, strlen(text));
	must(file_read_full(fd, bytes, sizeof(bytes), &got, &err), &err);
	assert_int_equal(got, strlen(text));
	assert_memory_equal(bytes, text, got);
	assert_true(file_write_all(fd, "x", 1, &err) < 0); /* the descriptor is read-only */
}

static void a_blob_appears_only_when_published(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = fixture->store;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(store, 0);
	append(stage, "hello ");
	append(stage, "world");
	must(blob_stage_sync(stage, &err), &err);
	assert_false(present(store, DIGEST_A));
	must(blob_publish(&stage, DIGEST_A, &err), &err);
	assert_blob(store, DIGEST_A, "hello world");
	assert_false(present(store, DIGEST_B));
	publish_text(store, DIGEST_C, "");
	assert_blob(store, DIGEST_C, "");
}

static void an_upload_survives_closing(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = fixture->store;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(store, 0);
	append(stage, "one two three");
	blob_stage_close(&stage);
	assert_null(stage);
	/* The database knows of 8 bytes only: what came after is cut off. */
	stage = stage_at(store, 8);
	append(stage, "3");
	char bytes[32];
	size_t got;
	must(file_read_full(blob_stage_fd(stage), bytes, 3, &got, &err), &err);
	append(stage, "!"); /* reading from the descriptor has not moved the end */
	must(file_read_at(blob_stage_fd(stage), bytes, sizeof(bytes), 0, &got, &err), &err);
	assert_int_equal(got, 10);
	assert_memory_equal(bytes, "one two 3!", 10);
	must(blob_publish(&stage, DIGEST_A, &err), &err);
	assert_blob(store, DIGEST_A, "one two 3!");
	/* The upload is there until it is discarded: its caller has a record to write first. */
	assert_false(lost(store, 10));
	must(blob_stage_discard(store, UPLOAD, &err), &err);
	assert_true(lost(store, 1));
}

/* A reader sees what is appended after it was opened, cannot write, and outlives the stage. */
static void a_reader_goes_along_with_a_stage(void **state)
{
	struct fixture *fixture = *state;
	struct blob_stage *stage = NULL;
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;
	char text[16];
	size_t got;
	must(blob_stage_open(fixture->store, UPLOAD, 0, &stage, &err), &err);
	append(stage, "first");
	must(blob_stage_reader(stage, &fd, &err), &err);
	append(stage, " second");
	must(file_read_full(fd, text, 5, &got, &err), &err);
	append(stage, ".");
	must(blob_publish(&stage, DIGEST_A, &err), &err);
	must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
	must(file_read_full(fd, text + 5, sizeof(text) - 5, &got, &err), &err);
	assert_int_equal(got, 8);
	assert_memory_equal(text, "first second.", 13);
	assert_int_equal(write(fd, "x", 1), -1);
}

static void lost_bytes_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(fixture->store, 0);
	append(stage, "12345");
	blob_stage_close(&stage);
	assert_int_equal(blob_stage_open(fixture->store, UPLOAD, 6, &stage, &err), BLOB_LOST);
	assert_null(stage);
	must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
	assert_true(lost(fixture->store, 1));
}

/*
 * Whoever goes on with an upload that was published already (its caller's record failed) must not
 * write into the blob, which others may have taken over meanwhile.
 */
static void a_published_blob_never_changes(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = fixture->store;
	struct err err = ERR_INIT;
	publish_text(store, DIGEST_A, "published");
	struct blob_stage *stage = stage_at(store, 9);
	append(stage, " and more");
	assert_blob(store, DIGEST_A, "published");
	must(blob_publish(&stage, DIGEST_B, &err), &err);
	assert_blob(store, DIGEST_B, "published and more");
	stage = stage_at(store, 4); /* cut */
	append(stage, "ication");
	assert_blob(store, DIGEST_A, "published");
	assert_blob(store, DIGEST_B, "published and more");
	must(blob_publish(&stage, DIGEST_C, &err), &err);
	assert_blob(store, DIGEST_C, "publication");
	stage = stage_at(store, 0); /* from the start */
	append(stage, "x");
	blob_stage_close(&stage);
	must(blob_stage_discard(store, UPLOAD, &err), &err);
	assert_blob(store, DIGEST_A, "published");
	assert_blob(store, DIGEST_C, "publication");
}

/* Separating an upload from its blob is a copy, and the copy may fail at any step. */
static void a_failing_separation_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	static const char *const faults[] = { "open:EMFILE:nth=1", "write:ENOSPC:nth=1",
		"short-write:ENOSPC:nth=1", "fsync:EIO:nth=1", "rename:EIO:nth=1" };
	struct err err = ERR_INIT;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		publish_text(fixture->store, DIGEST_A, "published");
		struct blob_stage *stage = stage_at(fixture->store, 9);
		os_fault_set(faults[i]);
		assert_true(blob_stage_append(stage, "!", 1, &err) < 0);
		os_fault_set(NULL);
		append(stage, "!");
		must(blob_stage_sync(stage, &err), &err);
		must(blob_publish(&stage, DIGEST_B, &err), &err);
		assert_blob(fixture->store, DIGEST_A, "published");
		assert_blob(fixture->store, DIGEST_B, "published!");
		must(blob_delete(fixture->store, DIGEST_A, &err), &err);
		must(blob_delete(fixture->store, DIGEST_B, &err), &err);
		must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
	}
}

/* What a sync promises must also be found: the first one makes the name durable, too. */
static void the_first_sync_makes_the_name_durable(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(fixture->store, 0);
	append(stage, "one");
	os_fault_set("fsync:EIO:nth=2");
	assert_int_equal(blob_stage_sync(stage, &err), -EIO);
	os_fault_set("fsync:EIO:nth=3");
	must(blob_stage_sync(stage, &err), &err); /* again, with success */
	append(stage, "two");
	assert_int_equal(blob_stage_sync(stage, &err), -EIO); /* now only the bytes */
	os_fault_set(NULL);
	blob_stage_close(&stage);
	must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
}

/* A server that was killed may have made directories without syncing them. */
static void opening_syncs_directories_that_are_there(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = NULL;
	struct err err = ERR_INIT;
	os_fault_set("fsync:EIO:nth=4");
	assert_int_equal(blob_store_open_fs(fixture->root, &store, &err), -EIO);
	os_fault_set("fsync:EIO:nth=5");
	must(blob_store_open_fs(fixture->root, &store, &err), &err);
	os_fault_set(NULL);
	blob_store_close(&store);
}

static void an_existing_blob_is_success(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	publish_text(fixture->store, DIGEST_A, "same bytes");
	publish_text(fixture->store, DIGEST_A, "same bytes");
	assert_blob(fixture->store, DIGEST_A, "same bytes");
	must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
	assert_true(lost(fixture->store, 1));
	assert_blob(fixture->store, DIGEST_A, "same bytes");
}

static void discarding_and_deleting_repeat(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = fixture->store;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(store, 0);
	append(stage, "gone");
	blob_stage_close(&stage);
	must(blob_stage_discard(store, UPLOAD, &err), &err);
	must(blob_stage_discard(store, UPLOAD, &err), &err);
	assert_true(lost(store, 4));
	publish_text(store, DIGEST_A, "kept while open");
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	must(blob_open(store, DIGEST_A, &fd, &size, &err), &err);
	must(blob_delete(store, DIGEST_A, &err), &err);
	must(blob_delete(store, DIGEST_A, &err), &err);
	assert_false(present(store, DIGEST_A));
	/* Who reads it may finish. */
	char bytes[32];
	size_t got;
	must(file_read_full(fd, bytes, sizeof(bytes), &got, &err), &err);
	assert_int_equal(got, 15);
}

static void bad_names_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct blob_store *store = fixture->store;
	static const struct str ids[] = { STR_INIT(""), STR_INIT("."), STR_INIT(".."),
		STR_INIT("../x"), STR_INIT("a/b"), STR_INIT("a\0b"), STR_INIT("a.b"),
		STR_INIT("0123456789012345678901234567890123456789012345678901234567890123456") };
	static const struct str digests[] = { STR_INIT(""), STR_INIT("sha256:"),
		STR_INIT("sha256:aa"), STR_INIT("sha256:../../../../../../../../etc/passwd"),
		STR_INIT("sha256:AA00000000000000000000000000000000000000000000000000000000000001"),
		STR_INIT("md5:aa00000000000000000000000000000000000000000000000000000000000001"),
		STR_INIT("sha512:aa00000000000000000000000000000000000000000000000000000000000001"),
		STR_INIT("sha256/"
			 "aa00000000000000000000000000000000000000000000000000000000000001") };
	struct err err = ERR_INIT;
	struct blob_stage *stage = NULL;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(blob_stage_open(store, ids[i], 0, &stage, &err), -EINVAL);
		assert_int_equal(blob_stage_discard(store, ids[i], &err), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		int fd = -1;
		uint64_t size;
		assert_int_equal(blob_open(store, digests[i], &fd, &size, &err), -EINVAL);
		assert_int_equal(blob_delete(store, digests[i], &err), -EINVAL);
		stage = stage_at(store, 0);
		append(stage, "bytes");
		assert_int_equal(blob_publish(&stage, digests[i], &err), -EINVAL);
		assert_null(stage);
		stage = stage_at(store, 5); /* and the upload is still there */
		blob_stage_close(&stage);
	}
}

/*
 * A whole upload in steps; notes in *stored how many bytes were told to be there. The first failing
 * step ends it, as a request would.
 */
static int upload(struct blob_store *store, uint64_t *stored, struct err *err)
{
	static const char text[] = "first part, second part";
	struct blob_stage *stage = NULL;
	int result = blob_stage_open(store, UPLOAD, *stored, &stage, err);
	while (result == 0 && *stored < sizeof(text) - 1) {
		size_t n = sizeof(text) - 1 - *stored;
		if (n > 12)
			n = 12;
		result = blob_stage_append(stage, text + *stored, n, err);
		if (result == 0)
			*stored += n;
	}
	if (result == 0)
		result = blob_stage_sync(stage, err);
	if (result < 0)
		blob_stage_close(&stage);
	else
		result = blob_publish(&stage, DIGEST_A, err);
	assert_null(stage);
	return result;
}

static void an_upload_resumes_after_any_failing_call(void **state)
{
	struct fixture *fixture = *state;
	unsigned failures = 0;
	int result = -1;
	for (uint64_t n = 1; result != 0; n++) {
		struct blob_store *store = open_store(fixture, n);
		struct err err = ERR_INIT;
		uint64_t stored = 0;
		result = upload(store, &stored, &err);
		if (result < 0) {
			failures++;
			assert_int_equal(result, -EIO);
			assert_true(str_contains(str_from(err_text(&err)), STR("injected fault")));
			assert_false(present(store, DIGEST_A));
			must(upload(store, &stored, &err), &err);
			assert_blob(store, DIGEST_A, "first part, second part");
			must(blob_delete(store, DIGEST_A, &err), &err);
			must(blob_stage_discard(store, UPLOAD, &err), &err);
		}
		blob_store_close(&store);
	}
	assert_int_equal(failures, 5); /* open, two appends, sync, publish */
}

static void disk_faults_leave_nothing_half_done(void **state)
{
	struct fixture *fixture = *state;
	static const char *const points[] = { "write:ENOSPC", "short-write:ENOSPC", "fsync:EIO",
		"rename:EIO", "open:EMFILE" };
	unsigned failures[5] = { 0 };
	for (size_t point = 0; point < 5; point++) {
		int result = -1;
		for (unsigned n = 1; result != 0; n++) {
			char specification[64];
			struct err err = ERR_INIT;
			uint64_t stored = 0;
			snprintf(specification, sizeof(specification), "%s:nth=%u", points[point],
				n);
			os_fault_set(specification);
			result = upload(fixture->store, &stored, &err);
			os_fault_set(NULL);
			if (result < 0) {
				failures[point]++;
				/* Complete or not there at all; either way the client can go on. */
				if (present(fixture->store, DIGEST_A))
					assert_blob(fixture->store, DIGEST_A,
						"first part, second part");
				if (point == 2 && (n == 1 || n == 3))
					stored = 0; /* bytes of a failed fsync are not trusted */
				must(upload(fixture->store, &stored, &err), &err);
			}
			assert_blob(fixture->store, DIGEST_A, "first part, second part");
			must(blob_delete(fixture->store, DIGEST_A, &err), &err);
			must(blob_stage_discard(fixture->store, UPLOAD, &err), &err);
		}
	}
	assert_int_equal(failures[0], 2);
	assert_int_equal(failures[1], 2);
	/* sync: bytes and name; publish: bytes and name */
	assert_int_equal(failures[2], 4);
	assert_int_equal(failures[3], 1);
	assert_int_equal(failures[4], 2); /* the upload, the directory to sync */
}

static void bytes_of_a_failed_fsync_are_not_resumed(void **state)
{
	struct fixture *fixture = *state;
	struct err err = ERR_INIT;
	struct blob_stage *stage = stage_at(fixture->store, 0);
	append(stage, "maybe on disk");
	os_fault_set("fsync:EIO:nth=1");
	assert_int_equal(blob_stage_sync(stage, &err), -EIO);
	os_fault_set(NULL);
	assert_true(blob_stage_append(stage, "x", 1, &err) < 0);
	assert_true(blob_stage_sync(stage, &err) < 0);
	assert_true(blob_publish(&stage, DIGEST_A, &err) < 0);
	assert_false(present(fixture->store, DIGEST_A));
	assert_true(lost(fixture->store, 13));
}

static void damage_is_replaced_by_the_next_push(void **state)
{
	struct fixture *fixture = *state;
	publish_text(fixture->store, DIGEST_A, "whole content");
	char path[TEMPORARY_MAX + 128];
	struct str digest = DIGEST_A;
	snprintf(path, sizeof(path), "%s/blobs/sha256/aa/%s", fixture->root, digest.p + 7);
	assert_int_equal(truncate(path, 3), 0);
	publish_text(fixture->store, DIGEST_A, "whole content");
	assert_blob(fixture->store, DIGEST_A, "whole content");
}

struct publisher {
	struct blob_store *store;
	char id[32];
	unsigned failed;
};

static void publish_repeatedly(void *argument)
{
	struct publisher *publisher = argument;
	for (int i = 0; i < 50; i++) {
		struct blob_stage *stage = NULL;
		int result =
			blob_stage_open(publisher->store, str_from(publisher->id), 0, &stage, NULL);
		if (result == 0)
			result = blob_stage_append(stage, "raced for", 9, NULL);
		if (result == 0)
			result = blob_publish(&stage, DIGEST_B, NULL);
		int fd = -1;
		uint64_t size = 0;
		if (result == 0)
			result = blob_open(publisher->store, DIGEST_B, &fd, &size, NULL);
		if (result != 0 || size != 9)
			publisher->failed++;
		if (fd >= 0)
			close(fd);
	}
}

static void publishers_of_one_blob_all_succeed(void **state)
{
	struct fixture *fixture = *state;
	enum { THREADS = 8 };
	struct publisher publishers[THREADS];
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		publishers[i] = (struct publisher){ .store = fixture->store };
		snprintf(publishers[i].id, sizeof(publishers[i].id), "upload-%d", i);
		assert_int_equal(thread_start("publisher", publish_repeatedly, &publishers[i],
					 &threads[i], NULL),
			0);
	}
	for (int i = 0; i < THREADS; i++) {
		thread_join(threads[i]);
		assert_int_equal(publishers[i].failed, 0);
	}
	assert_blob(fixture->store, DIGEST_B, "raced for");
}

static void files_survive_reopening(void **state)
{
	struct fixture *fixture = *state;
	struct blob_stage *stage = stage_at(fixture->store, 0);
	append(stage, "half");
	blob_stage_close(&stage);
	publish_text(fixture->store, DIGEST_C, "large digest");
	stage = stage_at(fixture->store, 0);
	append(stage, "half");
	blob_stage_close(&stage);
	blob_store_close(&fixture->store);
	fixture->store = open_store(fixture, 0);
	assert_blob(fixture->store, DIGEST_C, "large digest");
	stage = stage_at(fixture->store, 4);
	blob_stage_close(&stage);
}

static void an_unusable_root_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	char path[TEMPORARY_MAX + 16];
	struct err err = ERR_INIT;
	struct blob_store *store = NULL;
	snprintf(path, sizeof(path), "%s/file", fixture->root);
	must(file_replace(path, STR("x"), 0600, &err), &err);
	assert_int_equal(blob_store_open_fs(path, &store, &err), -ENOTDIR);
	assert_null(store);
	assert_true(str_contains(str_from(err_text(&err)), str_from(path)));
}

enum {
	ON_FILES = 1 << FILES,
	ON_WRAPPED = 1 << FILES_WRAPPED | 1 << MEMORY_WRAPPED,
	ON_ALL = ON_FILES | 1 << MEMORY | ON_WRAPPED,
};

static const struct {
	const char *name;
	CMUnitTestFunction run;
	unsigned kinds;
} cases[] = {
	{ "a blob appears only when published", a_blob_appears_only_when_published, ON_ALL },
	{ "an upload survives closing", an_upload_survives_closing, ON_ALL },
	{ "a reader goes along with a stage", a_reader_goes_along_with_a_stage, ON_ALL },
	{ "lost bytes are told", lost_bytes_are_told, ON_ALL },
	{ "a published blob never changes", a_published_blob_never_changes, ON_ALL },
	{ "a failing separation changes nothing", a_failing_separation_changes_nothing, ON_FILES },
	{ "the first sync makes the name durable", the_first_sync_makes_the_name_durable,
		ON_FILES },
	{ "opening syncs directories that are there", opening_syncs_directories_that_are_there,
		ON_FILES },
	{ "an existing blob is success", an_existing_blob_is_success, ON_ALL },
	{ "discarding and deleting repeat", discarding_and_deleting_repeat, ON_ALL },
	{ "bad names are refused", bad_names_are_refused, ON_ALL },
	{ "publishers of one blob all succeed", publishers_of_one_blob_all_succeed, ON_ALL },
	{ "an upload resumes after any failing call", an_upload_resumes_after_any_failing_call,
		ON_WRAPPED },
	{ "disk faults leave nothing half done", disk_faults_leave_nothing_half_done, ON_FILES },
	{ "bytes of a failed fsync are not resumed", bytes_of_a_failed_fsync_are_not_resumed,
		ON_FILES },
	{ "damage is replaced by the next push", damage_is_replaced_by_the_next_push, ON_FILES },
	{ "files survive reopening", files_survive_reopening, ON_FILES },
	{ "an unusable root is an error", an_unusable_root_is_an_error, ON_FILES },
};

enum { CASES = sizeof(cases) / sizeof(cases[0]), KINDS = MEMORY_WRAPPED + 1 };

int main(void)
{
	static const char *const kind_names[KINDS] = { "fs", "memory", "faulty fs",
		"faulty memory" };
	static struct fixture fixtures[KINDS];
	static char names[KINDS * CASES][80];
	struct CMUnitTest tests[KINDS * CASES];
	size_t n = 0;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		fixtures[kind].kind = (enum kind)kind;
		for (size_t i = 0; i < CASES; i++) {
			if (!(cases[i].kinds & 1u << kind))
				continue;
			snprintf(names[n], sizeof(names[n]), "%s: %s", kind_names[kind],
				cases[i].name);
			tests[n] = (struct CMUnitTest){ names[n], cases[i].run, set_up, tear_down,
				&fixtures[kind] };
			n++;
		}
	}
	return _cmocka_run_group_tests("blob drivers", tests, n, NULL, NULL);
}
