/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text and identifiers. */
#include "base/hex.h"
#include "base/uuid.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hex_goes_both_ways(void **state)
{
	(void)state;
	uint8_t bytes[256], back[256];
	char text[513];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_encode(bytes, sizeof(bytes), text);
	assert_int_equal(strlen(text), 512);
	assert_true(hex_decode(str_from(text), back));
	assert_memory_equal(bytes, back, sizeof(bytes));
}

static void hex_is_strict(void **state)
{
	(void)state;
	uint8_t out[8];
	assert_false(hex_decode(STR("abc"), out));
	assert_false(hex_decode(STR("AB"), out));
	assert_false(hex_decode(STR("g0"), out));
	assert_true(hex_is_lower(STR("09af")));
	assert_false(hex_is_lower(STR("")));
	assert_false(hex_is_lower(STR("0A")));
}

static void random_ids_differ_and_are_version_4(void **state)
{
	(void)state;
	char a[UUID_TEXT], b[UUID_TEXT];
	uuid_random(a);
	uuid_random(b);
	assert_string_not_equal(a, b);
	assert_true(uuid_valid(str_from(a)));
	assert_int_equal(a[14], '4');
}

static void named_ids_are_stable_and_separate_their_parts(void **state)
{
	(void)state;
	char one[UUID_TEXT], two[UUID_TEXT], again[UUID_TEXT];
	uuid_from_parts((struct str[]){ STR("a"), STR("bc") }, 2, one);
	uuid_from_parts((struct str[]){ STR("ab"), STR("c") }, 2, two);
	uuid_from_parts((struct str[]){ STR("a"), STR("bc") }, 2, again);
	assert_string_equal(one, again);
	assert_string_not_equal(one, two);
	assert_int_equal(one[14], '5');
	uuid_from_parts((struct str[]){ STR("a"), STR("bc"), STR("") }, 3, two);
	assert_string_not_equal(one, two);
}

static void shape_of_ids_is_checked(void **state)
{
	(void)state;
	assert_true(uuid_valid(STR("dbd0cb49-b563-45e7-9724-889e799fa648")));
	assert_true(uuid_valid(STR("DBD0CB49-B563-45E7-9724-889E799FA648")));
	assert_false(uuid_valid(STR("dbd0cb49-b563-45e7-9724-889e799fa64")));
	assert_false(uuid_valid(STR("dbd0cb49-b563-45e7-9724-889e799fa648x")));
	assert_false(uuid_valid(STR("dbd0cb49_b563-45e7-9724-889e799fa648")));
	assert_false(uuid_valid(STR("gbd0cb49-b563-45e7-9724-889e799fa648")));
	assert_false(uuid_valid(STR_NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(hex_is_strict),
		cmocka_unit_test(random_ids_differ_and_are_version_4),
		cmocka_unit_test(named_ids_are_stable_and_separate_their_parts),
		cmocka_unit_test(shape_of_ids_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
