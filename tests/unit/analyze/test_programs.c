/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that carry the list of what they are made of: Go and Rust. */
#include "../codec/zip_samples.h"
#include "elf_samples.h"
#include "language.h"

enum { ROOM = 8 << 20 };

#define MODULES                                                                                    \
	"path\texample.com/cmd\nmod\texample.com/main\t(devel)\t\n"                                \
	"dep\tgithub.com/A/b\tv1.0.0\th1:x=\n"                                                     \
	"dep\tgithub.com/c/d\tv1.1.0\n=>\tgithub.com/fork/d\tv1.1.1\th1:y=\n"                      \
	"dep\tgithub.com/e/f\tv1.2.0+incompatible\n=>\t./local\t(devel)\t\n"

static void put_text(struct strbuf *out, struct str text)
{
	size_t n = text.n;
	for (; n > 0x7f; n >>= 7)
		strbuf_add_char(out, (char)(0x80 | (n & 0x7f)));
	strbuf_add_char(out, (char)n);
	strbuf_add_str(out, text);
}

static void frame_modules(const char *modules, struct strbuf *out)
{
	strbuf_add_cstr(out, "0123456789abcdef");
	strbuf_add_cstr(out, modules);
	strbuf_add_cstr(out, "fedcba9876543210");
}

/* With the texts behind the header, as since Go 1.18. */
static void go_info(const char *version, const char *modules, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf framed = STRBUF(ROOM);
	frame_modules(modules, &framed);
	strbuf_add_cstr(out, "\xff Go buildinf:\x08\x02");
	while (out->n < 32)
		strbuf_add_char(out, '\0');
	put_text(out, str_from(version));
	put_text(out, strbuf_view(&framed));
}

static struct outcome read_go(const char *version, const char *modules, bool without_sections)
{
	AUTO_STRBUF struct strbuf info = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	go_info(version, modules, &info);
	const struct elf_sample_section sections[] = {
		{ ".text", 1, STR("code with \xff Go buildinf: in it"), false },
		{ ".go.buildinfo", 1, strbuf_view(&info), true },
	};
	const struct elf_sample elf = {
		.without_sections = without_sections, .sections = sections, .count = 2
	};
	elf_sample(&elf, &file);
	return analyze_bytes(analyze_binary, "app", strbuf_view(&file));
}

static void go_modules(void **state)
{
	(void)state;
	for (int stripped = 0; stripped < 2; stripped++) {
		struct outcome outcome = read_go("go1.20.3", MODULES, stripped);
		assert_packages(&outcome, "golang stdlib 1.20.3\n"
					  "golang github.com/A/b v1.0.0\n"
					  "golang github.com/fork/d v1.1.1\n"
					  "golang github.com/e/f v1.2.0+incompatible\n"
					  "golang example.com/main (devel)\n");
		arena_free(&outcome.arena);
	}
}

static void go_versions(void **state)
{
	(void)state;
	static const struct {
		const char *version, *modules, *packages;
	} rows[] = {
		{ "go1.21rc2 X:boringcrypto", "path\tx\n", "golang stdlib 1.21rc2\n" },
		{ "go1.19.6 (Vendor 1.19.6-1.el9)", "", "golang stdlib 1.19.6\n" },
		{ "devel go1.22-abc Mon", "", "golang stdlib 1.22-abc\n" },
		{ "unknown", "mod\tm\tv1.2.3\th1:\n", "golang m v1.2.3\n" },
		{ "go1", "mod\tm\t(devel)\n=>\tn\tv2.0.0\t\n",
			"golang stdlib 1\ngolang n v2.0.0\n" },
		{ "go1.20",
			"mod\tm\t(devel)\t\nbuild\t-ldflags=\"-s -w -X main.version=v3.1.4 -X "
			"a.b=c\"\n",
			"golang stdlib 1.20\ngolang m v3.1.4\n" },
		{ "go1.20",
			"mod\tm\t(devel)\t\nbuild\t-ldflags=\"-X main.version=dirty\"\n"
			"build\tvcs.revision=abcdef0123456789\nbuild\tvcs.time=2023-01-02T15:04:"
			"05Z\n",
			"golang stdlib 1.20\ngolang m v0.0.0-20230102150405-abcdef012345\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome = read_go(rows[i].version, rows[i].modules, false);
		assert_packages(&outcome, rows[i].packages);
		arena_free(&outcome.arena);
	}
}

/* Before Go 1.18 the header points to strings, which are pointers and lengths themselves. */
static void go_with_pointers(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		bool narrow = i & 1;
		bool big = i & 2;
		size_t word = narrow ? 4 : 8;
		AUTO_STRBUF struct strbuf data = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf framed = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
		frame_modules("mod\tm\tv1.0.0\t\n", &framed);
		/* The only section: its address follows from the size of the headers. */
		size_t begin = (narrow ? 52 + 32 : 64 + 56) + 15;
		uint64_t address = ELF_SAMPLE_BASE + begin / 16 * 16;
		strbuf_add_cstr(&data, "\xff Go buildinf:");
		strbuf_add_char(&data, (char)word);
		strbuf_add_char(&data, big ? 1 : 0);
		elf_sample_number(big, address + 32, word, &data);
		elf_sample_number(big, address + 32 + 2 * word, word, &data);
		while (data.n < 32)
			strbuf_add_char(&data, '\0');
		uint64_t texts = address + 32 + 4 * word;
		elf_sample_number(big, texts, word, &data);
		elf_sample_number(big, 8, word, &data);
		elf_sample_number(big, texts + 8, word, &data);
		elf_sample_number(big, framed.n, word, &data);
		strbuf_add_cstr(&data, "go1.16.4");
		strbuf_add_str(&data, strbuf_view(&framed));
		const struct elf_sample_section section = { ".go.buildinfo", 1, strbuf_view(&data),
			true };
		const struct elf_sample elf = {
			.narrow = narrow, .big = big, .sections = &section, .count = 1
		};
		elf_sample(&elf, &file);
		struct outcome outcome = analyze_bytes(analyze_binary, "app", strbuf_view(&file));
		assert_packages(&outcome, "golang stdlib 1.16.4\ngolang m v1.0.0\n");
		arena_free(&outcome.arena);
	}
}

static void damaged_go_information_is_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf info = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	go_info("go1.20.3", MODULES, &info);
	const struct elf_sample_section section = { ".go.buildinfo", 1,
		str_sub(strbuf_view(&info), 0, 41), true };
	const struct elf_sample elf = { .sections = &section, .count = 1 };
	elf_sample(&elf, &file);
	/* A length that no file has. */
	char *length = memmem(file.p, file.n, "go1.", 4);
	assert_non_null(length);
	memset(length - 1, 0xff, 5);
	struct outcome outcome = analyze_bytes(analyze_binary, "app", strbuf_view(&file));
	assert_packages(&outcome, "");
	assert_int_equal(outcome.partial_count, 1);
	assert_true(str_contains(outcome.partial, STR("Go build information")));
	arena_free(&outcome.arena);
}

static struct outcome read_crates(struct str packed)
{
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	const struct elf_sample_section section = { ".dep-v0", 1, packed, false };
	const struct elf_sample elf = { .sections = &section, .count = 1 };
	elf_sample(&elf, &file);
	return analyze_bytes(analyze_binary, "app", strbuf_view(&file));
}

static void crates(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	sample_deflate(
		STR("{\"packages\":[{\"name\":\"cc\",\"version\":\"1.0.0\",\"kind\":\"build\"},"
		    "{\"name\":\"serde\",\"version\":\"1.0.193\",\"source\":\"crates.io\"},"
		    "{\"name\":\"app\",\"version\":\"0.1.0\",\"source\":\"local\",\"root\":true}]"
		    "}"),
		true, &packed);
	struct outcome outcome = read_crates(strbuf_view(&packed));
	assert_packages(&outcome, "cargo serde 1.0.193\ncargo app 0.1.0\n");
	arena_free(&outcome.arena);
	packed.p[packed.n - 1] ^= 1; /* its checksum */
	outcome = read_crates(strbuf_view(&packed));
	assert_packages(&outcome, "");
	assert_int_equal(outcome.partial_count, 1);
	assert_true(str_contains(outcome.partial, STR("list of crates")));
	arena_free(&outcome.arena);
}

static void crate_bombs_are_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf zeros = STRBUF(ROOM << 3);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	memset(strbuf_reserve(&zeros, 32 << 20), ' ', 32 << 20);
	strbuf_commit(&zeros, 32 << 20);
	sample_deflate(strbuf_view(&zeros), true, &packed);
	struct outcome outcome = read_crates(strbuf_view(&packed));
	assert_int_equal(outcome.partial_count, 1);
	assert_true(str_contains(outcome.partial, STR("limit")));
	arena_free(&outcome.arena);
}

/* Programs that no package manager knows, by the texts that their builds have. */
static void classifiers_find_versions(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		struct str text;
		const char *packages;
	} rows[] = {
		{ "usr/local/bin/python3.11", STR_INIT("\0009.9.9\0003.11.2\0"),
			"generic python 3.11.2\n" },
		{ "usr/lib/libpython3.12.so.1.0", STR_INIT("\0003.11.2\0003.12.0rc1\0"),
			"generic python 3.12.0rc1\n" },
		{ "usr/bin/python3", STR_INIT("\0003.11.2\0"), "" },
		{ "usr/local/bin/node", STR_INIT("x node.js/v20.20.2 y"),
			"generic node 20.20.2\n" },
		{ "usr/lib/libcrypto.so.1.1", STR_INIT("OpenSSL %s\0OpenSSL 1.1.1n  15 Mar 2022\0"),
			"generic openssl 1.1.1n\n" },
		{ "bin/busybox", STR_INIT("BusyBox v1.36.1 (2023)"), "generic busybox 1.36.1\n" },
		{ "usr/sbin/nginx", STR_INIT("\0nginx version: nginx/1.25.3\0nginx/1.25.3\0"),
			"generic nginx 1.25.3\n" },
		{ "usr/local/bin/php", STR_INIT("X-Powered-By: PHP/8.2.7\0"),
			"generic php 8.2.7\n" },
		{ "bin/bash", STR_INIT("@(#)Bash version 5.2.15(1) release GNU"),
			"generic bash 5.2.15\n" },
		{ "usr/bin/curl", STR_INIT("\0curl 7.88.1 (x86_64) %s"), "generic curl 7.88.1\n" },
		{ "usr/lib/libcurl.so.4", STR_INIT("CLIENT libcurl 8.5.0\0"),
			"generic libcurl 8.5.0\n" },
		{ "usr/local/bin/redis-server",
			STR_INIT("\0007.0.15buildhost-1700000000000000000\0"),
			"generic redis 7.0.15\n" },
		{ "usr/local/bin/redis-server", STR_INIT("\0007.0.15\0some-text\0"), "" },
		{ "usr/bin/other", STR_INIT("OpenSSL 3.0.1 14 Dec 2021"), "" },
		{ "usr/bin/openssl", STR_INIT("OpenSSL 3 OpenSSL x.y OpenSSL "), "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
		const struct elf_sample_section section = { ".rodata", 1, rows[i].text, false };
		const struct elf_sample elf = { .sections = &section, .count = 1 };
		elf_sample(&elf, &file);
		struct outcome outcome =
			analyze_bytes(analyze_binary, rows[i].path, strbuf_view(&file));
		assert_packages(&outcome, rows[i].packages);
		arena_free(&outcome.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(go_modules),
		cmocka_unit_test(go_versions),
		cmocka_unit_test(go_with_pointers),
		cmocka_unit_test(damaged_go_information_is_told),
		cmocka_unit_test(crates),
		cmocka_unit_test(crate_bombs_are_told),
		cmocka_unit_test(classifiers_find_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
