/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chisel's manifest (chisel documentation, "Chisel manifest"; format jsonwall): the package
 * database of Ubuntu images that are cut from slices of Debian packages. A zstd stream of JSON
 * objects, one a line: the first says {"jsonwall":"1.0",…}, others have a "kind": "package" (name,
 * version, arch) and "content" (slice, path: a file of the image; a slice is called PACKAGE_SLICE).
 * It does not name source packages.
 */
#include "analyze/analyzer.h"
#include "base/json.h"
#include "base/limits.h"
#include "codec/stream.h"

static int add_package(const json_t *row, struct analyze_sink *sink, struct err *err)
{
	struct package package = {
		.type = PACKAGE_DEB,
		.name = json_str(row, "name"),
		.version = json_str(row, "version"),
		.arch = analyze_free_text(json_str(row, "arch")),
	};
	package.source_name = package.name;
	package.source_version = package.version;
	if (!analyze_is_word(package.name) || !analyze_is_word(package.version))
		return err_set(err, EINVAL, "a package has no usable name or version");
	int r = analyze_add_package(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int own(const json_t *row, struct analyze_sink *sink, struct err *err)
{
	struct str slice = json_str(row, "slice");
	struct str path = json_str(row, "path");
	size_t end = str_find(slice, '_');
	if (end == STR_NONE || str_ends(path, STR("/")))
		return 0;
	int r = analyze_own(sink, PACKAGE_DEB, str_sub(slice, 0, end), path, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_line(struct str line, bool first, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *row = NULL;
	int r = json_parse(line, LIMIT_TEXT_FILE_BYTES, &row, err);
	if (r < 0)
		return err_trace(err, r);
	if (first)
		return str_starts(json_str(row, "jsonwall"), STR("1."))
			       ? 0
			       : err_set(err, EINVAL, "it is no jsonwall of version 1");
	struct str kind = json_str(row, "kind");
	if (str_eq(kind, STR("package")))
		r = add_package(row, sink, err);
	else if (str_eq(kind, STR("content")))
		r = own(row, sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_lines(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str rest = text;
	struct str line;
	for (size_t number = 1; str_cut(&rest, '\n', &line); number++) {
		if (number > 1 && !str_trim(line).n)
			continue;
		int r = read_line(line, number == 1, sink, err);
		if (r < 0)
			return err_wrap(err, r, "line %zu", number);
	}
	return 0;
}

static int inflate(struct stream *stream, struct strbuf *text, struct err *err)
{
	enum { PIECE = 65536 };
	for (;;) {
		size_t got;
		char *room = strbuf_reserve(text, PIECE);
		if (!room)
			return err_set(err, E2BIG, "it inflates to more than %zu bytes",
				LIMIT_DATABASE_BYTES);
		int r = stream_read_full(stream, room, PIECE, &got, err);
		if (r < 0)
			return err_trace(err, r);
		strbuf_commit(text, got);
		if (got < PIECE)
			return 0;
	}
}

int analyze_chisel(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf lines = STRBUF(LIMIT_DATABASE_BYTES);
	struct stream *stream = stream_unzstd(stream_from_bytes(text));
	int r = inflate(stream, &lines, err);
	stream_close(&stream);
	if (r == 0)
		r = read_lines(strbuf_view(&lines), sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}
