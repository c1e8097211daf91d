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

/* Types of languages: what is namespace and what is name, and which spellings are the same. */
static void purls_of_languages(void **state)
{
	(void)state;
	static const struct {
		enum package_type type;
		struct str name, version, arch;
		const char *purl;
	} rows[] = {
		{ PACKAGE_NPM, STR_INIT("@angular/Animation"), STR_INIT("12.3.1"), STR_INIT(""),
			"pkg:npm/%40angular/animation@12.3.1" },
		{ PACKAGE_NPM, STR_INIT("foobar"), STR_INIT("1.0.0+b.1"), STR_INIT(""),
			"pkg:npm/foobar@1.0.0%2Bb.1" },
		{ PACKAGE_PYPI, STR_INIT("Django_allauth"), STR_INIT("1!12.23"), STR_INIT(""),
			"pkg:pypi/django-allauth@1%2112.23" },
		{ PACKAGE_PYPI, STR_INIT("zope.Interface"), STR_INIT("5"), STR_INIT(""),
			"pkg:pypi/zope.interface@5" },
		{ PACKAGE_GOLANG, STR_INIT("github.com/Masterminds/semver/v3"), STR_INIT("v3.2.0"),
			STR_INIT(""), "pkg:golang/github.com/masterminds/semver/v3@v3.2.0" },
		{ PACKAGE_GOLANG, STR_INIT("stdlib"), STR_INIT("1.20.3"), STR_INIT(""),
			"pkg:golang/stdlib@1.20.3" },
		{ PACKAGE_GOLANG, STR_INIT("a.b/c"), STR_INIT("v2.0.0+incompatible"), STR_INIT(""),
			"pkg:golang/a.b/c@v2.0.0%2Bincompatible" },
		{ PACKAGE_GOLANG, STR_INIT("a.b/c"), STR_INIT("(devel)"), STR_INIT(""),
			"pkg:golang/a.b/c@%28devel%29" },
		{ PACKAGE_MAVEN, STR_INIT("org.apache.Commons:Commons-io"), STR_INIT("2.11.0"),
			STR_INIT(""), "pkg:maven/org.apache.Commons/Commons-io@2.11.0" },
		{ PACKAGE_MAVEN, STR_INIT("lonely"), STR_INIT("1"), STR_INIT(""),
			"pkg:maven/lonely@1" },
		{ PACKAGE_GEM, STR_INIT("jruby-launcher"), STR_INIT("1.1.2"), STR_INIT("java"),
			"pkg:gem/jruby-launcher@1.1.2?platform=java" },
		{ PACKAGE_CARGO, STR_INIT("serde_json"), STR_INIT("1.0.0"), STR_INIT(""),
			"pkg:cargo/serde_json@1.0.0" },
		{ PACKAGE_COMPOSER, STR_INIT("Laravel/Framework"), STR_INIT("5.5.0"), STR_INIT(""),
			"pkg:composer/laravel/framework@5.5.0" },
		{ PACKAGE_NUGET, STR_INIT("EnterpriseLibrary.Common"), STR_INIT("6.0.1304"),
			STR_INIT(""), "pkg:nuget/EnterpriseLibrary.Common@6.0.1304" },
		{ PACKAGE_CONDA, STR_INIT("absl-py"), STR_INIT("0.4.1"), STR_INIT("linux-64"),
			"pkg:conda/absl-py@0.4.1?subdir=linux-64" },
		{ PACKAGE_GENERIC, STR_INIT("openssl"), STR_INIT("1.1.1n"), STR_INIT(""),
			"pkg:generic/openssl@1.1.1n" },
		{ PACKAGE_CARGO, STR_INIT("a/b?c#d e"), STR_INIT("1"), STR_INIT(""),
			"pkg:cargo/a%2Fb%3Fc%23d%20e@1" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf out = STRBUF(1024);
		const struct package package = { .type = rows[i].type,
			.name = rows[i].name,
			.version = rows[i].version,
			.arch = rows[i].arch };
		/* The distribution is none of their business. */
		package_purl(&package, STR("debian"), STR("12"), &out);
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
		cmocka_unit_test(purls_of_languages),
		cmocka_unit_test(identity_leaves_out_licence_and_supplier),
		cmocka_unit_test(suppliers_tell_whose_package_it_is),
		cmocka_unit_test(types_have_names_and_grammars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
