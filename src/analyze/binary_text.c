/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that no package manager knows of, recognised by their file name and by a text in them
 * that tells their version: classifiers.def. Only files of these names are searched.
 */
#include "analyze/binary.h"

#include "analyze/metadata.h"

#include <string.h>

#define NUL	 "\0"
#define BUILD_ID "\1"
enum { SERIES = 1, ANY = 0 };
enum { VERSION_MAX = 64, BUILD_DIGITS = 10 };

static const struct classifier {
	struct str files;
	struct str package;
	struct str before;
	struct str behind;
	int series;
} classifiers[] = {
#define CLASSIFIER(files, package, before, behind, series)                                         \
	{ STR_INIT(files), STR_INIT(package), STR_INIT(before), STR_INIT(behind), series },
#include "analyze/classifiers.def"
#undef CLASSIFIER
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool named(struct str patterns, struct str name)
{
	struct str pattern;
	while (str_cut(&patterns, ' ', &pattern)) {
		bool prefix = str_ends(pattern, STR("*"));
		struct str head = str_sub(pattern, 0, pattern.n - prefix);
		if (prefix ? str_starts(name, head) : str_eq(name, head))
			return true;
	}
	return false;
}

/* Digits and letters with at least one dot between digits: "3.0.11", "1.1.1n", "3.13.0rc1". */
static struct str version_at(struct str text)
{
	size_t n = 0;
	bool dot = false;
	while (n < text.n && n < VERSION_MAX) {
		char c = text.p[n];
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '.')
			break;
		dot |= c == '.' && n;
		n++;
	}
	while (n && text.p[n - 1] == '.')
		n--;
	struct str version = str_sub(text, 0, n);
	return dot && n && is_digit(version.p[0]) && str_find(version, '.') != STR_NONE ? version
											: STR("");
}

/* Redis: "7.0.15HOST-1700000000000000000" up to the end of the text. */
static struct str version_before_build(struct str text)
{
	size_t end = str_find(str_sub(text, 0, 4 * VERSION_MAX), '\0');
	struct str line = str_sub(text, 0, end == STR_NONE ? 0 : end);
	size_t dash = str_rfind(line, '-');
	size_t n = 0;
	size_t dots = 0;
	if (dash == STR_NONE || line.n - dash - 1 < BUILD_DIGITS)
		return STR("");
	for (size_t i = dash + 1; i < line.n; i++)
		if (!is_digit(line.p[i]) && !(line.p[i] >= 'a' && line.p[i] <= 'f'))
			return STR("");
	while (n < line.n && (is_digit(line.p[n]) || (line.p[n] == '.' && dots < 2)))
		dots += line.p[n++] == '.';
	return dots == 2 && is_digit(line.p[0]) ? str_sub(line, 0, n) : STR("");
}

/* "3.11" of "python3.11" and "libpython3.11.so.1.0"; empty: the name has none. */
static struct str series_of(struct str name)
{
	size_t i = 0;
	while (i < name.n && !is_digit(name.p[i]))
		i++;
	size_t n = 0;
	size_t dots = 0;
	while (i + n < name.n && (is_digit(name.p[i + n]) || name.p[i + n] == '.')) {
		dots += name.p[i + n] == '.';
		if (dots == 2)
			break;
		n++;
	}
	struct str series = str_sub(name, i, n);
	return str_find(series, '.') == STR_NONE || str_ends(series, STR(".")) ? STR("") : series;
}

static struct str version_behind(
	const struct classifier *classifier, struct str name, struct str text)
{
	if (str_eq(classifier->behind, STR(BUILD_ID)))
		return version_before_build(text);
	struct str version = version_at(text);
	if (!version.n || !str_starts(str_skip(text, version.n), classifier->behind))
		return STR("");
	if (classifier->series != SERIES)
		return version;
	struct str series = series_of(name);
	bool fits = version.n > series.n && str_starts(version, series) &&
		    (!series.n || version.p[series.n] == '.');
	/* A version like any other means nothing without the series. */
	return series.n && fits ? version : STR("");
}

static struct str find_version(
	const struct classifier *classifier, struct str name, struct str bytes)
{
	struct str before = classifier->before;
	size_t from = 0;
	while (from < bytes.n) {
		const char *found = memmem(bytes.p + from, bytes.n - from, before.p, before.n);
		if (!found)
			break;
		from = (size_t)(found - bytes.p) + before.n;
		struct str version = version_behind(classifier, name, str_skip(bytes, from));
		if (version.n)
			return version;
	}
	return STR("");
}

int binary_text(const struct elf *elf, struct analyze_sink *sink, struct err *err)
{
	size_t slash = str_rfind(sink->path, '/');
	struct str name = slash == STR_NONE ? sink->path : str_skip(sink->path, slash + 1);
	struct str last = STR("");
	int r = 0;
	for (size_t i = 0; i < sizeof(classifiers) / sizeof(classifiers[0]) && r == 0; i++) {
		const struct classifier *classifier = &classifiers[i];
		if (str_eq(classifier->package, last) || !named(classifier->files, name))
			continue;
		struct str version = find_version(classifier, name, elf->bytes);
		if (!version.n)
			continue;
		last = classifier->package;
		const struct package package = {
			.type = PACKAGE_GENERIC, .name = classifier->package, .version = version
		};
		r = metadata_add(sink, &package, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}
