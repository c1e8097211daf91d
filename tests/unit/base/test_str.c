/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text and the growing buffer: the edges that every parser leans on. */
#include "base/str.h"
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void cut_gives_every_part_once(void **state)
{
	(void)state;
	struct str rest = STR("a,,b");
	struct str part;
	const char *expected[] = { "a", "", "b" };
	size_t n = 0;
	while (str_cut(&rest, ',', &part))
		assert_true(str_eq(part, str_from(expected[n++])));
	assert_int_equal(n, 3);
}

static void numbers_refuse_overflow_and_junk(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_true(str_parse_u64(STR("18446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
	assert_false(str_parse_u64(STR("18446744073709551616"), &value));
	assert_false(str_parse_u64(STR("+1"), &value));
	assert_false(str_parse_u64(STR(""), &value));
}

static void strbuf_stops_at_its_ceiling(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf b = STRBUF(4);
	strbuf_add_cstr(&b, "1234");
	assert_false(strbuf_failed(&b));
	strbuf_add_char(&b, '5');
	assert_true(strbuf_failed(&b));
	assert_string_equal(strbuf_cstr(&b), "1234");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_gives_every_part_once),
		cmocka_unit_test(numbers_refuse_overflow_and_junk),
		cmocka_unit_test(strbuf_stops_at_its_ceiling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
