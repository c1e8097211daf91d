/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparators against what the native tools said (tests/data/versions), and the laws of an
 * order on random versions. The differential test with the tools themselves is
 * tests/system/test_versions.py.
 */
#include "version/version.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static char order_of(enum version_grammar grammar, struct str a, struct str b)
{
	int order;
	if (!version_compare(grammar, a, b, &order))
		return '!';
	return order < 0 ? '<' : order > 0 ? '>' : '=';
}

static char opposite(char order)
{
	return order == '<' ? '>' : order == '>' ? '<' : order;
}

/*
 * apk-tools accepts some texts that are not versions of any package (an empty component, a version
 * that begins with a letter, two revisions); lazaret refuses them. The hash after "~" is newer than
 * the reference and accepted only here.
 */
static bool agrees(enum version_grammar grammar, struct str a, struct str b, char expected)
{
	char order = order_of(grammar, a, b);
	if (order == expected)
		return true;
	if (grammar != GRAMMAR_APK)
		return false;
	if (order == '!')
		return true;
	return expected == '!' && (str_contains(a, STR("~")) || str_contains(b, STR("~")));
}

static void check_file(enum version_grammar grammar, const char *name, unsigned least)
{
	char path[4096];
	const char *source = getenv("LAZARET_SOURCE");
	snprintf(path, sizeof(path), "%s/tests/data/versions/%s", source ? source : ".", name);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	AUTO_FREE char *line = NULL;
	size_t room = 0;
	ssize_t n;
	unsigned decided = 0;
	while ((n = getline(&line, &room, file)) > 0) {
		struct str rest = str_trim((struct str){ line, (size_t)n });
		struct str a;
		struct str order;
		if (*line == '#')
			continue;
		assert_true(str_cut(&rest, ' ', &a) && str_cut(&rest, ' ', &order));
		if (!agrees(grammar, a, rest, *order.p) ||
			!agrees(grammar, rest, a, opposite(*order.p)))
			fail_msg("%s: lazaret says %c for %.*s", name, order_of(grammar, a, rest),
				(int)n, line);
		decided += order_of(grammar, a, rest) == *order.p;
	}
	fclose(file);
	assert_true(decided >= least);
}

static void dpkg_as_recorded(void **state)
{
	(void)state;
	check_file(GRAMMAR_DPKG, "dpkg.txt", 600);
}

static void apk_as_recorded(void **state)
{
	(void)state;
	check_file(GRAMMAR_APK, "apk.txt", 550);
}

static void traps_of_the_grammars(void **state)
{
	(void)state;
	static const struct {
		enum version_grammar grammar;
		const char *a;
		char order;
		const char *b;
	} cases[] = {
		{ GRAMMAR_DPKG, "1.0~rc1", '<', "1.0" },
		{ GRAMMAR_DPKG, "1.0~", '>', "1.0~~ab" },
		{ GRAMMAR_DPKG, "1:1.0", '>', "2.0" },
		{ GRAMMAR_DPKG, "0:1.0", '=', "1.0" },
		{ GRAMMAR_DPKG, "1.0-0", '=', "1.0" },
		{ GRAMMAR_DPKG, "1.0a", '<', "1.0+" },
		{ GRAMMAR_DPKG, "1.0-1", '<', "1.0-1+deb12u1" },
		{ GRAMMAR_DPKG, "1.2.10", '>', "1.2.9" },
		{ GRAMMAR_DPKG, "99999999999999999999999", '>', "9999999999999999999999" },
		{ GRAMMAR_DPKG, "1-2-3", '>', "1-2" },
		{ GRAMMAR_DPKG, "1.0-", '!', "1.0" },
		{ GRAMMAR_DPKG, ":1.0", '!', "1.0" },
		{ GRAMMAR_DPKG, "1:", '!', "1.0" },
		{ GRAMMAR_DPKG, "1 0", '!', "1.0" },
		{ GRAMMAR_DPKG, "", '!', "1.0" },
		{ GRAMMAR_APK, "1.0_alpha", '<', "1.0" },
		{ GRAMMAR_APK, "1.0_rc1-r0", '<', "1.0-r0" },
		{ GRAMMAR_APK, "1.0_p1", '>', "1.0" },
		{ GRAMMAR_APK, "1.0a", '>', "1.0" },
		{ GRAMMAR_APK, "1.05", '<', "1.5" },
		{ GRAMMAR_APK, "1.1.1d-r2", '<', "1.1.1g-r0" },
		{ GRAMMAR_APK, "1.0-r10", '>', "1.0-r9" },
		{ GRAMMAR_APK, "1.0_git20200101-r0", '<', "1.0_p1-r0" },
		{ GRAMMAR_APK, "1.0~ab12", '>', "1.0" },
		{ GRAMMAR_APK, "1.0~ab12-r1", '<', "1.0.1" },
		{ GRAMMAR_APK, "1.0_foo", '!', "1.0" },
		{ GRAMMAR_APK, "v1.0", '!', "1.0" },
		{ GRAMMAR_APK, "1.0-1", '!', "1.0" },
		{ GRAMMAR_APK, "1..0", '!', "1.0" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char order = order_of(cases[i].grammar, str_from(cases[i].a), str_from(cases[i].b));
		if (order != cases[i].order)
			fail_msg("%s %c %s expected, not %c", cases[i].a, cases[i].order,
				cases[i].b, order);
	}
}

static uint64_t random_state = 88172645463325252u;

static unsigned random_below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state % n);
}

static struct str random_version(enum version_grammar grammar, char out[64])
{
	static const char *const pieces[][12] = {
		[GRAMMAR_DPKG] = { ".", "~", "+", "-", "1", "0", "a", "b", "10", "rc", "9", "00" },
		[GRAMMAR_APK] = { ".1", ".0", ".05", "a", "_alpha", "_rc1", "_p", "_git2", "-r1",
			"-r0", ".10", "_p1" },
	};
	int n = snprintf(out, 64, "%u", random_below(3));
	for (unsigned i = random_below(6); i; i--)
		n += snprintf(out + n, 64 - (size_t)n, "%s", pieces[grammar][random_below(12)]);
	return (struct str){ out, (size_t)n };
}

static void the_order_is_an_order(void **state)
{
	(void)state;
	unsigned valid = 0;
	for (unsigned i = 0; i < 200000; i++) {
		enum version_grammar grammar = i % 2 ? GRAMMAR_APK : GRAMMAR_DPKG;
		char text[3][64];
		struct str v[3];
		bool all = true;
		for (int k = 0; k < 3; k++) {
			v[k] = random_version(grammar, text[k]);
			all &= version_valid(grammar, v[k]);
			assert_int_equal(order_of(grammar, v[k], v[k]),
				version_valid(grammar, v[k]) ? '=' : '!');
		}
		if (!all)
			continue;
		valid++;
		char ab = order_of(grammar, v[0], v[1]);
		char bc = order_of(grammar, v[1], v[2]);
		char ac = order_of(grammar, v[0], v[2]);
		assert_int_equal(order_of(grammar, v[1], v[0]), opposite(ab));
		char expected = ab == '=' ? bc : bc == '=' || bc == ab ? ab : ac;
		if (ac != expected)
			fail_msg("not transitive: %s %c %s %c %s, but %c", text[0], ab, text[1], bc,
				text[2], ac);
	}
	assert_true(valid > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dpkg_as_recorded),
		cmocka_unit_test(apk_as_recorded),
		cmocka_unit_test(traps_of_the_grammars),
		cmocka_unit_test(the_order_is_an_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
