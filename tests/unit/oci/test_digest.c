/* SPDX-License-Identifier: Apache-2.0 */
/* Digest text: what is a digest, and what only looks like one. */
#include "oci/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void both_algorithms_are_digests(void **state)
{
	(void)state;
	assert_true(oci_digest_valid(STR("sha256:" HEX64)));
	assert_true(oci_digest_valid(STR("sha512:" HEX64 HEX64)));
	assert_true(str_eq(oci_digest_algorithm(STR("sha512:" HEX64 HEX64)), STR("sha512")));
	assert_true(str_eq(oci_digest_hex(STR("sha256:" HEX64)), STR(HEX64)));
}

static void lookalikes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		":",
		"sha256",
		"sha256:",
		HEX64,
		"sha256:" HEX64 "0",
		"sha256:" HEX64 HEX64,
		"sha512:" HEX64,
		"SHA256:" HEX64,
		"md5:0123456789abcdef0123456789abcdef",
		" sha256:" HEX64,
		"sha256:" HEX64 "\n",
		"sha256::" HEX64,
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:../3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (oci_digest_valid(str_from(bad[i])))
			fail_msg("accepted: %s", bad[i]);
	}
	assert_false(oci_digest_valid(STR_NULL));
	assert_true(oci_digest_algorithm(STR("abc")).n == 0);
	assert_true(oci_digest_hex(STR("abc")).n == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_algorithms_are_digests),
		cmocka_unit_test(lookalikes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
