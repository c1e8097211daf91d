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
	{ "rhel", "9.2", "", "", "", "" },
	{ "arch", "", "", "", "", "Arch Linux" },
	{ "amzn", "2023", "", "", "", "Amazon Linux:2023" },
	{ "ol", "8.9", "", "", "", "Oracle Linux:8" },
	{ "centos", "7", "", "", "", "CentOS:7" },
	{ "fedora", "39", "", "", "", "Fedora:39" },
	{ "gentoo", "", "", "", "", "" },
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

static void what_is_older_than_os_release_is_read(void **state)
{
	(void)state;
	static const struct {
		struct platform_facts facts;
		const char *id, *version, *key;
	} rows[] = {
		{ { .release_text = STR_INIT("CentOS release 6.10 (Final)\n") }, "centos", "6.10",
			"CentOS:6" },
		{ { .release_text = STR_INIT("Red Hat Enterprise Linux Server release 6.10 "
					     "(Santiago)\n") },
			"rhel", "6.10", "Red Hat:enterprise_linux:6" },
		{ { .release_text = STR_INIT("AlmaLinux release 8.7 (Stone Smilodon)\n") },
			"almalinux", "8.7", "AlmaLinux:8" },
		{ { .release_text = STR_INIT("Rocky Linux release 9.1 (Blue Onyx)\n") }, "rocky",
			"9.1", "Rocky Linux:9" },
		{ { .release_text = STR_INIT("Oracle Linux Server release 7.9\n") }, "ol", "7.9",
			"Oracle Linux:7" },
		{ { .release_text = STR_INIT("Fedora release 20 (Heisenbug)\n") }, "fedora", "20",
			"Fedora:20" },
		{ { .release_text = STR_INIT("Amazon Linux AMI release 2018.03\n") }, "amzn",
			"2018.03", "Amazon Linux:2018.03" },
		{ { .release_text = STR_INIT("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = "
					     "11\nPATCHLEVEL = 4\n") },
			"sles", "11", "SUSE:Linux Enterprise Server 11 SP4" },
		{ { .release_text = STR_INIT("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = "
					     "11\nPATCHLEVEL = 0\n") },
			"sles", "11", "SUSE:Linux Enterprise Server 11" },
		{ { .release_text = STR_INIT("openSUSE 13.2 (x86_64)\n") }, "opensuse-leap", "13.2",
			"openSUSE:13.2" },
		{ { .release_text = STR_INIT("VMware Photon OS 3.0\n") }, "photon", "3.0",
			"Photon OS:3.0" },
		{ { .release_text = STR_INIT("Photon 1.0\n") }, "photon", "1.0", "Photon OS:1.0" },
		{ { .release_text = STR_INIT("CBL-Mariner 2.0.20220101\n") }, "mariner",
			"2.0.20220101", "Azure Linux:2" },
		{ { .release_text = STR_INIT("Microsoft Azure Linux 3.0.20240101\n") },
			"azurelinux", "3.0.20240101", "Azure Linux:3" },
		{ { .release_text = STR_INIT("Azure Linux 3.0\n") }, "azurelinux", "3.0",
			"Azure Linux:3" },
		{ { .release_text = STR_INIT("Mageia release 8 (Official) for x86_64\n") },
			"mageia", "8", "Mageia:8" },
		{ { .release_text = STR_INIT("openEuler release 22.03 (LTS)\n") }, "openeuler",
			"22.03", "openEuler:22.03-LTS" },
		{ { .release_text = STR_INIT("Plan 9\n") }, "", "", "" },
		{ { .lsb_release = STR_INIT("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_"
					    "DESCRIPTION=\"Ubuntu 12.04 LTS\"\n"),
			  .debian_version = STR_INIT("wheezy/sid\n") },
			"ubuntu", "12.04", "Ubuntu:12.04:LTS" },
		{ { .alpine_release = STR_INIT("3.2.3\n") }, "alpine", "3.2.3", "Alpine:v3.2" },
		{ { .debian_version = STR_INIT("6.0.10\n") }, "debian", "6.0.10", "Debian:6" },
		{ { .debian_version = STR_INIT("trixie/sid\n") }, "debian", "", "" },
		{ { .id = STR_INIT("debian"),
			  .version_id = STR_INIT("12"),
			  .release_text = STR_INIT("CentOS release 6\n") },
			"debian", "12", "Debian:12" },
	};
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct platform platform;
		platform_derive(arena, &rows[i].facts, &platform);
		if (!str_eq(platform.release_key, str_from(rows[i].key)) ||
			!str_eq(platform.os_id, str_from(rows[i].id)) ||
			!str_eq(platform.os_version, str_from(rows[i].version)))
			fail_msg("row %zu: " STR_FMT " " STR_FMT " \"" STR_FMT "\"", i,
				STR_ARG(platform.os_id), STR_ARG(platform.os_version),
				STR_ARG(platform.release_key));
		assert_int_equal(platform_is_known(&rows[i].facts), *rows[i].id != 0);
	}
	arena_free(&arena);
}

static void every_legacy_row_has_a_case(void **state)
{
	(void)state;
	static const struct str beginnings[] = {
#define LEGACY_RELEASE(beginning, os_id) STR_INIT(beginning " 1"),
#include "inventory/legacy_releases.def"
#undef LEGACY_RELEASE
	};
	static const struct str ids[] = {
#define LEGACY_RELEASE(beginning, os_id) STR_INIT(os_id),
#include "inventory/legacy_releases.def"
#undef LEGACY_RELEASE
	};
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const struct platform_facts facts = { .release_text = beginnings[i] };
		struct platform platform;
		platform_derive(arena, &facts, &platform);
		assert_true(str_eq(platform.os_id, ids[i]));
		assert_true(platform.release_key.n > 0);
	}
	arena_free(&arena);
}

static void flavours_are_named(void **state)
{
	(void)state;
	static const struct {
		struct platform_facts facts;
		const char *flavours;
	} rows[] = {
		{ { .id = STR_INIT("ubuntu"),
			  .version_id = STR_INIT("18.04"),
			  .pro_services = STR_INIT("fips,esm-infra,esm-apps") },
			"pro" },
		{ { .id = STR_INIT("ubuntu"),
			  .version_id = STR_INIT("18.04"),
			  .pro_services = STR_INIT("livepatch") },
			"" },
		{ { .id = STR_INIT("debian"), .pro_services = STR_INIT("esm-infra") }, "" },
		{ { .id = STR_INIT("alpine"),
			  .version_id = STR_INIT("3.18.2"),
			  .apk_repositories = STR_INIT("https://x/alpine/v3.18/main\n"
						       "https://x/alpine/edge/testing\n") },
			"edge" },
		{ { .id = STR_INIT("alpine"),
			  .version_id = STR_INIT("3.18.2"),
			  .apk_repositories = STR_INIT("https://x/alpine/v3.18/main\n"
						       "@e https://x/alpine/edge/testing\n") },
			"" },
		{ { .id = STR_INIT("rhel"), .content_sets = STR_INIT("b,a,,b") },
			"content-set:a,content-set:b" },
	};
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct platform platform;
		platform_derive(arena, &rows[i].facts, &platform);
		assert_true(str_eq(platform.flavours, str_from(rows[i].flavours)));
	}
	arena_free(&arena);
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
		cmocka_unit_test(what_is_older_than_os_release_is_read),
		cmocka_unit_test(every_legacy_row_has_a_case),
		cmocka_unit_test(flavours_are_named),
		cmocka_unit_test(parents_are_not_taken_for_the_distribution),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
