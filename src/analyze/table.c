/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of analyzers, the paths they look for, and what they share when they append to an
 * inventory. The path tests run for every entry of every layer, millions of times for a large one:
 * they compare bytes and allocate nothing.
 */
#include "analyze/analyzer.h"

#include "base/limits.h"
#include "inventory/pattern.h"

#include <pthread.h>

/* One field as a database writes it; longer ones do not exist and would only cost memory. */
enum { FIELD_MAX = 1024 };

const struct analyzer analyze_table[] = {
#define ANALYZER(kind, name, version, paths, max_bytes, function, doc)                             \
	{ kind, STR_INIT(name), version, STR_INIT(paths), max_bytes, function },
#include "analyze/analyzers.def"
#undef ANALYZER
};
const size_t analyze_table_count = sizeof(analyze_table) / sizeof(analyze_table[0]);

/* The table's patterns one by one, cut once. */
enum { PATTERNS_MAX = 128 };
static struct {
	struct str pattern; /* see pattern_matches() */
	struct str last;    /* its last component, without a leading "*" */
	bool floating;
	const struct analyzer *analyzer;
} patterns[PATTERNS_MAX];
static size_t pattern_count;
static pthread_once_t patterns_once = PTHREAD_ONCE_INIT;

static void cut_patterns(void)
{
	for (size_t i = 0; i < analyze_table_count; i++) {
		struct str rest = analyze_table[i].paths;
		struct str pattern;
		while (str_cut(&rest, ' ', &pattern)) {
			if (!pattern.n)
				continue;
			CHECK(pattern_count < PATTERNS_MAX);
			bool floating = str_starts(pattern, STR("**/"));
			pattern = floating ? str_skip(pattern, 3) : pattern;
			size_t slash = str_rfind(pattern, '/');
			struct str last =
				slash == STR_NONE ? pattern : str_skip(pattern, slash + 1);
			patterns[pattern_count].last =
				str_starts(last, STR("*")) ? str_skip(last, 1) : last;
			patterns[pattern_count].pattern = pattern;
			patterns[pattern_count].floating = floating;
			patterns[pattern_count++].analyzer = &analyze_table[i];
		}
	}
}

const struct analyzer *analyze_for_path(struct str path)
{
	pthread_once(&patterns_once, cut_patterns);
	for (size_t i = 0; i < pattern_count; i++)
		if (str_ends(path, patterns[i].last) &&
			pattern_matches(patterns[i].pattern, patterns[i].floating, path))
			return patterns[i].analyzer;
	return NULL;
}

const struct analyzer *analyze_for_head(struct str head)
{
	static const struct str elf = STR_INIT("\177ELF");
	for (size_t i = 0; i < analyze_table_count; i++)
		if (analyze_table[i].kind == LAYER_FILE_BINARY && str_starts(head, elf))
			return &analyze_table[i];
	return NULL;
}

bool analyze_cares_below(struct str path)
{
	if (!path.n)
		return true;
	pthread_once(&patterns_once, cut_patterns);
	for (size_t i = 0; i < pattern_count; i++)
		if (!patterns[i].floating && pattern_lies_below(patterns[i].pattern, path))
			return true;
	return analyze_for_path(path) != NULL;
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

int analyze_own(struct analyze_sink *sink, enum package_type type, struct str package,
	struct str path, struct err *err)
{
	int r = sink->owned ? owned_add(sink->owned, type, package, path, err) : 0;
	return r < 0 ? err_trace(err, r) : 0;
}

void analyze_partial(struct analyze_sink *sink, struct str words)
{
	if (!sink->partial_count++)
		sink->partial = arena_str(sink->arena, analyze_free_text(words));
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
