/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of ELF files (System V ABI, "Object Files") that are in memory whole: sections by name,
 * segments, notes. Both classes and both byte orders. Every offset and size comes from the file
 * and is believed only as far as the file reaches; counts are bounded. Text is borrowed. Pure.
 */
#ifndef ANALYZE_ELF_H
#define ANALYZE_ELF_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct elf {
	struct str bytes;
	bool wide; /* 64-bit */
	bool big;  /* most significant byte first */
	uint16_t type;
	uint64_t segment_offset, section_offset;
	size_t segment_count, section_count;
	size_t segment_size, section_size; /* of one header */
	struct str section_names;
};

enum { ELF_TYPE_EXECUTABLE = 2, ELF_TYPE_SHARED = 3 };
enum { ELF_SEGMENT_LOAD = 1, ELF_SEGMENT_NOTE = 4 };
enum { ELF_FLAG_EXECUTE = 1, ELF_FLAG_WRITE = 2 };

/*
 * -EINVAL: not an ELF file, or its tables lie outside of it. A file whose section headers alone are
 * impossible still runs: then *elf is usable without sections, and the result is ELF_NO_SECTIONS.
 */
enum { ELF_NO_SECTIONS = 1 };
int elf_open(struct str bytes, struct elf *elf, struct err *err) MUST_CHECK;

/* The content of the first section of that name; false: there is none inside the file. */
bool elf_section(const struct elf *elf, struct str name, struct str *content);

struct elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t address;
	struct str content; /* as much of it as the file holds */
};
bool elf_segment(const struct elf *elf, size_t index, struct elf_segment *segment);
/* The bytes at an address of the running program; false: not all of n are in the file. */
bool elf_at_address(const struct elf *elf, uint64_t address, uint64_t n, struct str *bytes);
/* The content of the first note of that owner and type, from sections or segments. */
bool elf_note(const struct elf *elf, struct str owner, uint32_t type, struct str *content);

/* A number of n bytes (1, 2, 4, 8) in the order of the file; bytes must be that long. */
uint64_t elf_number(const struct elf *elf, const char *bytes, size_t n);

#endif
