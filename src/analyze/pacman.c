/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacman's local database (libalpm, be_local.c): a directory for each package with the files desc
 * and files. Both are blocks: a line "%FIELD%", one value a line, an empty line. In desc: NAME,
 * VERSION, BASE (the source package; absent means the package itself), ARCH, LICENSE (several),
 * PACKAGER. In files: FILES, paths without a leading "/", directories with one at the end.
 */
#include "analyze/analyzer.h"

struct description {
	struct str name, version, base, arch, packager;
	struct strbuf licences;
};

static bool is_field(struct str line)
{
	return line.n > 2 && line.p[0] == '%' && line.p[line.n - 1] == '%';
}

static void take_value(struct description *description, struct str field, struct str value)
{
	const struct {
		struct str name;
		struct str *value;
	} fields[] = {
		{ STR("%NAME%"), &description->name },
		{ STR("%VERSION%"), &description->version },
		{ STR("%BASE%"), &description->base },
		{ STR("%ARCH%"), &description->arch },
		{ STR("%PACKAGER%"), &description->packager },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq(field, fields[i].name))
			*fields[i].value = value;
	if (!str_eq(field, STR("%LICENSE%")))
		return;
	if (description->licences.n)
		strbuf_add_cstr(&description->licences, ", ");
	strbuf_add_str(&description->licences, value);
}

static int add(const struct description *description, struct analyze_sink *sink, struct err *err)
{
	struct package package = {
		.type = PACKAGE_ALPM,
		.name = description->name,
		.version = description->version,
		.source_name = description->base.n ? description->base : description->name,
		.source_version = description->version,
		.arch = analyze_free_text(description->arch),
		.licence = analyze_free_text(strbuf_view(&description->licences)),
		.supplier = analyze_free_text(description->packager),
	};
	if (!analyze_is_word(package.name) || !analyze_is_word(package.version) ||
		!analyze_is_word(package.source_name))
		return err_set(err, EINVAL, "it has no usable NAME, VERSION or BASE");
	int r = analyze_add_package(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_pacman_desc(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct description description = { .licences = STRBUF(text.n * 2) };
	struct str field = STR("");
	struct str rest = text;
	struct str line;
	while (str_cut(&rest, '\n', &line)) {
		line = str_trim(line);
		if (!line.n)
			field = STR("");
		else if (is_field(line))
			field = line;
		else if (field.n)
			take_value(&description, field, line);
	}
	int r = add(&description, sink, err);
	strbuf_free(&description.licences);
	return r < 0 ? err_trace(err, r) : 0;
}

/* "var/lib/pacman/local/NAME-VERSION-RELEASE/files" → NAME. */
static struct str package_of(struct str path)
{
	size_t slash = str_rfind(path, '/');
	struct str directory = slash == STR_NONE ? STR("") : str_sub(path, 0, slash);
	slash = str_rfind(directory, '/');
	struct str name = slash == STR_NONE ? directory : str_skip(directory, slash + 1);
	for (unsigned dashes = 0; dashes < 2; dashes++) {
		size_t dash = str_rfind(name, '-');
		if (dash == STR_NONE)
			return STR("");
		name = str_sub(name, 0, dash);
	}
	return name;
}

int analyze_pacman_files(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str owner = package_of(sink->path);
	bool inside = false;
	struct str rest = text;
	struct str line;
	while (owner.n && str_cut(&rest, '\n', &line)) {
		if (is_field(line) || !line.n) {
			inside = str_eq(line, STR("%FILES%"));
			continue;
		}
		int r = inside && !str_ends(line, STR("/"))
				? analyze_own(sink, PACKAGE_ALPM, owner, line, err)
				: 0;
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}
