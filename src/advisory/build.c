/* SPDX-License-Identifier: Apache-2.0 */
/* Contract in build.h; the rules are spec/scanner.md §2.5. */
#include "advisory/build.h"

#include <stdio.h>

static size_t find(struct str text, struct str part)
{
	for (size_t i = 0; i + part.n <= text.n; i++)
		if (str_eq(str_sub(text, i, part.n), part))
			return i;
	return STR_NONE;
}

enum build_line build_line_of(struct str version)
{
	if (str_contains(version, STR(".module")))
		return BUILD_MODULE;
	if (str_contains(version, STR(".ksplice")))
		return BUILD_KSPLICE;
	return str_contains(version, STR("fips")) ? BUILD_FIPS : BUILD_PLAIN;
}

struct str build_release_tag(struct str version, char out[16])
{
	static const struct str marks[] = { STR_INIT(".module_el"), STR_INIT(".module+el"),
		STR_INIT(".el") };
	size_t n = 0;
	unsigned dots = 0;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		size_t at = find(version, marks[i]);
		if (at == STR_NONE)
			continue;
		version = str_skip(version, at + marks[i].n);
		for (size_t k = 0; k < version.n && n < 15; k++) {
			char c = version.p[k] == '_' ? '.' : version.p[k];
			if (c == '.')
				dots++;
			if ((c != '.' && (c < '0' || c > '9')) || dots > 1)
				break;
			out[n++] = c;
		}
		break;
	}
	while (n && out[n - 1] == '.')
		n--;
	return (struct str){ out, n };
}

/* Without epoch and release. */
static struct str upstream_of(struct str version)
{
	struct str rest;
	(void)package_version_epoch(version, &rest);
	size_t hyphen = str_rfind(rest, '-');
	return hyphen == STR_NONE ? rest : str_sub(rest, 0, hyphen);
}

static bool same_beginning(struct str a, struct str b, unsigned parts)
{
	struct str pa;
	struct str pb;
	for (; parts; parts--) {
		bool more_a = str_cut(&a, '.', &pa);
		bool more_b = str_cut(&b, '.', &pb);
		if (more_a != more_b || (more_a && !str_eq(pa, pb)))
			return false;
	}
	return true;
}

/* The next "name:stream" of a title ("Important: nodejs:10 security update"). */
static bool next_stream(struct str *title, struct str *stream)
{
	struct str word;
	while (str_cut(title, ' ', &word)) {
		while (word.n && str_find(STR(",;."), word.p[word.n - 1]) != STR_NONE)
			word = str_sub(word, 0, word.n - 1);
		size_t colon = str_find(word, ':');
		if (colon == STR_NONE || !colon || colon + 1 == word.n)
			continue;
		*stream = word;
		return true;
	}
	return false;
}

/* "nodejs:10" of the label "nodejs:10:8030020210118:229f0a1c". */
static struct str label_stream(struct str label)
{
	size_t first = str_find(label, ':');
	if (first == STR_NONE)
		return label;
	size_t second = str_find(str_skip(label, first + 1), ':');
	return second == STR_NONE ? label : str_sub(label, 0, first + 1 + second);
}

static bool is_series(struct str stream)
{
	struct str number = str_skip(stream, str_find(stream, ':') + 1);
	return number.n && *number.p >= '0' && *number.p <= '9' && str_contains(number, STR("."));
}

static bool same_stream(
	const struct package *package, struct str installed, struct str fixed, struct str title)
{
	struct str stream;
	bool named = false;
	unsigned parts = 1;
	while (next_stream(&title, &stream)) {
		if (package->module.n && str_eq(stream, label_stream(package->module)))
			return true;
		/* Streams called "2.5" differ in the second number, those called "10" do not. */
		if (is_series(stream))
			parts = 2;
		named = true;
	}
	if (named && package->module.n)
		return false;
	return same_beginning(upstream_of(installed), upstream_of(fixed), parts);
}

bool build_fits(
	const struct package *package, struct str installed, struct str fixed, struct str title)
{
	enum build_line line = build_line_of(installed);
	if (package->module.n)
		line = BUILD_MODULE;
	if (build_line_of(fixed) != line)
		return false;
	return line != BUILD_MODULE || same_stream(package, installed, fixed, title);
}
