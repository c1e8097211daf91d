/* SPDX-License-Identifier: Apache-2.0 */
/* See elf_samples.h: header, program headers, contents, names, section headers. */
#include "elf_samples.h"

#include <string.h>

enum { SECTIONS_MAX = 16, ALIGN = 16 };

void elf_sample_number(bool big, uint64_t value, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++)
		strbuf_add_char(out, (char)(value >> 8 * (big ? n - 1 - i : i)));
}

static void pad(struct strbuf *out, size_t to)
{
	while (out->n % to)
		strbuf_add_char(out, '\0');
}

void elf_sample_note(
	bool big, const char *owner, uint32_t type, struct str content, struct strbuf *out)
{
	elf_sample_number(big, strlen(owner) + 1, 4, out);
	elf_sample_number(big, content.n, 4, out);
	elf_sample_number(big, type, 4, out);
	strbuf_add(out, owner, strlen(owner) + 1);
	pad(out, 4);
	strbuf_add_str(out, content);
	pad(out, 4);
}

struct writer {
	const struct elf_sample *sample;
	struct strbuf *out;
};

static void put(const struct writer *writer, uint64_t value, size_t n)
{
	elf_sample_number(writer->sample->big, value, n, writer->out);
}

static void put_header(const struct writer *writer, size_t sections_at)
{
	const struct elf_sample *sample = writer->sample;
	size_t word = sample->narrow ? 4 : 8;
	strbuf_add_str(writer->out, STR("\177ELF"));
	strbuf_add_char(writer->out, sample->narrow ? 1 : 2);
	strbuf_add_char(writer->out, sample->big ? 2 : 1);
	strbuf_add_char(writer->out, 1);
	pad(writer->out, 16);
	put(writer, 2, 2); /* executable */
	put(writer, 62, 2);
	put(writer, 1, 4);
	put(writer, 0, word); /* entry */
	put(writer, sample->narrow ? 52 : 64, word);
	put(writer, sample->without_sections ? 0 : sections_at, word);
	put(writer, 0, 4);
	put(writer, sample->narrow ? 52 : 64, 2);
	put(writer, sample->narrow ? 32 : 56, 2);
	put(writer, sample->count, 2);
	put(writer, sample->narrow ? 40 : 64, 2);
	put(writer, sample->without_sections ? 0 : sample->count + 1, 2);
	put(writer, sample->without_sections ? 0 : sample->count, 2);
}

static void put_segment(
	const struct writer *writer, const struct elf_sample_section *section, size_t at)
{
	size_t word = writer->sample->narrow ? 4 : 8;
	uint32_t flags = section->writable ? 6 : 4;
	put(writer, section->type == 7 ? 4 : 1, 4);
	if (!writer->sample->narrow)
		put(writer, flags, 4);
	put(writer, at, word);
	put(writer, ELF_SAMPLE_BASE + at, word);
	put(writer, ELF_SAMPLE_BASE + at, word);
	put(writer, section->content.n, word);
	put(writer, section->content.n, word);
	if (writer->sample->narrow)
		put(writer, flags, 4);
	put(writer, ALIGN, word);
}

static void put_section(
	const struct writer *writer, size_t name, uint32_t type, size_t at, size_t n)
{
	size_t word = writer->sample->narrow ? 4 : 8;
	put(writer, name, 4);
	put(writer, type, 4);
	put(writer, 0, word);
	put(writer, ELF_SAMPLE_BASE + at, word);
	put(writer, at, word);
	put(writer, n, word);
	put(writer, 0, 8);
	put(writer, ALIGN, word);
	put(writer, 0, word);
}

void elf_sample(const struct elf_sample *sample, struct strbuf *out)
{
	struct writer writer = { sample, out };
	size_t at[SECTIONS_MAX + 1];
	size_t names[SECTIONS_MAX + 1];
	CHECK(sample->count <= SECTIONS_MAX);
	size_t next = sample->narrow ? 52 + 32 * sample->count : 64 + 56 * sample->count;
	for (size_t i = 0; i < sample->count; i++) {
		next = (next + ALIGN - 1) / ALIGN * ALIGN;
		at[i] = next;
		next += sample->sections[i].content.n;
	}
	AUTO_STRBUF struct strbuf text = STRBUF(1 << 16);
	for (size_t i = 0; i < sample->count; i++) {
		names[i] = text.n;
		strbuf_add(&text, sample->sections[i].name, strlen(sample->sections[i].name) + 1);
	}
	names[sample->count] = text.n;
	strbuf_add(&text, ".shstrtab", sizeof(".shstrtab"));
	at[sample->count] = next;
	put_header(&writer, next + text.n);
	for (size_t i = 0; i < sample->count; i++)
		put_segment(&writer, &sample->sections[i], at[i]);
	for (size_t i = 0; i < sample->count; i++) {
		pad(out, ALIGN);
		CHECK(out->n == at[i]);
		strbuf_add_str(out, sample->sections[i].content);
	}
	strbuf_add_str(out, strbuf_view(&text));
	for (size_t i = 0; i < sample->count && !sample->without_sections; i++)
		put_section(&writer, names[i], sample->sections[i].type, at[i],
			sample->sections[i].content.n);
	if (!sample->without_sections)
		put_section(&writer, names[sample->count], 3, at[sample->count], text.n);
}
