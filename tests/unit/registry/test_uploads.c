/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads and blobs over the real database and real files. */
#include "fixture.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char repository[] = "team/app";
#define NAME STR("team/app")

static struct registry_upload *started(struct fixture *f, char id[37])
{
	struct registry_upload *upload;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	return upload;
}

static void assert_blob(struct fixture *f, struct str digest, struct str bytes)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	assert_int_equal(registry_blob_open(f->registry, NAME, digest, &fd, &size, &f->err), 0);
	assert_int_equal(size, bytes.n);
	char *read_back = malloc(bytes.n + 1);
	assert_int_equal(read(fd, read_back, bytes.n + 1), bytes.n);
	assert_memory_equal(read_back, bytes.p, bytes.n);
	free(read_back);
}

static void a_blob_goes_in_and_out(void **state)
{
	struct fixture *f = *state;
	struct str bytes = STR("hello");
	struct str digest = pushed(f, repository, bytes);
	assert_blob(f, digest, bytes);
	assert_int_equal(f->blobs_committed, 1);
	assert_int_equal(files_below(f, "uploads"), 0);
	struct str empty = pushed(f, repository, STR(""));
	assert_blob(f, empty, STR(""));
}

static void sha512_named_at_the_end_is_verified(void **state)
{
	struct fixture *f = *state;
	struct str bytes = STR("some content");
	struct str digest = digest_of(f, DIGEST_SHA512, bytes);
	assert_int_equal(push_blob(f, repository, bytes, digest), 0);
	assert_blob(f, digest, bytes);
	struct str wrong = digest_of(f, DIGEST_SHA512, STR("other"));
	assert_int_equal(push_blob(f, repository, bytes, wrong), REGISTRY_DIGEST_INVALID);
}

static void an_upload_survives_restarts(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	for (int piece = 0; piece < 4; piece++) {
		assert_int_equal(registry_upload_offset(upload), 3 * piece);
		assert_int_equal(registry_upload_write(upload, "abc", 3, &f->err), 0);
		assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
		assert_null(upload);
		fixture_close(f);
		fixture_open(f);
		uint64_t offset;
		assert_int_equal(
			registry_upload_status(f->registry, NAME, str_from(id), &offset, &f->err),
			0);
		assert_int_equal(offset, 3 * piece + 3);
		assert_int_equal(
			registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	}
	struct str bytes = STR("abcabcabcabc");
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	assert_int_equal(registry_upload_finish(&upload, digest, &f->err), 0);
	assert_blob(f, digest, bytes);
	assert_int_equal(registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
}

/* Bytes that were written but never promised are cut off: the file is longer than the row says. */
static void bytes_without_a_promise_are_cut(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "abc", 3, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	struct blob_stage *stage;
	assert_int_equal(blob_stage_open(f->blobs, str_from(id), 3, &stage, &f->err), 0);
	assert_int_equal(blob_stage_append(stage, "junk", 4, &f->err), 0);
	blob_stage_close(&stage);
	fixture_close(f);
	fixture_open(f);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_offset(upload), 3);
	assert_int_equal(
		registry_upload_finish(&upload, digest_of(f, DIGEST_SHA256, STR("abc")), &f->err),
		0);
}

static void a_wrong_digest_drops_everything(void **state)
{
	struct fixture *f = *state;
	static const char *const wrong[] = { "", "sha256:12", "md5:12", "sha256:../../x" };
	struct str other = digest_of(f, DIGEST_SHA256, STR("other"));
	uint64_t size;
	for (size_t i = 0; i <= sizeof(wrong) / sizeof(wrong[0]); i++) {
		char id[37];
		struct registry_upload *upload = started(f, id);
		assert_int_equal(registry_upload_write(upload, "bytes", 5, &f->err), 0);
		struct str digest =
			i < sizeof(wrong) / sizeof(wrong[0]) ? str_from(wrong[i]) : other;
		assert_int_equal(
			registry_upload_finish(&upload, digest, &f->err), REGISTRY_DIGEST_INVALID);
		assert_null(upload);
		uint64_t offset;
		assert_int_equal(
			registry_upload_status(f->registry, NAME, str_from(id), &offset, &f->err),
			REGISTRY_UPLOAD_UNKNOWN);
	}
	assert_int_equal(files_below(f, "uploads"), 0);
	assert_int_equal(files_below(f, "blobs"), 0);
	assert_int_equal(f->blobs_committed, 0);
	assert_int_equal(registry_blob_stat(f->registry, NAME, other, &size, &f->err),
		REGISTRY_NAME_UNKNOWN);
}

static void a_truncated_upload_is_not_a_blob(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "hell", 4, &f->err), 0);
	assert_int_equal(
		registry_upload_finish(&upload, digest_of(f, DIGEST_SHA256, STR("hello")), &f->err),
		REGISTRY_DIGEST_INVALID);
	assert_int_equal(files_below(f, "blobs"), 0);
}

static void an_open_upload_is_exclusive(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	struct registry_upload *second;
	assert_int_equal(registry_upload_open(f->registry, NAME, str_from(id), &second, &f->err),
		REGISTRY_UPLOAD_BUSY);
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err),
		REGISTRY_UPLOAD_BUSY);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err), 0);
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	assert_int_equal(files_below(f, "uploads"), 0);
}

static void uploads_belong_to_their_repository(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	uint64_t offset;
	assert_int_equal(
		registry_upload_open(f->registry, STR("other"), str_from(id), &upload, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	assert_int_equal(
		registry_upload_status(f->registry, STR("other"), str_from(id), &offset, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	assert_int_equal(registry_upload_start(f->registry, STR("Bad//"), id, &f->err),
		REGISTRY_NAME_INVALID);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, STR("../../etc/passwd"), &upload, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
}

static void blobs_are_seen_where_they_were_pushed(void **state)
{
	struct fixture *f = *state;
	struct str digest = pushed(f, repository, STR("shared"));
	uint64_t size;
	assert_int_equal(registry_blob_stat(f->registry, STR("other"), digest, &size, &f->err),
		REGISTRY_NAME_UNKNOWN);
	assert_int_equal(
		registry_blob_mount(f->registry, STR("other"), STR("nowhere"), digest, &f->err),
		REGISTRY_BLOB_UNKNOWN);
	assert_int_equal(registry_blob_stat(f->registry, STR("other"), digest, &size, &f->err),
		REGISTRY_NAME_UNKNOWN);
	assert_int_equal(registry_blob_mount(f->registry, STR("other"), NAME, digest, &f->err), 0);
	assert_int_equal(registry_blob_stat(f->registry, STR("other"), digest, &size, &f->err), 0);
	assert_int_equal(size, 6);
	struct str absent = digest_of(f, DIGEST_SHA256, STR("absent"));
	assert_int_equal(registry_blob_mount(f->registry, STR("other"), NAME, absent, &f->err),
		REGISTRY_BLOB_UNKNOWN);
	assert_int_equal(registry_blob_stat(f->registry, NAME, absent, &size, &f->err),
		REGISTRY_BLOB_UNKNOWN);
	assert_int_equal(registry_blob_stat(f->registry, NAME, STR("sha256:1"), &size, &f->err),
		REGISTRY_DIGEST_INVALID);
	assert_int_equal(registry_blob_stat(f->registry, STR("A"), absent, &size, &f->err),
		REGISTRY_NAME_INVALID);
}

struct pusher {
	struct fixture *f;
	struct str bytes, digest;
	int rc;
};

static void *push_in_thread(void *argument)
{
	struct pusher *p = argument;
	struct fixture own = { .registry = p->f->registry, .err = ERR_INIT };
	p->rc = push_blob(&own, repository, p->bytes, p->digest);
	return NULL;
}

static void eight_threads_push_one_blob(void **state)
{
	struct fixture *f = *state;
	enum { THREADS = 8, SIZE = 1 << 20 };
	char *content = malloc(SIZE);
	memset(content, 'x', SIZE);
	struct str bytes = { content, SIZE };
	struct pusher pushers[THREADS];
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		pushers[i] = (struct pusher){ f, bytes, digest_of(f, DIGEST_SHA256, bytes), -1 };
		assert_int_equal(pthread_create(&threads[i], NULL, push_in_thread, &pushers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(pushers[i].rc, 0);
	}
	assert_blob(f, pushers[0].digest, bytes);
	assert_int_equal(files_below(f, "blobs"), 1);
	assert_int_equal(files_below(f, "uploads"), 0);
	free(content);
}

static void old_uploads_are_swept(void **state)
{
	struct fixture *f = *state;
	char old[37];
	char young[37];
	struct registry_upload *upload = started(f, old);
	assert_int_equal(registry_upload_write(upload, "old", 3, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	f->now_us += (int64_t)8 * 24 * 3600 * 1000000;
	upload = started(f, young);
	assert_int_equal(registry_upload_write(upload, "young", 5, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(sweep(f), 0);
	uint64_t offset;
	assert_int_equal(registry_upload_status(f->registry, NAME, str_from(old), &offset, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	assert_int_equal(
		registry_upload_status(f->registry, NAME, str_from(young), &offset, &f->err), 0);
	assert_int_equal(offset, 5);
	assert_int_equal(files_below(f, "uploads"), 1);
}

static void an_upload_in_use_is_not_swept(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "slow", 4, &f->err), 0);
	f->now_us += (int64_t)8 * 24 * 3600 * 1000000;
	assert_int_equal(sweep(f), 0);
	struct str digest = digest_of(f, DIGEST_SHA256, STR("slow"));
	assert_int_equal(registry_upload_finish(&upload, digest, &f->err), 0);
	assert_blob(f, digest, STR("slow"));
}

/* A crash, or a failing database, between the publication and the commit: the upload goes on as its
 * row says, and what it does then never reaches the published file. */
static void a_crash_before_the_commit_loses_nothing(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "hello", 5, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	struct str digest = digest_of(f, DIGEST_SHA256, STR("hello"));
	struct blob_stage *stage;
	assert_int_equal(blob_stage_open(f->blobs, str_from(id), 5, &stage, &f->err), 0);
	assert_int_equal(blob_publish(&stage, digest, &f->err), 0);
	fixture_close(f);
	fixture_open(f);
	assert_int_equal(sweep(f), 0);
	uint64_t size;
	assert_int_equal(registry_blob_stat(f->registry, NAME, digest, &size, &f->err),
		REGISTRY_NAME_UNKNOWN);
	/* Somebody else pushes the same and takes the file over. */
	assert_int_equal(push_blob(f, repository, STR("hello"), digest), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_offset(upload), 5);
	assert_int_equal(registry_upload_write(upload, " world", 6, &f->err), 0);
	struct str longer = digest_of(f, DIGEST_SHA256, STR("hello world"));
	assert_int_equal(registry_upload_finish(&upload, longer, &f->err), 0);
	assert_blob(f, digest, STR("hello"));
	assert_blob(f, longer, STR("hello world"));
	assert_int_equal(files_below(f, "blobs"), 2);
	assert_int_equal(files_below(f, "uploads"), 0);
}

static void lost_bytes_are_an_unknown_upload(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "hello", 5, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(blob_stage_discard(f->blobs, str_from(id), &f->err), 0);
	assert_int_equal(registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	uint64_t offset;
	assert_int_equal(registry_upload_status(f->registry, NAME, str_from(id), &offset, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
}

static void an_abandoned_upload_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "hello", 5, &f->err), 0);
	assert_int_equal(registry_upload_abandon(&upload, &f->err), 0);
	assert_null(upload);
	uint64_t offset;
	assert_int_equal(registry_upload_status(f->registry, NAME, str_from(id), &offset, &f->err),
		REGISTRY_UPLOAD_UNKNOWN);
	assert_int_equal(files_below(f, "uploads"), 0);
}

static void staged_bytes_of_no_upload_are_swept(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "hello", 5, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	struct blob_stage *stage;
	struct str orphan = STR("01234567-89ab-4cde-8f01-23456789abcd");
	assert_int_equal(blob_stage_open(f->blobs, orphan, 0, &stage, &f->err), 0);
	blob_stage_close(&stage);
	assert_int_equal(files_below(f, "uploads"), 2);
	assert_int_equal(sweep(f), 0);
	assert_int_equal(files_below(f, "uploads"), 1);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_offset(upload), 5);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
}

static void a_missing_file_is_an_error_not_an_unknown_blob(void **state)
{
	struct fixture *f = *state;
	struct str digest = pushed(f, repository, STR("hello"));
	assert_int_equal(blob_delete(f->blobs, digest, &f->err), 0);
	int fd = -1;
	uint64_t size;
	assert_true(registry_blob_open(f->registry, NAME, digest, &fd, &size, &f->err) < 0);
	assert_int_equal(fd, -1);
}

/* Who reads along is told of every byte, of the end, and of every way in which there is none. */
static void hooks_tell_what_becomes_of_an_upload(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct str digest = digest_of(f, DIGEST_SHA256, STR("abcdef"));
	f->telling = true;
	struct registry_upload *upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "abc", 3, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	assert_int_equal(registry_upload_write(upload, "def", 3, &f->err), 0);
	assert_int_equal(registry_upload_finish(&upload, digest, &f->err), 0);
	assert_string_equal(f->told, "grew 0-3;grew 3-6;verified 0-6;committed 0-6;");

	f->told[0] = '\0';
	upload = started(f, id);
	assert_int_equal(registry_upload_write(upload, "abc", 3, &f->err), 0);
	assert_int_equal(registry_upload_finish(&upload, digest, &f->err), REGISTRY_DIGEST_INVALID);
	upload = started(f, id);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	assert_int_equal(registry_upload_cancel(f->registry, NAME, str_from(id), &f->err), 0);
	assert_string_equal(f->told, "grew 0-3;dropped 0-0;dropped 0-0;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_goes_in_and_out),
		TEST(sha512_named_at_the_end_is_verified),
		TEST(an_upload_survives_restarts),
		TEST(bytes_without_a_promise_are_cut),
		TEST(a_wrong_digest_drops_everything),
		TEST(a_truncated_upload_is_not_a_blob),
		TEST(an_open_upload_is_exclusive),
		TEST(uploads_belong_to_their_repository),
		TEST(blobs_are_seen_where_they_were_pushed),
		TEST(eight_threads_push_one_blob),
		TEST(old_uploads_are_swept),
		TEST(an_upload_in_use_is_not_swept),
		TEST(a_crash_before_the_commit_loses_nothing),
		TEST(lost_bytes_are_an_unknown_upload),
		TEST(an_abandoned_upload_leaves_nothing),
		TEST(staged_bytes_of_no_upload_are_swept),
		TEST(a_missing_file_is_an_error_not_an_unknown_blob),
		TEST(hooks_tell_what_becomes_of_an_upload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
