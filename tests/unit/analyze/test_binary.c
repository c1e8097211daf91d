/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: headers of both classes and orders, notes, and headers that lie. */
#include "analyze/elf.h"

#include "elf_samples.h"
#include "language.h"

enum { ROOM = 8 << 20 };
static const uint32_t package_note = 0xcafe1a7eU;

static void sample(bool narrow, bool big, bool without_sections, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf notes = STRBUF(ROOM);
	elf_sample_note(big, "GNU", 3, STR("abcd"), &notes);
	elf_sample_note(big, "FDO", package_note,
		STR("{\"type\":\"deb\",\"name\":\"hello\",\"version\":\"2.10-3\","
		    "\"architecture\":\"amd64\"}\0"),
		&notes);
	const struct elf_sample_section sections[] = {
		{ ".text", 1, STR("some code"), false },
		{ ".note.package", 7, strbuf_view(&notes), false },
		{ ".data", 1, STR("some data"), true },
	};
	const struct elf_sample elf = { narrow, big, without_sections, sections, 3 };
	elf_sample(&elf, out);
}

static void package_notes_of_all_classes(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
		sample(i & 1, i & 2, i & 4, &file);
		struct outcome outcome =
			analyze_bytes(analyze_binary, "usr/bin/hello", strbuf_view(&file));
		assert_packages(&outcome, "deb hello 2.10-3\n");
		assert_int_equal(outcome.partial_count, 0);
		arena_free(&outcome.arena);
	}
}

static void sections_and_addresses(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	struct err err = ERR_INIT;
	struct elf elf;
	struct str found;
	sample(false, false, false, &file);
	assert_int_equal(elf_open(strbuf_view(&file), &elf, &err), 0);
	assert_true(elf_section(&elf, STR(".data"), &found));
	assert_true(str_eq(found, STR("some data")));
	assert_false(elf_section(&elf, STR(".dat"), &found));
	assert_false(elf_section(&elf, STR(".bss"), &found));
	struct elf_segment segment;
	assert_true(elf_segment(&elf, 2, &segment));
	assert_int_equal(segment.flags, 6);
	assert_false(elf_segment(&elf, 3, &segment));
	assert_true(elf_at_address(&elf, segment.address + 5, 4, &found));
	assert_true(str_eq(found, STR("data")));
	assert_false(elf_at_address(&elf, segment.address + 5, 5, &found));
	assert_false(elf_at_address(&elf, UINT64_MAX, 2, &found));
}

/* Each byte of the headers, one after the other, as large as it can be; and every length. */
static void lies_are_bounded(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	sample(false, false, false, &file);
	for (size_t i = 0; i < file.n; i++) {
		char kept = file.p[i];
		file.p[i] = (char)0xff;
		struct outcome outcome = analyze_bytes(analyze_binary, "bin/x", strbuf_view(&file));
		assert_true(outcome.code == 0 || outcome.err.code);
		arena_free(&outcome.arena);
		file.p[i] = kept;
	}
	for (size_t n = 0; n < file.n; n++) {
		struct outcome outcome =
			analyze_bytes(analyze_binary, "bin/x", str_sub(strbuf_view(&file), 0, n));
		assert_true(outcome.code == 0 || outcome.err.code);
		/* Its headers say that there is more. */
		assert_true(outcome.code < 0 || outcome.partial_count);
		arena_free(&outcome.arena);
	}
}

static void damage_is_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf file = STRBUF(ROOM);
	is_damaged(analyze_cstr(analyze_binary, "bin/x", "\177ELF"), "not an ELF");
	sample(false, false, false, &file);
	memset(file.p + 32, 0xff, 8); /* program headers */
	is_damaged(analyze_bytes(analyze_binary, "bin/x", strbuf_view(&file)), "program headers");
	strbuf_clear(&file);
	sample(false, false, false, &file);
	memset(file.p + 40, 0xff, 8); /* section headers: it would still run */
	struct outcome outcome = analyze_bytes(analyze_binary, "bin/x", strbuf_view(&file));
	assert_packages(&outcome, "deb hello 2.10-3\n");
	assert_int_equal(outcome.partial_count, 1);
	assert_true(str_contains(outcome.partial, STR("section headers")));
	arena_free(&outcome.arena);
	/* An object file and a core dump are no programs. */
	file.p[16] = 1;
	outcome = analyze_bytes(analyze_binary, "x.o", strbuf_view(&file));
	assert_packages(&outcome, "");
	assert_int_equal(outcome.partial_count, 0);
	arena_free(&outcome.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(package_notes_of_all_classes),
		cmocka_unit_test(sections_and_addresses),
		cmocka_unit_test(lies_are_bounded),
		cmocka_unit_test(damage_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
