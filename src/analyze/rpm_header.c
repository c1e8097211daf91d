/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm header blobs (rpm's format documentation, "Header structure"; without the magic that precedes
 * one in a file): two big-endian counts, n index entries of 16 bytes (tag, type, offset, count),
 * and a store of data bytes. Everything is checked against the store before it is read: an offset,
 * a count or a missing NUL that leads outside is damage, and the file lists are walked once, so
 * work is bounded by the length of the blob.
 */
#include "analyze/rpm_header.h"

#include "base/limits.h"

enum { ENTRY_BYTES = 16, LEAD_BYTES = 8 };

enum type { TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRING_ARRAY = 8, TYPE_I18N = 9 };

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_VENDOR = 1011,
	TAG_LICENCE = 1014,
	TAG_ARCH = 1022,
	TAG_OLD_FILE_NAMES = 1027,
	TAG_SOURCE_RPM = 1044,
	TAG_DIRECTORY_INDEXES = 1116,
	TAG_BASE_NAMES = 1117,
	TAG_DIRECTORY_NAMES = 1118,
	TAG_MODULARITY_LABEL = 5096,
};

struct value { /* of one tag; type 0: absent */
	uint32_t type;
	uint32_t count;
	struct str bytes; /* of the store from the tag's offset on */
};

struct header {
	struct value name, version, release, epoch, vendor, licence, arch, source_rpm, module;
	struct value base_names, directory_names, directory_indexes, old_file_names;
};

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static struct value *value_of(struct header *header, uint32_t tag)
{
	switch (tag) {
	case TAG_NAME:
		return &header->name;
	case TAG_VERSION:
		return &header->version;
	case TAG_RELEASE:
		return &header->release;
	case TAG_EPOCH:
		return &header->epoch;
	case TAG_VENDOR:
		return &header->vendor;
	case TAG_LICENCE:
		return &header->licence;
	case TAG_ARCH:
		return &header->arch;
	case TAG_OLD_FILE_NAMES:
		return &header->old_file_names;
	case TAG_SOURCE_RPM:
		return &header->source_rpm;
	case TAG_DIRECTORY_INDEXES:
		return &header->directory_indexes;
	case TAG_BASE_NAMES:
		return &header->base_names;
	case TAG_DIRECTORY_NAMES:
		return &header->directory_names;
	case TAG_MODULARITY_LABEL:
		return &header->module;
	default:
		return NULL;
	}
}

static int read_index(struct str blob, struct header *header, struct err *err)
{
	if (blob.n < LEAD_BYTES)
		return err_set(err, EINVAL, "a header of %zu bytes", blob.n);
	uint64_t entries = be32(blob.p);
	uint64_t store = be32(blob.p + 4);
	if (LEAD_BYTES + entries * ENTRY_BYTES + store > blob.n)
		return err_set(err, EINVAL, "a header is longer than its record");
	size_t start = (size_t)(LEAD_BYTES + entries * ENTRY_BYTES);
	for (uint64_t i = 0; i < entries; i++) {
		const char *entry = blob.p + LEAD_BYTES + i * ENTRY_BYTES;
		struct value *value = value_of(header, be32(entry));
		uint32_t offset = be32(entry + 8);
		if (!value)
			continue;
		if (offset > store)
			return err_set(err, EINVAL, "an entry of a header leads outside");
		*value = (struct value){
			.type = be32(entry + 4),
			.count = be32(entry + 12),
			.bytes = { blob.p + start + offset, (size_t)(store - offset) },
		};
	}
	return 0;
}

/* Takes the text up to the next NUL off *rest; false when there is none. */
static bool next_text(struct str *rest, struct str *text)
{
	size_t end = str_find(*rest, '\0');
	if (end == STR_NONE)
		return false;
	*text = str_sub(*rest, 0, end);
	*rest = str_skip(*rest, end + 1);
	return true;
}

static struct str text_of(const struct value *value)
{
	struct str rest = value->bytes;
	struct str text;
	bool texts = value->type == TYPE_STRING || value->type == TYPE_STRING_ARRAY ||
		     value->type == TYPE_I18N;
	return texts && value->count && next_text(&rest, &text) ? text : STR("");
}

static bool has_numbers(const struct value *value, uint32_t count)
{
	return value->type == TYPE_INT32 && value->count >= count &&
	       (uint64_t)count * sizeof(uint32_t) <= value->bytes.n;
}

bool rpm_source_split(struct str file, struct str *name, struct str *version)
{
	static const struct str endings[] = { STR_INIT(".src.rpm"), STR_INIT(".nosrc.rpm") };
	struct str stem = STR_NULL;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (str_ends(file, endings[i]))
			stem = str_sub(file, 0, file.n - endings[i].n);
	size_t release = str_rfind(stem, '-');
	if (release == STR_NONE)
		return false;
	size_t dash = str_rfind(str_sub(stem, 0, release), '-');
	if (dash == STR_NONE || !dash)
		return false;
	*name = str_sub(stem, 0, dash);
	*version = str_skip(stem, dash + 1);
	return true;
}

static struct str with_epoch(struct arena *arena, struct str epoch, struct str version)
{
	uint64_t number;
	if (!str_parse_u64(epoch, &number) || !number)
		return version;
	return arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(epoch), STR_ARG(version));
}

void rpm_package_fill(struct arena *arena, const struct rpm_texts *texts, struct package *package)
{
	struct str version = texts->version;
	struct str source;
	if (texts->release.n)
		version = arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(texts->version),
			STR_ARG(texts->release));
	package->type = PACKAGE_RPM;
	package->name = texts->name;
	package->version = with_epoch(arena, texts->epoch, version);
	package->source_name = package->name;
	package->source_version = package->version;
	if (!rpm_source_split(texts->source_rpm, &package->source_name, &source))
		return;
	package->source_version = str_eq(source, version) ? package->version : source;
}

/* Every base name belongs to a directory named by its index. */
static int own_files(
	const struct header *header, struct str owner, struct analyze_sink *sink, struct err *err)
{
	const struct value *names = &header->base_names;
	const struct value *directories = &header->directory_names;
	if (names->type != TYPE_STRING_ARRAY || directories->type != TYPE_STRING_ARRAY)
		return 0;
	if (!has_numbers(&header->directory_indexes, names->count) ||
		directories->count > directories->bytes.n)
		return err_set(err, EINVAL, "the file list of a header is damaged");
	struct arena_mark mark = arena_mark(sink->arena);
	struct str *list = ARENA_ARRAY(sink->arena, directories->count, struct str);
	struct str rest = directories->bytes;
	int r = 0;
	for (uint32_t i = 0; i < directories->count && r == 0; i++)
		if (!next_text(&rest, &list[i]))
			r = err_set(err, EINVAL, "the directory list of a header is cut");
	AUTO_STRBUF struct strbuf path = STRBUF(2 * LIMIT_ENTRY_PATH);
	rest = names->bytes;
	for (uint32_t i = 0; i < names->count && r == 0; i++) {
		struct str name;
		uint32_t index = be32(header->directory_indexes.bytes.p + 4 * (size_t)i);
		if (index >= directories->count || !next_text(&rest, &name)) {
			r = err_set(err, EINVAL, "the file list of a header is cut");
			break;
		}
		strbuf_clear(&path);
		strbuf_add_str(&path, list[index]);
		strbuf_add_str(&path, name);
		if (!strbuf_failed(&path))
			r = analyze_own(sink, PACKAGE_RPM, owner, strbuf_view(&path), err);
	}
	arena_rollback(sink->arena, mark);
	return r < 0 ? err_trace(err, r) : 0;
}

static int own_old_files(
	const struct header *header, struct str owner, struct analyze_sink *sink, struct err *err)
{
	struct str rest = header->old_file_names.bytes;
	struct str path;
	if (header->old_file_names.type != TYPE_STRING_ARRAY)
		return 0;
	for (uint32_t i = 0; i < header->old_file_names.count && next_text(&rest, &path); i++) {
		int r = analyze_own(sink, PACKAGE_RPM, owner, path, err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

static int add(
	struct header *header, struct arena *scratch, struct analyze_sink *sink, struct err *err)
{
	struct package package = {
		.arch = analyze_free_text(text_of(&header->arch)),
		.licence = analyze_free_text(text_of(&header->licence)),
		.supplier = analyze_free_text(text_of(&header->vendor)),
		.module = text_of(&header->module),
	};
	struct rpm_texts texts = {
		.name = text_of(&header->name),
		.epoch = STR(""),
		.version = text_of(&header->version),
		.release = text_of(&header->release),
		.source_rpm = text_of(&header->source_rpm),
	};
	if (has_numbers(&header->epoch, 1))
		texts.epoch = arena_printf(scratch, "%u", be32(header->epoch.bytes.p));
	rpm_package_fill(scratch, &texts, &package);
	/* Third parties leave other things in there than labels. */
	if (!analyze_is_word(package.module))
		package.module = STR("");
	if (!analyze_is_word(texts.name) || !analyze_is_word(texts.version) ||
		!analyze_is_word(package.version) || !analyze_is_word(package.source_name) ||
		!analyze_is_word(package.source_version))
		return err_set(err, EINVAL, "a header has no usable name, version or source rpm");
	int r = analyze_add_package(sink, &package, err);
	if (r == 0)
		r = own_files(header, package.name, sink, err);
	if (r == 0)
		r = own_old_files(header, package.name, sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int rpm_header_read(struct str blob, struct analyze_sink *sink, struct err *err)
{
	struct header header = { 0 };
	struct arena *scratch = arena_new(0);
	int r = read_index(blob, &header, err);
	if (r == 0)
		r = add(&header, scratch, sink, err);
	arena_free(&scratch);
	return r < 0 ? err_trace(err, r) : 0;
}
