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
		uint64_t call = 1;
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
		assert_int_equal(call, 4); /* open, append, publish have failed */
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

/*
 * The bytes are published but the database cannot be told: what an earlier chunk was promised must
 * still be there, and the same closing request succeeds when there is room again. Each write and
 * fsync of the way fails once.
 */
static void a_failing_commit_keeps_the_upload(void **state)
{
	struct fixture *f = *state;
	static const char *const points[] = { "fsync:EIO", "write:ENOSPC", "rename:EIO" };
	unsigned failures = 0;
	/* The database takes part in the faults only when some are asked for as it opens. */
	os_fault_set("rename:EIO:nth=1000000");
	fixture_close(f);
	fixture_open(f);
	for (size_t point = 0; point < sizeof(points) / sizeof(points[0]); point++) {
		bool failed = true;
		for (unsigned n = point == 0 ? 2 : 1; failed; n++) {
			char text[32];
			char specification[64];
			char id[37];
			struct registry_upload *upload;
			int length = snprintf(text, sizeof(text), "promised %zu %u", point, n);
			struct str bytes = { text, (size_t)length };
			struct str digest = digest_of(f, DIGEST_SHA256, bytes);
			assert_int_equal(registry_upload_start(f->registry, NAME, id, &f->err), 0);
			struct str name = str_from(id);
			assert_int_equal(
				registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
			assert_int_equal(
				registry_upload_write(upload, bytes.p, bytes.n, &f->err), 0);
			assert_int_equal(registry_upload_suspend(&upload, &f->err), 0);

			snprintf(specification, sizeof(specification), "%s:nth=%u", points[point],
				n);
			assert_int_equal(
				registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
			os_fault_set(specification);
			failed = registry_upload_finish(&upload, digest, &f->err) != 0;
			os_fault_set(NULL);
			if (!failed)
				break;
			failures++;
			assert_int_equal(
				registry_upload_open(f->registry, NAME, name, &upload, &f->err), 0);
			assert_int_equal(registry_upload_offset(upload), bytes.n);
			assert_int_equal(registry_upload_finish(&upload, digest, &f->err), 0);
			uint64_t size;
			assert_int_equal(
				registry_blob_stat(f->registry, NAME, digest, &size, &f->err), 0);
			assert_int_equal(files_below(f, "uploads"), 0);
		}
	}
	/* The directory and the log; the log's writes; the link. */
	assert_true(failures >= 4);
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
		TEST(a_failing_commit_keeps_the_upload),
		TEST(a_failing_fsync_promises_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
