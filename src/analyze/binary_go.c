/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Go linker leaves in every program (Go's package debug/buildinfo): a header of 32 bytes
 * with a mark, and behind or through it two texts, the version of Go and the modules. Since Go 1.18
 * the texts follow the header with their lengths; before, the header points to them. The header
 * stands in a section of its own; in a file whose section table is gone it is looked for in the
 * segments that may be written, at multiples of 16.
 *
 * Packages are the standard library, the main module, and every dependency; a replaced one is what
 * it was replaced with, unless that is a directory without a version of its own.
 */
#include "analyze/binary.h"

#include "analyze/metadata.h"
#include "base/limits.h"

#include <string.h>

enum { HEADER_BYTES = 32, ALIGNMENT = 16, FLAG_BIG = 1, FLAG_INLINE = 2 };
/* The module list of the largest programs has some 200 kB. */
enum { TEXT_MAX = 16 << 20 };

static const struct str mark = STR_INIT("\xff Go buildinf:");

static struct str find_in(struct str bytes)
{
	size_t from = 0;
	while (from < bytes.n) {
		const char *found = memmem(bytes.p + from, bytes.n - from, mark.p, mark.n);
		if (!found)
			break;
		size_t at = (size_t)(found - bytes.p);
		if (at % ALIGNMENT == 0 && bytes.n - at >= HEADER_BYTES)
			return str_skip(bytes, at);
		from = at + 1;
	}
	return STR_NULL;
}

/* The header and what follows it; STR_NULL: this is no Go program. */
static struct str find_header(const struct elf *elf)
{
	struct str section;
	struct elf_segment segment;
	if (elf_section(elf, STR(".go.buildinfo"), &section)) {
		struct str found = find_in(section);
		/* Its texts may be longer than the section says. */
		if (found.p)
			return str_skip(elf->bytes, (size_t)(found.p - elf->bytes.p));
	}
	if (elf->section_count)
		return STR_NULL;
	for (size_t i = 0; elf_segment(elf, i, &segment); i++) {
		bool writable = segment.flags & ELF_FLAG_WRITE;
		struct str found = segment.type == ELF_SEGMENT_LOAD && writable
					   ? find_in(segment.content)
					   : STR_NULL;
		if (found.p)
			return str_skip(elf->bytes, (size_t)(found.p - elf->bytes.p));
	}
	return STR_NULL;
}

/* A text with its length in front (base 128, least significant first). */
static bool take_text(struct str *rest, struct str *text)
{
	uint64_t n = 0;
	size_t i = 0;
	for (unsigned shift = 0;; shift += 7, i++) {
		if (i >= rest->n || shift > 28)
			return false;
		n |= (uint64_t)((unsigned char)rest->p[i] & 0x7f) << shift;
		if (!((unsigned char)rest->p[i] & 0x80))
			break;
	}
	if (n > TEXT_MAX || n > rest->n - i - 1)
		return false;
	*text = str_sub(*rest, i + 1, (size_t)n);
	*rest = str_skip(*rest, i + 1 + (size_t)n);
	return true;
}

/* A Go string at an address: pointer and length. */
static bool text_at(const struct elf *elf, size_t word, uint64_t address, struct str *text)
{
	struct str bytes;
	if (!elf_at_address(elf, address, 2 * word, &bytes))
		return false;
	uint64_t n = elf_number(elf, bytes.p + word, word);
	return n <= TEXT_MAX && elf_at_address(elf, elf_number(elf, bytes.p, word), n, text);
}

static bool read_texts(
	const struct elf *elf, struct str header, struct str *version, struct str *modules)
{
	unsigned flags = (unsigned char)header.p[mark.n + 1];
	if (flags & FLAG_INLINE) {
		struct str rest = str_skip(header, HEADER_BYTES);
		return take_text(&rest, version) && take_text(&rest, modules);
	}
	size_t word = (unsigned char)header.p[mark.n];
	if ((word != 4 && word != 8) || ((flags & FLAG_BIG) != 0) != elf->big)
		return false;
	return text_at(elf, word, elf_number(elf, header.p + 16, word), version) &&
	       text_at(elf, word, elf_number(elf, header.p + 16 + word, word), modules);
}

/* --- what the texts say */

struct module {
	struct str path;
	struct str version;
};

struct go_program {
	struct analyze_sink *sink;
	struct module pending; /* until the next line shows whether it was replaced */
	bool pending_is_main;
	struct str revision, time, flags;
};

/* "go1.21.3", "go1.21rc2 X:boringcrypto", "devel go1.22-abc", "go1.19.6 (Vendor 1.19.6-1)". */
static struct str stdlib_version(struct str text)
{
	struct str word;
	while (str_cut(&text, ' ', &word))
		if (str_starts(word, STR("go")) && word.n > 2)
			return str_skip(word, 2);
	return STR("");
}

static bool is_unknown(struct str version)
{
	return !version.n || str_eq(version, STR("(devel)"));
}

/* The value that a linker flag "-X PACKAGE.version=VALUE" gives, if it looks like a version. */
static struct str version_of_flags(struct str flags)
{
	struct str word;
	while (str_cut(&flags, ' ', &word)) {
		struct str value = word;
		struct str name;
		if (str_find(word, '=') == STR_NONE || !str_cut(&value, '=', &name))
			continue;
		size_t dot = str_rfind(name, '.');
		struct str variable = dot == STR_NONE ? STR("") : str_skip(name, dot + 1);
		while (value.n && strchr("'\"", value.p[value.n - 1]))
			value.n--;
		while (value.n && strchr("'\"", value.p[0]))
			value = str_skip(value, 1);
		struct str number = str_starts(value, STR("v")) ? str_skip(value, 1) : value;
		bool digits = number.n && number.p[0] >= '0' && number.p[0] <= '9' &&
			      str_find(number, '.') != STR_NONE;
		if (digits && str_eq_nocase(variable, STR("version")))
			return value;
	}
	return STR("");
}

/* v0.0.0-20230102150405-abcdefabcdef of the commit, as Go writes it itself since 1.24. */
static struct str version_of_commit(const struct go_program *program)
{
	char digits[15];
	size_t n = 0;
	for (size_t i = 0; i < program->time.n && n < 14; i++)
		if (program->time.p[i] >= '0' && program->time.p[i] <= '9')
			digits[n++] = program->time.p[i];
	if (n < 14 || program->revision.n < 12)
		return STR("");
	return arena_printf(program->sink->arena, "v0.0.0-" STR_FMT "-" STR_FMT,
		STR_ARG(((struct str){ digits, n })), STR_ARG(str_sub(program->revision, 0, 12)));
}

static int add(struct analyze_sink *sink, struct str path, struct str version, struct err *err)
{
	const struct package package = { .type = PACKAGE_GOLANG, .name = path, .version = version };
	int r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int flush(struct go_program *program, struct err *err)
{
	struct module done = program->pending;
	program->pending = (struct module){ { 0 }, { 0 } };
	if (!done.path.n || program->pending_is_main)
		return 0;
	int r = add(program->sink, done.path, done.version, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static void take_setting(struct go_program *program, struct str setting)
{
	struct str value = setting;
	struct str key;
	if (!str_cut(&value, '=', &key))
		return;
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = str_sub(value, 1, value.n - 2);
	if (str_eq(key, STR("vcs.revision")))
		program->revision = value;
	else if (str_eq(key, STR("vcs.time")))
		program->time = value;
	else if (str_eq(key, STR("-ldflags")) || str_eq(key, STR("\"-ldflags\"")))
		program->flags = value;
}

/* Lines of words between tabs: path, mod, dep, =>, build. */
static int take_line(
	struct go_program *program, struct str line, struct module *main, struct err *err)
{
	struct str rest = line;
	struct str kind = STR("");
	struct module named = { { 0 }, { 0 } };
	str_cut(&rest, '\t', &kind);
	if (str_eq(kind, STR("build"))) {
		take_setting(program, rest);
		return 0;
	}
	str_cut(&rest, '\t', &named.path);
	str_cut(&rest, '\t', &named.version);
	if (str_eq(kind, STR("=>"))) {
		if (!is_unknown(named.version))
			*(program->pending_is_main ? main : &program->pending) = named;
		return 0;
	}
	int r = flush(program, err);
	if (r < 0)
		return err_trace(err, r);
	program->pending_is_main = str_eq(kind, STR("mod"));
	if (program->pending_is_main)
		*main = named;
	else if (str_eq(kind, STR("dep")))
		program->pending = named;
	return 0;
}

static int take_modules(struct analyze_sink *sink, struct str text, struct err *err)
{
	struct go_program program = { .sink = sink };
	struct module main = { { 0 }, { 0 } };
	struct str line;
	int r = 0;
	while (r == 0 && str_cut(&text, '\n', &line))
		r = take_line(&program, line, &main, err);
	if (r == 0)
		r = flush(&program, err);
	if (r < 0)
		return err_trace(err, r);
	if (!main.path.n)
		return 0;
	if (is_unknown(main.version))
		main.version = version_of_flags(program.flags);
	if (is_unknown(main.version))
		main.version = version_of_commit(&program);
	if (is_unknown(main.version))
		main.version = STR("(devel)");
	r = add(sink, main.path, main.version, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int binary_go(const struct elf *elf, struct analyze_sink *sink, struct err *err)
{
	enum { FRAME_BYTES = 16 };
	struct str version;
	struct str modules;
	struct str header = find_header(elf);
	if (!header.p)
		return 0;
	if (!read_texts(elf, header, &version, &modules))
		return err_set(err, EINVAL, "its Go build information is damaged");
	int r = add(sink, STR("stdlib"), stdlib_version(version), err);
	/* The list stands between two marks of 16 bytes. */
	if (r == 0 && modules.n > 2 * FRAME_BYTES)
		r = take_modules(
			sink, str_sub(modules, FRAME_BYTES, modules.n - 2 * FRAME_BYTES), err);
	return r < 0 ? err_trace(err, r) : 0;
}
