/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes through an intake: the file and the digest get all of them, in order, whatever the pieces.
 */
#include "base/strbuf.h"
#include "registry/intake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BIG = 9 << 20 };

struct target {
	unsigned char *file;
	size_t n;
	size_t fail_at; /* the append that comes to this many bytes fails; 0: none */
};

static int append(void *context, const void *bytes, size_t n, struct err *err)
{
	struct target *target = context;
	if (target->fail_at && target->n + n >= target->fail_at)
		return err_set(err, ENOSPC, "full");
	memcpy(target->file + target->n, bytes, n);
	target->n += n;
	return 0;
}

static unsigned char *content(size_t n)
{
	unsigned char *bytes = malloc(n);
	assert_non_null(bytes);
	uint32_t state = 7;
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(state >> 24);
	}
	return bytes;
}

static void expect_all(
	struct intake *intake, const struct target *target, const void *bytes, size_t n)
{
	char wanted[DIGEST_TEXT_MAX];
	char actual[DIGEST_TEXT_MAX];
	digest_bytes(DIGEST_SHA256, (struct str){ bytes, n }, wanted);
	digest_final(&intake->digest, actual);
	assert_string_equal(actual, wanted);
	assert_int_equal(target->n, n);
	assert_memory_equal(target->file, bytes, n);
}

static void begin(struct intake *intake, struct intake_pool *pool, struct target *target)
{
	*target = (struct target){ .file = malloc(BIG) };
	assert_non_null(target->file);
	intake_init(intake, pool, append, target);
	digest_init(&intake->digest, DIGEST_SHA256);
}

static void write_all(struct intake *intake, const unsigned char *bytes, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece)
		assert_int_equal(
			intake_write(intake, bytes + at, n - at < piece ? n - at : piece, NULL), 0);
}

static void test_sizes_and_pieces(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 65536, 65537, 65536 + INTAKE_BLOCK,
		65536 + INTAKE_BLOCK + 1, 4 << 20, (4 << 20) + 2 * INTAKE_BLOCK, BIG };
	static const size_t pieces[] = { 16384, 1000, 70001, 3 * INTAKE_BLOCK + 5, BIG };
	struct intake_pool pool;
	intake_pool_init(&pool);
	unsigned char *bytes = content(BIG);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
			struct intake intake;
			struct target target;
			begin(&intake, &pool, &target);
			write_all(&intake, bytes, sizes[s], pieces[p]);
			assert_int_equal(intake_settle(&intake, NULL), 0);
			expect_all(&intake, &target, bytes, sizes[s]);
			intake_end(&intake);
			free(target.file);
		}
	}
	free(bytes);
	intake_pool_destroy(&pool);
}

/* More uploads than there are blocks and threads: all go on, some without either. */
static void test_budget(void **state)
{
	(void)state;
	enum { UPLOADS = 300, SIZE = 65536 + INTAKE_BLOCK / 2 };
	struct intake_pool pool;
	intake_pool_init(&pool);
	unsigned char *bytes = content(SIZE);
	struct intake *intakes = calloc(UPLOADS, sizeof(*intakes));
	struct target *targets = calloc(UPLOADS, sizeof(*targets));
	assert_non_null(intakes);
	assert_non_null(targets);
	for (size_t i = 0; i < UPLOADS; i++) {
		targets[i].file = malloc(SIZE);
		assert_non_null(targets[i].file);
		intake_init(&intakes[i], &pool, append, &targets[i]);
		digest_init(&intakes[i].digest, DIGEST_SHA256);
		write_all(&intakes[i], bytes, SIZE, 8192);
	}
	/* The budget is less than a block for each of them. */
	assert_int_equal(pool.given, 256);
	for (size_t i = 0; i < UPLOADS; i++) {
		assert_int_equal(intake_settle(&intakes[i], NULL), 0);
		expect_all(&intakes[i], &targets[i], bytes, SIZE);
		intake_end(&intakes[i]);
		free(targets[i].file);
	}
	assert_int_equal(pool.given, 0);
	free(intakes);
	free(targets);
	free(bytes);
	intake_pool_destroy(&pool);
}

static void test_threads_are_bounded(void **state)
{
	(void)state;
	struct intake_pool pool;
	intake_pool_init(&pool);
	pool.processors = 1;
	unsigned char *bytes = content(BIG);
	struct intake intakes[3];
	struct target targets[3];
	for (size_t i = 0; i < 3; i++) {
		begin(&intakes[i], &pool, &targets[i]);
		write_all(&intakes[i], bytes, BIG, 50000);
		assert_int_equal(intakes[i].threaded, i == 0);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(intake_settle(&intakes[i], NULL), 0);
		expect_all(&intakes[i], &targets[i], bytes, BIG);
		intake_end(&intakes[i]);
		free(targets[i].file);
	}
	assert_int_equal(pool.hashers, 0);
	free(bytes);
	intake_pool_destroy(&pool);
}

static void test_failure_stops(void **state)
{
	(void)state;
	static const size_t points[] = { 1, 65537, (size_t)6 << 20, BIG };
	struct intake_pool pool;
	intake_pool_init(&pool);
	unsigned char *bytes = content(BIG);
	for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++) {
		struct intake intake;
		struct target target;
		begin(&intake, &pool, &target);
		target.fail_at = points[p];
		int result = 0;
		for (size_t at = 0; at < BIG && result == 0; at += 16384)
			result = intake_write(&intake, bytes + at, 16384, NULL);
		if (result == 0)
			result = intake_settle(&intake, NULL);
		assert_int_equal(result, -ENOSPC);
		assert_true(target.n < points[p]);
		intake_end(&intake);
		free(target.file);
	}
	assert_int_equal(pool.given, 0);
	free(bytes);
	intake_pool_destroy(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_pieces),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_threads_are_bounded),
		cmocka_unit_test(test_failure_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
