/* SPDX-License-Identifier: Apache-2.0 */
/* OSV ranges, with the cases in which a well-known implementation departs from the schema. */
#include "version/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EVENT(k, v) ((struct range_event){ .kind = (k), .version = STR(v) })
#define CHECK_RANGE(result, version, ...)                                                          \
	do {                                                                                       \
		const struct range_event events_[] = { __VA_ARGS__ };                              \
		assert_int_equal(range_contains(GRAMMAR_DPKG, events_,                             \
					 sizeof(events_) / sizeof(*events_), STR(version), NULL),  \
			result);                                                                   \
	} while (0)

static void introduced_zero_is_below_everything(void **state)
{
	(void)state;
	CHECK_RANGE(RANGE_INSIDE, "0~~", EVENT(RANGE_INTRODUCED, "0"), EVENT(RANGE_FIXED, "1"));
	CHECK_RANGE(RANGE_OUTSIDE, "1", EVENT(RANGE_INTRODUCED, "0"), EVENT(RANGE_FIXED, "1"));
	CHECK_RANGE(RANGE_INSIDE, "9", EVENT(RANGE_INTRODUCED, "0"));
}

static void last_affected_is_inside(void **state)
{
	(void)state;
	CHECK_RANGE(
		RANGE_INSIDE, "2", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LAST_AFFECTED, "2"));
	CHECK_RANGE(RANGE_OUTSIDE, "2.1", EVENT(RANGE_INTRODUCED, "1"),
		EVENT(RANGE_LAST_AFFECTED, "2"));
	CHECK_RANGE(
		RANGE_INSIDE, "1", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LAST_AFFECTED, "1"));
}

static void limits_bound_the_range(void **state)
{
	(void)state;
	CHECK_RANGE(RANGE_OUTSIDE, "5", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LIMIT, "3"));
	CHECK_RANGE(RANGE_INSIDE, "2", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LIMIT, "3"));
	CHECK_RANGE(RANGE_INSIDE, "5", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LIMIT, "3"),
		EVENT(RANGE_LIMIT, "6"));
	CHECK_RANGE(RANGE_INSIDE, "5", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_LIMIT, "*"));
}

static void order_in_the_record_does_not_matter(void **state)
{
	(void)state;
	struct range_event events[] = { EVENT(RANGE_FIXED, "4"), EVENT(RANGE_INTRODUCED, "3"),
		EVENT(RANGE_FIXED, "2"), EVENT(RANGE_INTRODUCED, "1") };
	static const struct {
		const char *version;
		enum range_result result;
	} cases[] = { { "0.9", RANGE_OUTSIDE }, { "1", RANGE_INSIDE }, { "2", RANGE_OUTSIDE },
		{ "2.9", RANGE_OUTSIDE }, { "3", RANGE_INSIDE }, { "4", RANGE_OUTSIDE } };
	for (int turn = 0; turn < 4; turn++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
			assert_int_equal(range_contains(GRAMMAR_DPKG, events, 4,
						 str_from(cases[i].version), NULL),
				cases[i].result);
		struct range_event first = events[0];
		for (int k = 0; k < 3; k++)
			events[k] = events[k + 1];
		events[3] = first;
	}
}

static void equal_versions_end_the_range(void **state)
{
	(void)state;
	CHECK_RANGE(RANGE_OUTSIDE, "1", EVENT(RANGE_INTRODUCED, "1"), EVENT(RANGE_FIXED, "1"));
	CHECK_RANGE(RANGE_OUTSIDE, "1", EVENT(RANGE_FIXED, "1"), EVENT(RANGE_INTRODUCED, "1"));
	CHECK_RANGE(RANGE_OUTSIDE, "2", EVENT(RANGE_FIXED, "1"), EVENT(RANGE_INTRODUCED, "1"));
}

static void what_cannot_be_compared_is_unknown(void **state)
{
	(void)state;
	CHECK_RANGE(
		RANGE_UNKNOWN, "1", EVENT(RANGE_INTRODUCED, "0"), EVENT(RANGE_FIXED, "not one"));
	CHECK_RANGE(RANGE_UNKNOWN, "", EVENT(RANGE_INTRODUCED, "0"));
	CHECK_RANGE(RANGE_UNKNOWN, "a version", EVENT(RANGE_INTRODUCED, "0"));
}

static void no_events_match_nothing(void **state)
{
	(void)state;
	assert_int_equal(range_contains(GRAMMAR_DPKG, NULL, 0, STR("1"), NULL), RANGE_OUTSIDE);
}

static void the_lowest_fix_above_is_named(void **state)
{
	(void)state;
	const struct range_event events[] = { EVENT(RANGE_INTRODUCED, "0"), EVENT(RANGE_FIXED, "2"),
		EVENT(RANGE_INTRODUCED, "3"), EVENT(RANGE_FIXED, "4"), EVENT(RANGE_FIXED, "9") };
	struct str fixed;
	assert_int_equal(range_contains(GRAMMAR_DPKG, events, 5, STR("3.1"), &fixed), RANGE_INSIDE);
	assert_true(str_eq(fixed, STR("4")));
	assert_int_equal(range_contains(GRAMMAR_DPKG, events, 5, STR("5"), &fixed), RANGE_OUTSIDE);
	assert_null(fixed.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(introduced_zero_is_below_everything),
		cmocka_unit_test(last_affected_is_inside),
		cmocka_unit_test(limits_bound_the_range),
		cmocka_unit_test(order_in_the_record_does_not_matter),
		cmocka_unit_test(equal_versions_end_the_range),
		cmocka_unit_test(what_cannot_be_compared_is_unknown),
		cmocka_unit_test(no_events_match_nothing),
		cmocka_unit_test(the_lowest_fix_above_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
