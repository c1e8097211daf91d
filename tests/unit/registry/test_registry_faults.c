/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing storage: every call of the blob store fails once in turn, and the disk is full at some
 * byte. Whatever failed, nothing half stored is visible and the same push succeeds afterwards.
 */
#include "fixture.h"

#include "os/fault.h"

#include <stdlib.h>
#include <string.h>

#define NAME STR("app")

static void assert_push_works(struct fixture *f, struct str bytes)
{
	uint64_t size;
	struct str digest = pushed(f, "app", bytes);
	assert_int_equal(registry_blob_stat(f->registry, NAME, digest, &size, &f->err), 0);
	assert_int_equal(size, bytes.n);
	assert_int_equal(files_below(f, "blobs"), 1);
}

static void every_failing_call_leaves_nothing_behind(void **state)
{
	static const int codes[] = { ENOSPC, EIO, EDQUOT };
	struct fixture *f = *state;
	struct str bytes = STR("hello");
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	uint64_t size;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		bool failed = true;
		uint64_t call = 2; /* the first is the sweep's, before the server serves */
		for (; failed; call++) {
			assert_true(call < 20);
			fixture_close(f);
			fixture_open_faulty(f, call, codes[i]);
			int rc = push_blob(f, "app", bytes, digest);
			failed = rc != 0;
			if (!failed)
				break;
			bool told = codes[i] == EIO ? rc < 0 || rc == REGISTRY_UPLOAD_UNKNOWN
						    : rc == REGISTRY_STORAGE_FULL;
			assert_true(told);
			if (i == 0)
				assert_int_equal(registry_blob_stat(
							 f->registry, NAME, digest, &size, &f->err),
					REGISTRY_NAME_UNKNOWN);
		}
		assert_true(call > 4); /* open, append, publish have failed */
		fixture_close(f);
		fixture_open(f);
		assert_push_works(f, bytes);
	}
}

static void a_full_disk_keeps_the_durable_offset(void **state)
{
	struct fixture *f = *state;
	enum { PIECE = 64 << 10 };
	char *piece = calloc(1, 2 * PIECE);
	char id[37];
	struct registry_upload *upload;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	struct str name = str_from(id);
	assert_int_equal(registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
	assert_int_equal(registry_upload_write(upload, piece, PIECE, &f->err), 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);

	assert_int_equal(registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
	os_fault_set("write:ENOSPC:after=100");
	assert_int_equal(
		registry_upload_write(upload, piece, PIECE, &f->err), REGISTRY_STORAGE_FULL);
	assert_true(registry_upload_write(upload, piece, PIECE, &f->err) < 0);
	assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);
	os_fault_set(NULL);

	uint64_t offset;
	assert_int_equal(registry_upload_status(f->registry, NAME, name, &offset, &f->err), 0);
	assert_int_equal(offset, PIECE);
	assert_int_equal(registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
	assert_int_equal(registry_upload_offset(upload), PIECE);
	assert_int_equal(registry_upload_write(upload, piece, PIECE, &f->err), 0);
	struct str digest = digest_of(f, DIGEST_SHA256, (struct str){ piece, 2 * PIECE });
	assert_int_equal(registry_upload_finish(&upload, digest, &f->err), 0);
	free(piece);
}

static void a_spoiled_upload_cannot_be_finished(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	assert_int_equal(
		registry_upload_open(f->registry, NAME, str_from(id), &upload, &f->err), 0);
	os_fault_set("write:ENOSPC:nth=1");
	assert_int_equal(registry_upload_write(upload, "x", 1, &f->err), REGISTRY_STORAGE_FULL);
	os_fault_set(NULL);
	struct str digest = digest_of(f, DIGEST_SHA256, STR(""));
	assert_true(registry_upload_finish(&upload, digest, &f->err) < 0);
	assert_null(upload);
	assert_int_equal(files_below(f, "blobs"), 0);
}

static void a_failing_fsync_promises_nothing(void **state)
{
	struct fixture *f = *state;
	char id[37];
	struct registry_upload *upload;
	assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
	struct str name = str_from(id);
	assert_int_equal(registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
	assert_int_equal(registry_upload_write(upload, "abc", 3, &f->err), 0);
	os_fault_set("fsync:EIO:nth=1");
	assert_true(registry_upload_suspend(&upload, &f->err) < 0);
	os_fault_set(NULL);
	uint64_t offset;
	assert_int_equal(registry_upload_status(f->registry, NAME, name, &offset, &f->err), 0);
	assert_int_equal(offset, 0);
	assert_push_works(f, STR("abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_failing_call_leaves_nothing_behind),
		TEST(a_full_disk_keeps_the_durable_offset),
		TEST(a_spoiled_upload_cannot_be_finished),
		TEST(a_failing_fsync_promises_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
