/* SPDX-License-Identifier: Apache-2.0 */
/* Times: against the C library over two centuries, and the spellings other programs use. */
#include "base/timefmt.h"

#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -36500; day < 36500; day += 13) {
		time_t seconds = (time_t)(day * 86400 + (day * 7919 % 86400));
		struct tm tm;
		assert_non_null(gmtime_r(&seconds, &tm));
		char expected[64], http[64], got[TIME_TEXT_MAX];
		assert_true(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		time_format((int64_t)seconds * 1000000, 0, got);
		assert_string_equal(got, expected);
		int64_t back;
		assert_true(time_parse(str_from(got), &back));
		assert_true(back == (int64_t)seconds * 1000000);
		assert_true(strftime(http, sizeof(http), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
		time_format_http((int64_t)seconds * 1000000, got);
		assert_string_equal(got, http);
	}
}

static void fractions_have_the_digits_asked_for(void **state)
{
	(void)state;
	char got[TIME_TEXT_MAX];
	time_format(1123456, 6, got);
	assert_string_equal(got, "1970-01-01T00:00:01.123456Z");
	time_format(1123456, 7, got);
	assert_string_equal(got, "1970-01-01T00:00:01.1234560Z");
	time_format(-1, 6, got);
	assert_string_equal(got, "1969-12-31T23:59:59.999999Z");
}

static void spellings_are_understood(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int64_t us;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1970-01-01T00:00:00+0000", 0 },
		{ "1969-12-31T19:00:00-05:00", 0 },
		{ "1970-01-02", 86400000000 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.123456789Z", 123456 },
		{ "2024-02-29T12:00:00Z", 1709208000000000 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t us = -1;
		assert_true(time_parse(str_from(rows[i].text), &us));
		assert_true(us == rows[i].us);
	}
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	const char *rows[] = { "", "yesterday", "2023-02-29T00:00:00Z", "2024-13-01", "2024-00-10",
		"2024-01-01T24:01:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:00", "24-01-01",
		"2024-01-01T00:00:00Zx", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+99:00",
		"99999-01-01", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t us;
		if (time_parse(str_from(rows[i]), &us))
			fail_msg("'%s' was taken for a time", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(fractions_have_the_digits_asked_for),
		cmocka_unit_test(spellings_are_understood),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
