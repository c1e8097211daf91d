/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files put together byte by byte, for tests. */
#ifndef TESTS_ANALYZE_ELF_SAMPLES_H
#define TESTS_ANALYZE_ELF_SAMPLES_H

#include "base/strbuf.h"

struct elf_sample_section {
	const char *name;
	uint32_t type; /* 1: bytes, 7: notes */
	struct str content;
	bool writable; /* gets a segment of its own that may be written */
};

struct elf_sample {
	bool narrow; /* 32 bits */
	bool big;    /* most significant byte first */
	bool without_sections;
	const struct elf_sample_section *sections;
	size_t count;
};

/* Every section is a segment, too: notes of type PT_NOTE, the others PT_LOAD at its file offset
 * plus ELF_SAMPLE_BASE. */
enum { ELF_SAMPLE_BASE = 0x10000 };
void elf_sample(const struct elf_sample *sample, struct strbuf *out);
/* One note: padded name, padded content. */
void elf_sample_note(
	bool big, const char *owner, uint32_t type, struct str content, struct strbuf *out);
/* n bytes of value in that order. */
void elf_sample_number(bool big, uint64_t value, size_t n, struct strbuf *out);

#endif
