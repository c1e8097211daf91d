/* SPDX-License-Identifier: Apache-2.0 */
/* See elf.h. */
#include "analyze/elf.h"

#include <string.h>

/* Real files have below 100 segments; section tables of large object files reach some 60,000. */
enum { SEGMENTS_MAX = 1000, SECTIONS_MAX = 100000 };
enum { SECTION_WITHOUT_BYTES = 8 };

uint64_t elf_number(const struct elf *elf, const char *bytes, size_t n)
{
	uint64_t value = 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | (unsigned char)bytes[elf->big ? i : n - 1 - i];
	return value;
}

/* Fields by their offset in files of 32 and of 64 bits. */
struct field {
	unsigned char narrow, narrow_size, wide, wide_size;
};

static uint64_t take(const struct elf *elf, const char *header, struct field field)
{
	return elf->wide ? elf_number(elf, header + field.wide, field.wide_size)
			 : elf_number(elf, header + field.narrow, field.narrow_size);
}

/* The part of the file from offset, cut at its end. */
static struct str part(const struct elf *elf, uint64_t offset, uint64_t n)
{
	if (offset >= elf->bytes.n)
		return STR("");
	return str_sub(elf->bytes, (size_t)offset, n < elf->bytes.n ? (size_t)n : elf->bytes.n);
}

static bool table_fits(const struct elf *elf, uint64_t offset, size_t count, size_t size)
{
	uint64_t n;
	return !__builtin_mul_overflow((uint64_t)count, (uint64_t)size, &n) &&
	       offset <= elf->bytes.n && n <= elf->bytes.n - offset;
}

struct section {
	uint32_t name;
	uint32_t type;
	struct str content;
	bool whole;
};

static struct section section_at(const struct elf *elf, size_t index)
{
	const char *header = elf->bytes.p + elf->section_offset + index * elf->section_size;
	struct section section = {
		.name = (uint32_t)take(elf, header, (struct field){ 0, 4, 0, 4 }),
		.type = (uint32_t)take(elf, header, (struct field){ 4, 4, 4, 4 }),
	};
	uint64_t offset = take(elf, header, (struct field){ 16, 4, 24, 8 });
	uint64_t n = take(elf, header, (struct field){ 20, 4, 32, 8 });
	if (section.type != SECTION_WITHOUT_BYTES)
		section.content = part(elf, offset, n);
	section.whole = section.content.n == n;
	return section;
}

/* Counts that do not fit their fields stand in the first section header. */
static bool find_sections(struct elf *elf, size_t names)
{
	enum { NAMES_ELSEWHERE = 0xffff };
	size_t least = elf->wide ? 64 : 40;
	if (!elf->section_offset) {
		elf->section_count = 0;
		return true;
	}
	if (elf->section_size < least ||
		!table_fits(elf, elf->section_offset, 1, elf->section_size))
		return false;
	const char *first = elf->bytes.p + elf->section_offset;
	if (!elf->section_count)
		elf->section_count = (size_t)take(elf, first, (struct field){ 20, 4, 32, 8 });
	if (names == NAMES_ELSEWHERE)
		names = (size_t)take(elf, first, (struct field){ 24, 4, 40, 4 });
	if (elf->section_count > SECTIONS_MAX ||
		!table_fits(elf, elf->section_offset, elf->section_count, elf->section_size))
		return false;
	if (names < elf->section_count)
		elf->section_names = section_at(elf, names).content;
	return true;
}

int elf_open(struct str bytes, struct elf *elf, struct err *err)
{
	*elf = (struct elf){ .bytes = bytes };
	if (bytes.n < 52 || !str_starts(bytes, STR("\177ELF")))
		return err_set(err, EINVAL, "it is not an ELF file");
	elf->wide = bytes.p[4] == 2;
	elf->big = bytes.p[5] == 2;
	if ((!elf->wide && bytes.p[4] != 1) || (!elf->big && bytes.p[5] != 1) ||
		(elf->wide && bytes.n < 64))
		return err_set(err, EINVAL, "its ELF header is damaged");
	elf->type = (uint16_t)take(elf, bytes.p, (struct field){ 16, 2, 16, 2 });
	elf->segment_offset = take(elf, bytes.p, (struct field){ 28, 4, 32, 8 });
	elf->section_offset = take(elf, bytes.p, (struct field){ 32, 4, 40, 8 });
	elf->segment_size = (size_t)take(elf, bytes.p, (struct field){ 42, 2, 54, 2 });
	elf->segment_count = (size_t)take(elf, bytes.p, (struct field){ 44, 2, 56, 2 });
	elf->section_size = (size_t)take(elf, bytes.p, (struct field){ 46, 2, 58, 2 });
	elf->section_count = (size_t)take(elf, bytes.p, (struct field){ 48, 2, 60, 2 });
	size_t names = (size_t)take(elf, bytes.p, (struct field){ 50, 2, 62, 2 });
	size_t least = elf->wide ? 56 : 32;
	if (elf->segment_count && (elf->segment_size < least || elf->segment_count > SEGMENTS_MAX ||
					  !table_fits(elf, elf->segment_offset, elf->segment_count,
						  elf->segment_size)))
		return err_set(err, EINVAL, "its ELF program headers lie outside of it");
	if (!find_sections(elf, names)) {
		elf->section_count = 0;
		return ELF_NO_SECTIONS;
	}
	return 0;
}

bool elf_section(const struct elf *elf, struct str name, struct str *content)
{
	for (size_t i = 0; i < elf->section_count; i++) {
		struct section section = section_at(elf, i);
		struct str found = str_skip(elf->section_names, section.name);
		if (found.n > name.n && str_starts(found, name) && !found.p[name.n]) {
			*content = section.content;
			return section.whole && section.content.n;
		}
	}
	return false;
}

bool elf_segment(const struct elf *elf, size_t index, struct elf_segment *segment)
{
	if (index >= elf->segment_count)
		return false;
	const char *header = elf->bytes.p + elf->segment_offset + index * elf->segment_size;
	*segment = (struct elf_segment){
		.type = (uint32_t)take(elf, header, (struct field){ 0, 4, 0, 4 }),
		.flags = (uint32_t)take(elf, header, (struct field){ 24, 4, 4, 4 }),
		.address = take(elf, header, (struct field){ 8, 4, 16, 8 }),
		.content = part(elf, take(elf, header, (struct field){ 4, 4, 8, 8 }),
			take(elf, header, (struct field){ 16, 4, 32, 8 })),
	};
	return true;
}

bool elf_at_address(const struct elf *elf, uint64_t address, uint64_t n, struct str *bytes)
{
	struct elf_segment segment;
	for (size_t i = 0; elf_segment(elf, i, &segment); i++) {
		if (segment.type != ELF_SEGMENT_LOAD || address < segment.address)
			continue;
		uint64_t offset = address - segment.address;
		if (offset > segment.content.n || n > segment.content.n - offset)
			continue;
		*bytes = str_sub(segment.content, (size_t)offset, (size_t)n);
		return true;
	}
	return false;
}

/* Notes stand one after the other; name and content are padded to 4 bytes. */
static bool find_note(const struct elf *elf, struct str notes, struct str owner, uint32_t type,
	struct str *content)
{
	enum { HEADER = 12 };
	while (notes.n >= HEADER) {
		uint64_t name_n = elf_number(elf, notes.p, 4);
		uint64_t content_n = elf_number(elf, notes.p + 4, 4);
		uint64_t found = elf_number(elf, notes.p + 8, 4);
		uint64_t begin = HEADER + ((name_n + 3) & ~(uint64_t)3);
		uint64_t end = begin + ((content_n + 3) & ~(uint64_t)3);
		if (begin + content_n > notes.n)
			return false;
		struct str name = str_sub(notes, HEADER, (size_t)name_n);
		if (name.n && !name.p[name.n - 1])
			name.n--;
		*content = str_sub(notes, (size_t)begin, (size_t)content_n);
		if (found == type && str_eq(name, owner))
			return true;
		notes = end < notes.n ? str_skip(notes, (size_t)end) : STR("");
	}
	return false;
}

bool elf_note(const struct elf *elf, struct str owner, uint32_t type, struct str *content)
{
	enum { SECTION_NOTE = 7 };
	struct elf_segment segment;
	for (size_t i = 0; elf_segment(elf, i, &segment); i++)
		if (segment.type == ELF_SEGMENT_NOTE &&
			find_note(elf, segment.content, owner, type, content))
			return true;
	for (size_t i = 0; i < elf->section_count; i++) {
		struct section section = section_at(elf, i);
		if (section.type == SECTION_NOTE &&
			find_note(elf, section.content, owner, type, content))
			return true;
	}
	return false;
}
