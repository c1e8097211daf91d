/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: words survive wrapping, are cut rather than overrun, and NULL is allowed. */
#include "base/err.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int fails(struct err *err)
{
	return err_set(err, EINVAL, "bad %s", "thing");
}

static void origin_and_wrapping_keep_code_and_words(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	int r = fails(&err);
	assert_int_equal(r, -EINVAL);
	r = err_trace(&err, r);
	assert_int_equal(err_wrap(&err, r, "file %d", 7), -EINVAL);
	assert_string_equal(err_text(&err), "file 7: bad thing");
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(err.frame_count, 3);
}

static void negative_codes_stay_negative(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_int_equal(err_set(&err, -ENOENT, "x"), -ENOENT);
}

static void system_errors_name_the_reason(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	errno = ENOENT;
	assert_int_equal(err_sys(&err, "open %s", "a"), -ENOENT);
	assert_non_null(strstr(err_text(&err), "open a: No such file"));
}

static void null_drops_the_words(void **state)
{
	(void)state;
	assert_int_equal(fails(NULL), -EINVAL);
	assert_int_equal(err_wrap(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_trace(NULL, -EIO), -EIO);
	assert_non_null(err_text(NULL));
}

static void long_words_are_cut_and_frames_bounded(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	char text[2 * ERR_TEXT_MAX];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	int r = err_set(&err, EIO, "%s", text);
	assert_int_equal(strlen(err_text(&err)), ERR_TEXT_MAX - 1);
	for (int i = 0; i < 3 * ERR_FRAMES_MAX; i++)
		r = err_wrap(&err, r, "outer %d", i);
	assert_int_equal(r, -EIO);
	assert_true(strlen(err_text(&err)) < ERR_TEXT_MAX);
	assert_true(err.frame_count <= ERR_FRAMES_MAX);
	assert_memory_equal(err_text(&err), "outer 23: outer 22", 18);
}

static void path_names_file_and_line(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	int r = fails(&err);
	r = err_trace(&err, r);
	assert_int_equal(r, -EINVAL);
	char path[256];
	err_path(&err, path, sizeof(path));
	assert_non_null(strstr(path, "test_err.c:"));
	assert_non_null(strstr(path, " < "));
	char small[8];
	err_path(&err, small, sizeof(small));
	assert_true(strlen(small) < sizeof(small));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origin_and_wrapping_keep_code_and_words),
		cmocka_unit_test(negative_codes_stay_negative),
		cmocka_unit_test(system_errors_name_the_reason),
		cmocka_unit_test(null_drops_the_words),
		cmocka_unit_test(long_words_are_cut_and_frames_bounded),
		cmocka_unit_test(path_names_file_and_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
