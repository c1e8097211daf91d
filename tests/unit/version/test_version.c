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

/* One file for each grammar; nuget.txt and pub.txt are written by hand from their documents. */
static void every_grammar_as_recorded(void **state)
{
	(void)state;
	static const unsigned least[GRAMMAR_COUNT] = {
		[GRAMMAR_APK] = 550, [GRAMMAR_NUGET] = 40, [GRAMMAR_PUB] = 30
	};
	for (int i = 0; i < GRAMMAR_COUNT; i++) {
		enum version_grammar grammar = (enum version_grammar)i;
		char name[64];
		snprintf(
			name, sizeof(name), STR_FMT ".txt", STR_ARG(version_grammar_name(grammar)));
		check_file(grammar, name, least[i] ? least[i] : 400);
	}
}

struct trap {
	enum version_grammar grammar;
	const char *a;
	char order;
	const char *b;
};

static const struct trap traps[] = {
#define TRAP(grammar, a, order, b) { GRAMMAR_##grammar, a, order, b },
#include "traps.def"
#undef TRAP
};

static void traps_of_the_grammars(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++) {
		struct str a = str_from(traps[i].a);
		struct str b = str_from(traps[i].b);
		char order = order_of(traps[i].grammar, a, b);
		if (order != traps[i].order ||
			order_of(traps[i].grammar, b, a) != opposite(traps[i].order))
			fail_msg(STR_FMT ": %s %c %s expected, not %c",
				STR_ARG(version_grammar_name(traps[i].grammar)), traps[i].a,
				traps[i].order, traps[i].b, order);
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

enum { PIECES = 14 };

/*
 * Beginnings are 0, 1 or 2 (of hex and pub 0.1.0 …), the rest is put together of these. Releases of
 * rpm and pacman packages come at the end (see order_of_three): without one a version equals all
 * its releases, and that is not transitive.
 */
static const char *const pieces[GRAMMAR_COUNT][PIECES] = {
	[GRAMMAR_DPKG] = { ".", "~", "+", "-", "1", "0", "a", "b", "10", "rc", "9", "00", "Z",
		":1" },
	[GRAMMAR_APK] = { ".1", ".0", ".05", "a", "_alpha", "_rc1", "_p", "_git2", "-r1", "-r0",
		".10", "_p1", "~ab", "_beta" },
	[GRAMMAR_RPM] = { ".", "~", "^", "_", "1", "0", "a", "b", "10", "rc", "9", "00", "Z",
		".1" },
	[GRAMMAR_PACMAN] = { ".1", ".a", "_1", "a", "1", "0", ".0", "b", "10", "rc", "9", "00", "Z",
		"+1" },
	[GRAMMAR_SEMVER] = { ".1", ".0", ".10", "-a", "-1", "-0", ".a", ".b", "+x", "-rc.1", "-A",
		".01", "-a-b", ".1.2.3" },
	[GRAMMAR_GO] = { ".1", ".0", ".10.2", "-rc.1", "-0.2019", "rc1", "beta2", ".0.0", "+dirty",
		"-alpha", ".1-0", ".2", "-pre", "+incompatible" },
	[GRAMMAR_PEP440] = { ".1", ".0", "a1", "b", "rc2", ".post1", ".dev0", "-1", "+1.a", "!1",
		".dev3", ".10", "post", "+a" },
	[GRAMMAR_MAVEN] = { ".1", ".0", ".2", "-1", "-alpha1", "-rc1", "-SNAPSHOT", "-m2", "-sp",
		"-foo", "a1", ".10", "-beta", "-jre8" },
	[GRAMMAR_GEM] = { ".1", ".0", ".a", ".b1", ".rc.1", "-x", ".A", ".10", ".00", ".pre", "-1",
		".0a", ".1z", ".z" },
	[GRAMMAR_NUGET] = { ".1", ".0", ".01", "-a", "-A", "-1", ".b", "+x", "-rc.1", ".10",
		"-RC.1", "-0", ".B", ".2" },
	[GRAMMAR_PACKAGIST] = { ".1", ".0", "-alpha", "b1", "-RC2", "-p1", "-dev", ".x-dev", "-1",
		"+x", "@beta", ".10", "pl", "010" },
	[GRAMMAR_HEX] = { ".1", ".0", ".0.0", "-a", "-1", ".1.2", "+x", "-rc.1", "-0", ".10", ".a",
		".b", "-A", "-a-b" },
	[GRAMMAR_PUB] = { ".1", ".0", ".0.0", "-a", "-1", ".1.2", "+x", "+1", "-0", ".10", ".a",
		".b", "+0.a", "-rc.1" },
};

static struct str random_version(enum version_grammar grammar, const char *end, char out[64])
{
	bool three = grammar == GRAMMAR_HEX || grammar == GRAMMAR_PUB;
	int n = snprintf(out, 64, "%u%s", random_below(3), three ? ".1.0" : "");
	for (unsigned i = random_below(5); i; i--)
		n += snprintf(out + n, 64 - (size_t)n, "%s", pieces[grammar][random_below(PIECES)]);
	if (*end)
		n += snprintf(out + n, 64 - (size_t)n, "%s%u", end, random_below(3));
	return (struct str){ out, (size_t)n };
}

/* True when three random versions are all valid and so were compared. */
static bool order_of_three(enum version_grammar grammar)
{
	char text[3][64];
	struct str v[3];
	bool all = true;
	bool releases = grammar == GRAMMAR_RPM || grammar == GRAMMAR_PACMAN;
	const char *end = releases && random_below(2) ? "-" : "";
	for (int k = 0; k < 3; k++) {
		v[k] = random_version(grammar, end, text[k]);
		all &= version_valid(grammar, v[k]);
		assert_int_equal(
			order_of(grammar, v[k], v[k]), version_valid(grammar, v[k]) ? '=' : '!');
	}
	if (!all)
		return false;
	char ab = order_of(grammar, v[0], v[1]);
	char bc = order_of(grammar, v[1], v[2]);
	char ac = order_of(grammar, v[0], v[2]);
	assert_int_equal(order_of(grammar, v[1], v[0]), opposite(ab));
	char expected = ab == '=' ? bc : bc == '=' || bc == ab ? ab : ac;
	if (ac != expected)
		fail_msg(STR_FMT " is not transitive: %s %c %s %c %s, but %c",
			STR_ARG(version_grammar_name(grammar)), text[0], ab, text[1], bc, text[2],
			ac);
	return true;
}

static void the_order_is_an_order(void **state)
{
	(void)state;
	for (int i = 0; i < GRAMMAR_COUNT; i++) {
		unsigned valid = 0;
		for (unsigned turn = 0; turn < 60000; turn++)
			valid += order_of_three((enum version_grammar)i);
		if (valid < 1500)
			fail_msg("only %u triples of %s", valid,
				version_grammar_name((enum version_grammar)i).p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_grammar_as_recorded),
		cmocka_unit_test(traps_of_the_grammars),
		cmocka_unit_test(the_order_is_an_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
