/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of analyzers, the paths they look for, and what they share when they append to an
 * inventory. The path tests run for every entry of every layer, millions of times for a large one:
 * they compare bytes and allocate nothing.
 */
#include "analyze/analyzer.h"

#include "base/limits.h"

#include <string.h>

/* One field as a database writes it; longer ones do not exist and would only cost memory. */
enum { FIELD_MAX = 1024 };

const struct analyzer analyze_table[] = {
#define ANALYZER(kind, name, version, paths, max_bytes, function, doc)                             \
	{ kind, STR_INIT(name), version, STR_INIT(paths), max_bytes, function },
#include "analyze/analyzers.def"
#undef ANALYZER
};
const size_t analyze_table_count = sizeof(analyze_table) / sizeof(analyze_table[0]);

static bool path_matches(struct str pattern, struct str path)
{
	if (pattern.p[pattern.n - 1] != '*')
		return str_eq(pattern, path);
	struct str directory = str_sub(pattern, 0, pattern.n - 1); /* with its "/" */
	return path.n > directory.n && str_starts(path, directory) &&
	       str_find(str_skip(path, directory.n), '/') == STR_NONE;
}

const struct analyzer *analyze_for_path(struct str path)
{
	for (size_t i = 0; i < analyze_table_count; i++) {
		struct str rest = analyze_table[i].paths;
		struct str pattern;
		while (str_cut(&rest, ' ', &pattern))
			if (path_matches(pattern, path))
				return &analyze_table[i];
	}
	return NULL;
}

bool analyze_cares_below(struct str path)
{
	if (!path.n)
		return true;
	for (size_t i = 0; i < analyze_table_count; i++) {
		struct str rest = analyze_table[i].paths;
		struct str pattern;
		while (str_cut(&rest, ' ', &pattern)) {
			bool above = pattern.n > path.n && pattern.p[path.n] == '/' &&
				     memcmp(pattern.p, path.p, path.n) == 0;
			if (above || path_matches(pattern, path))
				return true;
		}
	}
	return false;
}

struct str analyze_versions(struct arena *arena)
{
	AUTO_STRBUF struct strbuf out = STRBUF(LIMIT_PACKAGE_TEXT);
	for (size_t i = 0; i < analyze_table_count; i++) {
		if (i && str_eq(analyze_table[i].name, analyze_table[i - 1].name))
			continue;
		strbuf_addf(&out, "%s" STR_FMT "=%u", i ? "," : "", STR_ARG(analyze_table[i].name),
			analyze_table[i].version);
	}
	return arena_str(arena, strbuf_view(&out));
}

int analyze_add_package(struct analyze_sink *sink, const struct package *package, struct err *err)
{
	if (sink->inventory->packages.n >= LIMIT_LAYER_PACKAGES)
		return err_set(
			err, E2BIG, "the layer holds more than %zu packages", LIMIT_LAYER_PACKAGES);
	struct arena *arena = sink->arena;
	if (arena_exceeded(arena))
		return err_set(err, E2BIG, "the packages of the layer take too much memory");
	struct package kept = *package;
	kept.name = arena_str(arena, package->name);
	kept.version = arena_str(arena, package->version);
	kept.source_name = str_eq(package->source_name, package->name)
				   ? kept.name
				   : arena_str(arena, package->source_name);
	kept.source_version = str_eq(package->source_version, package->version)
				      ? kept.version
				      : arena_str(arena, package->source_version);
	kept.arch = arena_str(arena, package->arch);
	kept.licence = arena_str(arena, package->licence);
	kept.supplier = arena_str(arena, package->supplier);
	kept.module = arena_str(arena, package->module);
	kept.inside = arena_str(arena, package->inside);
	AVEC_PUSH(arena, &sink->inventory->packages, kept);
	return 0;
}

int analyze_add_fact(struct analyze_sink *sink, struct str key, struct str value, struct err *err)
{
	if (sink->inventory->facts.n >= LIMIT_LAYER_FACTS)
		return err_set(
			err, E2BIG, "the layer holds more than %zu facts", LIMIT_LAYER_FACTS);
	struct layer_fact fact = { arena_str(sink->arena, key), arena_str(sink->arena, value) };
	AVEC_PUSH(sink->arena, &sink->inventory->facts, fact);
	return 0;
}

bool analyze_is_word(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
			return false;
	return text.n > 0 && text.n <= FIELD_MAX;
}

struct str analyze_free_text(struct str text)
{
	struct str cut = str_sub(text, 0, FIELD_MAX);
	/* Not in the middle of a UTF-8 sequence. */
	while (cut.n < text.n && cut.n && ((unsigned char)text.p[cut.n] & 0xc0) == 0x80)
		cut.n--;
	for (size_t i = 0; i < cut.n; i++)
		if (((unsigned char)cut.p[i] < ' ' && cut.p[i] != '\t') || cut.p[i] == 0x7f)
			return STR("");
	return cut;
}
