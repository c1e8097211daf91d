/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg's databases (deb822 paragraphs; Debian Policy §5.1, §5.6.1, dpkg's status file):
 * var/lib/dpkg/status with all packages, and var/lib/dpkg/status.d/NAME with one each, as
 * distroless images have it. Only packages whose third Status word is "installed" count: removed
 * ones keep their stanza ("deinstall ok config-files"). In status.d the field may be missing.
 *
 * Advisories are keyed by source package and source version; "Source: util-linux (2.38.1-5)" names
 * both, "Source: util-linux" only the name, and no field at all means that both are those of the
 * binary package.
 *
 * Which files a package owns is said by info/NAME.list or info/NAME:ARCH.list, complete, and in
 * distroless images by status.d/NAME.md5sums, without links and configuration files.
 */
#include "analyze/analyzer.h"

struct stanza {
	struct str package;
	struct str version;
	struct str architecture;
	struct str source;
	struct str status;
	struct str maintainer;
	bool any;
	size_t line;
};

static bool in_state_installed(struct str status)
{
	struct str rest = str_trim(status);
	struct str word;
	unsigned index = 0;
	while (str_cut(&rest, ' ', &word)) {
		if (!word.n)
			continue;
		if (++index == 3)
			return str_eq(word, STR("installed"));
	}
	return false;
}

/* "name (version)" or "name". */
static void split_source(struct str source, struct str *name, struct str *version)
{
	size_t open = str_find(source, '(');
	*name = str_trim(open == STR_NONE ? source : str_sub(source, 0, open));
	*version = STR("");
	if (open == STR_NONE)
		return;
	struct str inside = str_skip(source, open + 1);
	size_t close = str_find(inside, ')');
	*version = str_trim(close == STR_NONE ? inside : str_sub(inside, 0, close));
}

static int finish(
	struct stanza *stanza, bool status_optional, struct analyze_sink *sink, struct err *err)
{
	struct stanza done = *stanza;
	*stanza = (struct stanza){ 0 };
	if (!done.any)
		return 0;
	if (!done.package.n)
		return err_set(
			err, EINVAL, "the paragraph before line %zu has no Package", done.line);
	bool installed = done.status.n ? in_state_installed(done.status) : status_optional;
	if (!installed)
		return 0;
	struct package package = {
		.type = PACKAGE_DEB,
		.name = done.package,
		.version = done.version,
		.arch = analyze_free_text(done.architecture),
		.supplier = analyze_free_text(done.maintainer),
	};
	split_source(done.source, &package.source_name, &package.source_version);
	if (!package.source_name.n)
		package.source_name = package.name;
	if (!package.source_version.n)
		package.source_version = package.version;
	if (!analyze_is_word(package.name) || !analyze_is_word(package.version) ||
		!analyze_is_word(package.source_name) || !analyze_is_word(package.source_version))
		return err_set(err, EINVAL,
			"the paragraph before line %zu has no usable Package, Version or Source",
			done.line);
	return analyze_add_package(sink, &package, err);
}

static void take_field(struct stanza *stanza, struct str name, struct str value)
{
	const struct {
		struct str name;
		struct str *value;
	} fields[] = {
		{ STR("Package"), &stanza->package },
		{ STR("Version"), &stanza->version },
		{ STR("Architecture"), &stanza->architecture },
		{ STR("Source"), &stanza->source },
		{ STR("Status"), &stanza->status },
		{ STR("Maintainer"), &stanza->maintainer },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq_nocase(name, fields[i].name))
			*fields[i].value = value;
}

static int read_paragraphs(
	struct str text, bool status_optional, struct analyze_sink *sink, struct err *err)
{
	struct stanza stanza = { 0 };
	struct str rest = text;
	struct str line;
	size_t number = 0;
	while (str_cut(&rest, '\n', &line)) {
		number++;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (!str_trim(line).n) {
			stanza.line = number;
			int r = finish(&stanza, status_optional, sink, err);
			if (r < 0)
				return err_trace(err, r);
			continue;
		}
		/* A continuation belongs to a field that nobody here reads past its first line. */
		if ((line.p[0] == ' ' || line.p[0] == '\t') && stanza.any)
			continue;
		size_t colon = str_find(line, ':');
		if (colon == STR_NONE || colon == 0)
			return err_set(err, EINVAL, "line %zu is not a field", number);
		stanza.any = true;
		take_field(&stanza, str_sub(line, 0, colon), str_trim(str_skip(line, colon + 1)));
	}
	stanza.line = number + 1;
	int r = finish(&stanza, status_optional, sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_dpkg_status(struct str text, struct analyze_sink *sink, struct err *err)
{
	return read_paragraphs(text, false, sink, err);
}

/* "…/NAME:ARCH.ending" → NAME. */
static struct str owner_of(struct str path, struct str ending)
{
	size_t slash = str_rfind(path, '/');
	struct str name = slash == STR_NONE ? path : str_skip(path, slash + 1);
	name = str_sub(name, 0, str_ends(name, ending) ? name.n - ending.n : 0);
	return str_sub(name, 0, str_find(name, ':') == STR_NONE ? name.n : str_find(name, ':'));
}

/* Paths, one a line; directories are among them and are never asked for. */
int analyze_dpkg_list(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str owner = owner_of(sink->path, STR(".list"));
	struct str rest = text;
	struct str line;
	while (owner.n && str_cut(&rest, '\n', &line)) {
		int r = line.n ? analyze_own(sink, PACKAGE_DEB, owner, line, err) : 0;
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

/* "<32 hexadecimal digits>  path", one a line. */
static int read_md5sums(struct str text, struct analyze_sink *sink, struct err *err)
{
	enum { DIGEST_AND_BLANKS = 34 };
	struct str owner = owner_of(sink->path, STR(".md5sums"));
	struct str rest = text;
	struct str line;
	while (owner.n && str_cut(&rest, '\n', &line)) {
		struct str path = str_skip(line, DIGEST_AND_BLANKS);
		int r = path.n ? analyze_own(sink, PACKAGE_DEB, owner, path, err) : 0;
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

int analyze_dpkg_status_d(struct str text, struct analyze_sink *sink, struct err *err)
{
	if (str_ends(sink->path, STR(".md5sums")))
		return read_md5sums(text, sink, err);
	/* Other files may lie there too: only a paragraph about a package counts. */
	if (!str_starts(text, STR("Package:")) && !str_contains(text, STR("\nPackage:")))
		return 0;
	return read_paragraphs(text, true, sink, err);
}
