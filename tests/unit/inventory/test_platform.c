/* SPDX-License-Identifier: Apache-2.0 */
/* Release keys: one case or more for every row of platforms.def, and the traps. */
#include "inventory/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *id, *version, *pretty, *cpe, *repositories, *key;
} cases[] = {
	{ "debian", "12", "", "", "", "Debian:12" },
	{ "debian", "10.13", "", "", "", "Debian:10" },
	{ "debian", "", "Debian GNU/Linux trixie/sid", "", "", "" },
	{ "ubuntu", "22.04", "", "", "", "Ubuntu:22.04:LTS" },
	{ "ubuntu", "22.10", "", "", "", "Ubuntu:22.10" },
	{ "ubuntu", "23.04", "", "", "", "Ubuntu:23.04" },
	{ "ubuntu", "24.04.1", "", "", "", "Ubuntu:24.04:LTS" },
	{ "ubuntu", "rolling", "", "", "", "" },
	{ "alpine", "3.18.9", "", "", "", "Alpine:v3.18" },
	{ "alpine", "3.10.2", "", "", "http://x/alpine/v3.10/main\n", "Alpine:v3.10" },
	{ "alpine", "3.19_alpha20230901", "", "", "", "Alpine:edge" },
	{ "alpine", "3.18.4", "", "", "https://x/alpine/edge/main\n", "Alpine:edge" },
	{ "alpine", "3.18.4", "", "",
		"# https://x/alpine/edge/main\nhttps://x/alpine/v3.18/main\n@e "
		"https://x/edge/main\n",
		"Alpine:v3.18" },
	{ "alpine", "", "", "", "https://x/alpine/v3.17/main\n", "Alpine:v3.17" },
	{ "alpine", "", "", "", "", "" },
	{ "wolfi", "20230201", "", "", "", "Wolfi" },
	{ "chainguard", "20230214", "", "", "", "Chainguard" },
	{ "minimos", "1", "", "", "", "MinimOS" },
	{ "echo", "1", "", "", "", "Echo" },
	{ "alpaquita", "23", "", "", "", "Alpaquita:23" },
	{ "alpaquita", "stream", "", "", "", "Alpaquita:stream" },
	{ "alpaquita", "", "", "", "", "" },
	{ "bellsoft-hardened-containers", "25", "", "", "", "BellSoft Hardened Containers:25" },
	{ "almalinux", "8.7", "", "", "", "AlmaLinux:8" },
	{ "rocky", "9.1", "", "", "", "Rocky Linux:9" },
	{ "rocky", "", "", "", "", "" },
	{ "azurelinux", "3.0", "", "", "", "Azure Linux:3" },
	{ "mariner", "2.0", "", "", "", "Azure Linux:2" },
	{ "photon", "4.0", "", "", "", "Photon OS:4.0" },
	{ "mageia", "9", "", "", "", "Mageia:9" },
	{ "openEuler", "22.03", "openEuler 22.03 (LTS-SP3)", "", "", "openEuler:22.03-LTS-SP3" },
	{ "opensuse-leap", "15.5", "openSUSE Leap 15.5", "", "", "openSUSE:Leap 15.5" },
	{ "opensuse-tumbleweed", "20240101", "openSUSE Tumbleweed", "", "", "openSUSE:Tumbleweed" },
	{ "sles", "15.5", "SUSE Linux Enterprise Server 15 SP5", "", "",
		"SUSE:Linux Enterprise Server 15 SP5" },
	{ "rhel", "9.2", "", "cpe:/o:redhat:enterprise_linux:9::baseos", "",
		"Red Hat:enterprise_linux:9::baseos" },
	{ "arch", "", "", "", "", "" },
	{ "DEBIAN", "11", "", "", "", "Debian:11" },
};

static void every_row_gives_its_key(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct platform_facts facts = {
			.id = str_from(cases[i].id),
			.version_id = str_from(cases[i].version),
			.pretty_name = str_from(cases[i].pretty),
			.cpe_name = str_from(cases[i].cpe),
			.apk_repositories = str_from(cases[i].repositories),
		};
		struct platform platform;
		platform_derive(arena, &facts, &platform);
		if (!str_eq(platform.release_key, str_from(cases[i].key)))
			fail_msg("%s %s: \"" STR_FMT "\" instead of \"%s\"", cases[i].id,
				cases[i].version, STR_ARG(platform.release_key), cases[i].key);
	}
	arena_free(&arena);
}

/* Removing or misspelling a row of the table must fail here. */
static void every_row_has_a_case(void **state)
{
	(void)state;
	static const struct str ids[] = {
#define PLATFORM(os_id, ecosystem, rule, doc) STR_INIT(os_id),
#include "inventory/platforms.def"
#undef PLATFORM
	};
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		bool found = false;
		for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++)
			found |= str_eq_nocase(ids[i], str_from(cases[k].id));
		if (!found)
			fail_msg("no case for " STR_FMT, STR_ARG(ids[i]));
	}
}

static void parents_are_not_taken_for_the_distribution(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	const struct platform_facts facts = {
		.id = STR("linuxmint"), .id_like = STR("ubuntu debian"), .version_id = STR("21")
	};
	struct platform platform;
	platform_derive(arena, &facts, &platform);
	assert_int_equal(platform.release_key.n, 0);
	assert_true(str_eq(platform.os_id, STR("linuxmint")));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_gives_its_key),
		cmocka_unit_test(every_row_has_a_case),
		cmocka_unit_test(parents_are_not_taken_for_the_distribution),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
