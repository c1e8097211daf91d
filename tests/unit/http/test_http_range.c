/* SPDX-License-Identifier: Apache-2.0 */
/* Range and Content-Range, as tables. */
#include "http/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct range_row {
	const char *header;
	uint64_t size;
	enum http_range_result result;
	uint64_t first;
	uint64_t last;
};

static const struct range_row range_rows[] = {
	{ "bytes=0-0", 10, HTTP_RANGE_OK, 0, 0 },
	{ "bytes=0-", 10, HTTP_RANGE_OK, 0, 9 },
	{ "bytes=500-1499", 2000, HTTP_RANGE_OK, 500, 1499 },
	{ "Bytes = 5-6", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "BYTES=5-6", 10, HTTP_RANGE_OK, 5, 6 },
	{ "bytes= 5-6 ", 10, HTTP_RANGE_OK, 5, 6 },
	{ "bytes=500-", 501, HTTP_RANGE_OK, 500, 500 },
	{ "bytes=-500", 2000, HTTP_RANGE_OK, 1500, 1999 },
	{ "bytes=-500", 100, HTTP_RANGE_OK, 0, 99 },
	{ "bytes=5-99999", 10, HTTP_RANGE_OK, 5, 9 },
	{ "bytes=5-99999999999999999999999", 10, HTTP_RANGE_OK, 5, 9 },
	{ "bytes=-99999999999999999999999", 10, HTTP_RANGE_OK, 0, 9 },
	{ "bytes=99999999999999999999999-", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=10-", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=500-0", 2000, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=-0", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=0-", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
	{ "bytes=-5", 0, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=1-2,5-6", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=,1-2,", 10, HTTP_RANGE_OK, 1, 2 },
	{ "", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=-", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=5", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=a-b", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=+1-2", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "bytes=1--2", 10, HTTP_RANGE_NONE, 0, 0 },
	{ "items=1-2", 10, HTTP_RANGE_NONE, 0, 0 },
};

static void single_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(range_rows) / sizeof(range_rows[0]); i++) {
		const struct range_row *row = &range_rows[i];
		struct http_range range = { 0, 0 };
		size_t count = 77;
		print_message("# %s of %llu\n", row->header, (unsigned long long)row->size);
		assert_int_equal(
			http_parse_range(str_from(row->header), row->size, &range, 1, &count),
			row->result);
		assert_int_equal(count, row->result == HTTP_RANGE_OK);
		if (count)
			assert_true(range.first == row->first && range.last == row->last);
	}
}

static void several_ranges_keep_their_order_and_skip_what_is_outside(void **state)
{
	(void)state;
	struct http_range ranges[4];
	size_t count;
	assert_int_equal(http_parse_range(STR("bytes=5-6, 50-60 ,-2"), 10, ranges, 4, &count),
		HTTP_RANGE_OK);
	assert_int_equal(count, 2);
	assert_true(ranges[0].first == 5 && ranges[1].first == 8 && ranges[1].last == 9);
	assert_int_equal(http_parse_range(STR("bytes=50-60,70-"), 10, ranges, 4, &count),
		HTTP_RANGE_UNSATISFIABLE);
	assert_int_equal(
		http_parse_range(STR("bytes=1-2,x"), 10, ranges, 4, &count), HTTP_RANGE_NONE);
	assert_int_equal(http_parse_range(STR("bytes=0-0,1-1,2-2,3-3,4-4"), 10, ranges, 4, &count),
		HTTP_RANGE_NONE);
}

static void content_ranges(void **state)
{
	(void)state;
	static const char *const good[] = { "7-9", "bytes 7-9/100", "bytes=7-9", "bytes 7-9/*",
		" 7-9 ", "bytes  7-9", "BYTES 7-9/10" };
	static const char *const bad[] = { "", "-", "7-", "-9", "9-7", "a-b", "bytes", "bytes7-9",
		"bytes */9", "7-9/x", "7-9/", "7 - 9", "7-99999999999999999999999", "octets 7-9" };
	uint64_t first = 0;
	uint64_t last = 0;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		first = last = 0;
		print_message("# %s\n", good[i]);
		assert_true(http_parse_content_range(str_from(good[i]), &first, &last));
		assert_true(first == 7 && last == 9);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("# %s\n", bad[i]);
		assert_false(http_parse_content_range(str_from(bad[i]), &first, &last));
	}
}

static void neighbours_become_one(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		const char *merged;
	} rows[] = {
		{ "bytes=0-1,4-5", "0-1 4-5 " },
		{ "bytes=4-5,0-1", "4-5 0-1 " },
		{ "bytes=0-1,2-3", "0-3 " },
		{ "bytes=2-3,0-1", "0-3 " },
		{ "bytes=0-5,2-3", "0-5 " },
		{ "bytes=2-3,0-5,3-7", "0-7 " },
		{ "bytes=0-1,4-5,8-9,2-3", "0-5 8-9 " },
		{ "bytes=0-1,8-9,3-6,2-2,7-7", "0-9 " },
		{ "bytes=-1,0-0", "9-9 0-0 " },
		{ "bytes=5-5,5-5,5-5", "5-5 " },
		{ "bytes=3-4,20-30", "3-4 " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_range ranges[8];
		size_t count;
		char text[64] = "";
		assert_int_equal(http_parse_range(str_from(rows[i].header), 10, ranges, 8, &count),
			HTTP_RANGE_OK);
		count = http_merge_ranges(ranges, count);
		for (size_t k = 0, n = 0; k < count; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%llu-%llu ",
				(unsigned long long)ranges[k].first,
				(unsigned long long)ranges[k].last);
		assert_string_equal(text, rows[i].merged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_become_one),
		cmocka_unit_test(single_ranges),
		cmocka_unit_test(several_ranges_keep_their_order_and_skip_what_is_outside),
		cmocka_unit_test(content_ranges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
