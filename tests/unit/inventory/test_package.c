/* SPDX-License-Identifier: Apache-2.0 */
/* Packages: types, identity, package URLs. */
#include "inventory/package.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void purl_encodes_each_component(void **state)
{
	(void)state;
	static const struct {
		struct package package;
		struct str os_id, os_version;
		const char *purl;
	} rows[] = {
		{ { .type = PACKAGE_DEB,
			  .name = STR_INIT("bash"),
			  .version = STR_INIT("5.2.15-2+b2"),
			  .arch = STR_INIT("amd64") },
			STR_INIT("debian"), STR_INIT("12"),
			"pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12" },
		{ { .type = PACKAGE_DEB,
			  .name = STR_INIT("libstdc++6"),
			  .version = STR_INIT("1:2~rc1") },
			STR_INIT("Debian"), STR_INIT(""), "pkg:deb/debian/libstdc%2B%2B6@1:2~rc1" },
		{ { .type = PACKAGE_APK,
			  .name = STR_INIT("musl"),
			  .version = STR_INIT("1.2.4-r2"),
			  .arch = STR_INIT("x86_64") },
			STR_INIT("alpine"), STR_INIT("3.18.9"),
			"pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.18.9" },
		{ { .type = PACKAGE_RPM,
			  .name = STR_INIT("ImageMagick-c++"),
			  .version = STR_INIT("1:6.9-4.el9"),
			  .arch = STR_INIT("x86_64"),
			  .module = STR_INIT("a:b:1:c") },
			STR_INIT("almalinux"), STR_INIT("9.0"),
			"pkg:rpm/almalinux/ImageMagick-c%2B%2B@6.9-4.el9?arch=x86_64&distro="
			"almalinux-9.0&epoch=1&rpmmod=a:b:1:c" },
		{ { .type = PACKAGE_ALPM, .name = STR_INIT("vi"), .version = STR_INIT("1:3-1") },
			STR_INIT("arch"), STR_INIT(""), "pkg:alpm/arch/vi@1:3-1" },
		{ { .type = PACKAGE_APK, .name = STR_INIT("a/b c"), .version = STR_INIT("1") },
			STR_INIT(""), STR_INIT("3"), "pkg:apk/a%2Fb%20c@1" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf out = STRBUF(1024);
		package_purl(&rows[i].package, rows[i].os_id, rows[i].os_version, &out);
		assert_string_equal(strbuf_cstr(&out), rows[i].purl);
	}
}

static void identity_leaves_out_licence_and_supplier(void **state)
{
	(void)state;
	struct package a = { .type = PACKAGE_DEB, .name = STR("x"), .version = STR("1") };
	struct package b = a;
	b.licence = STR("MIT");
	b.supplier = STR("Somebody");
	assert_true(package_same(&a, &b));
	b.source_version = STR("2");
	assert_false(package_same(&a, &b));
	b = a;
	b.module = STR("nodejs:12:8:9");
	assert_false(package_same(&a, &b));
	b = a;
	b.type = PACKAGE_APK;
	assert_false(package_same(&a, &b));
}

static void types_have_names_and_grammars(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKAGE_TYPE_COUNT; i++) {
		enum package_type type;
		assert_true(package_type_parse(package_type_name((enum package_type)i), &type));
		assert_int_equal(type, i);
		assert_true(package_type_grammar(type).n > 0);
		assert_true(package_type_class(type).n > 0);
	}
	enum package_type type;
	assert_false(package_type_parse(STR("floppy"), &type));
}

static void suppliers_tell_whose_package_it_is(void **state)
{
	(void)state;
	static const struct {
		enum package_type type;
		const char *supplier;
		bool distribution;
	} rows[] = {
		{ PACKAGE_RPM, "AlmaLinux", true },
		{ PACKAGE_RPM, "SUSE LLC <https://www.suse.com/>", true },
		{ PACKAGE_RPM, "NodeSource", false },
		{ PACKAGE_RPM, "", false },
		{ PACKAGE_DEB, "Matthias Klose <doko@debian.org>", true },
		{ PACKAGE_DEB, "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>", true },
		{ PACKAGE_DEB, "Docker <support@docker.com>", false },
		{ PACKAGE_DEB, "", true },
		{ PACKAGE_APK, "", true },
		{ PACKAGE_ALPM, "Somebody <s@example.org>", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct package package = { .type = rows[i].type,
			.supplier = str_from(rows[i].supplier) };
		assert_int_equal(package_is_distribution(&package), rows[i].distribution);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(purl_encodes_each_component),
		cmocka_unit_test(identity_leaves_out_licence_and_supplier),
		cmocka_unit_test(suppliers_tell_whose_package_it_is),
		cmocka_unit_test(types_have_names_and_grammars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
