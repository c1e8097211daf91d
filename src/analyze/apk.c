/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apk's database of installed packages (Alpine wiki, "Apk spec"; apk-tools' database.c): paragraphs
 * of "X:value" lines separated by empty lines. One letter is one field: P name, V version, A
 * architecture, o origin (the source package; absent means the package's own name), L licence, m
 * maintainer; F a directory the package owns things in, R a file in the directory that F named
 * last. All packages of an origin share its version. Lines about modes and digests (M, a, Z) are
 * passed over.
 */
#include "analyze/analyzer.h"

#include "base/limits.h"

struct record {
	struct str name;
	struct str version;
	struct str arch;
	struct str origin;
	struct str licence;
	struct str maintainer;
	struct str directory;
	bool any;
};

static int finish(struct record *record, size_t line, struct analyze_sink *sink, struct err *err)
{
	struct record done = *record;
	*record = (struct record){ 0 };
	if (!done.any)
		return 0;
	struct package package = {
		.type = PACKAGE_APK,
		.name = done.name,
		.version = done.version,
		.source_name = done.origin.n ? done.origin : done.name,
		.source_version = done.version,
		.arch = analyze_free_text(done.arch),
		.licence = analyze_free_text(done.licence),
		.supplier = analyze_free_text(done.maintainer),
	};
	if (!analyze_is_word(package.name) || !analyze_is_word(package.version) ||
		!analyze_is_word(package.source_name))
		return err_set(err, EINVAL,
			"the paragraph before line %zu has no usable P, V or o field", line);
	return analyze_add_package(sink, &package, err);
}

static void take_field(struct record *record, char letter, struct str value)
{
	switch (letter) {
	case 'P':
		record->name = value;
		break;
	case 'V':
		record->version = value;
		break;
	case 'A':
		record->arch = value;
		break;
	case 'o':
		record->origin = value;
		break;
	case 'L':
		record->licence = value;
		break;
	case 'm':
		record->maintainer = value;
		break;
	case 'F':
		record->directory = value;
		break;
	default:
		break;
	}
}

static int own_file(
	const struct record *record, struct str name, struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf path = STRBUF(2 * LIMIT_ENTRY_PATH);
	strbuf_add_str(&path, record->directory);
	if (path.n)
		strbuf_add_char(&path, '/');
	strbuf_add_str(&path, name);
	if (strbuf_failed(&path) || !record->name.n)
		return 0;
	int r = analyze_own(sink, PACKAGE_APK, record->name, strbuf_view(&path), err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_apk_installed(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct record record = { 0 };
	struct str rest = text;
	struct str line;
	size_t number = 0;
	while (str_cut(&rest, '\n', &line)) {
		number++;
		if (!str_trim(line).n) {
			int r = finish(&record, number, sink, err);
			if (r < 0)
				return err_trace(err, r);
			continue;
		}
		if (line.n < 2 || line.p[1] != ':')
			return err_set(err, EINVAL, "line %zu is not a field", number);
		record.any = true;
		take_field(&record, line.p[0], str_trim(str_skip(line, 2)));
		int r = line.p[0] == 'R' ? own_file(&record, str_skip(line, 2), sink, err) : 0;
		if (r < 0)
			return err_trace(err, r);
	}
	int r = finish(&record, number + 1, sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}
