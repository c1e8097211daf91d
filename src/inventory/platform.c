/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what an image says about itself to the key by which advisories are found. platforms.def is
 * the table; the rules below make the part after the colon. A rule that cannot say the release
 * leaves the key empty ("release unknown") and never guesses: a key without its release would match
 * the advisories of every release.
 *
 * Distributions that only name a parent in ID_LIKE are not taken for it: their packages have their
 * own versions.
 *
 * Images older than os-release(5), or without it, say the same in files of their own;
 * legacy_releases.def and the functions about them make the facts that os-release would have given.
 * Pure functions.
 */
#include "inventory/platform.h"

#include "base/strbuf.h"
#include "base/vec.h"

#include <stdlib.h>

/* All content sets of Red Hat have some 500 kB; an image has a few. */
enum { FLAVOURS_MAX = 64 << 10 };

enum rule {
	RULE_NONE,	/* rolling: no release */
	RULE_MAJOR,	/* "12.5" → "12" */
	RULE_WHOLE,	/* VERSION_ID as it is */
	RULE_STREAM,	/* "23.1" → "23", "stream" */
	RULE_UBUNTU,	/* "22.04" → "22.04:LTS" */
	RULE_ALPINE,	/* "3.18.4" → "v3.18", "3.19_alpha…" → "edge" */
	RULE_OPENEULER, /* "22.03", PRETTY_NAME "openEuler 22.03 (LTS-SP3)" → "22.03-LTS-SP3" */
	RULE_OPENSUSE,	/* PRETTY_NAME "openSUSE Leap 15.5" → "Leap 15.5" */
	RULE_SUSE,	/* PRETTY_NAME "SUSE Linux Enterprise Server 15 SP5" → without "SUSE " */
	RULE_RHEL_CPE,	/* "cpe:/o:redhat:enterprise_linux:9::baseos" → what follows "redhat:" */
};

static const struct {
	struct str os_id;
	struct str ecosystem;
	enum rule rule;
} platforms[] = {
#define PLATFORM(os_id, ecosystem, rule, doc) { STR_INIT(os_id), STR_INIT(ecosystem), rule },
#include "inventory/platforms.def"
#undef PLATFORM
};

static bool is_number(struct str text)
{
	uint64_t value;
	return str_parse_u64(text, &value);
}

/* "12.5" → "12"; STR_NULL unless it begins with a number. */
static struct str major_of(struct str version)
{
	struct str major = STR_NULL;
	str_cut(&version, '.', &major);
	return is_number(major) ? major : STR_NULL;
}

static struct str ubuntu_release(struct arena *arena, struct str version)
{
	struct str year;
	struct str month;
	struct str rest = version;
	uint64_t number;
	if (!str_cut(&rest, '.', &year) || !str_cut(&rest, '.', &month) ||
		!str_parse_u64(year, &number) || !is_number(month))
		return STR_NULL;
	/* Point releases ("22.04.3") belong to their release. */
	bool lts = number % 2 == 0 && str_eq(month, STR("04"));
	return arena_printf(
		arena, STR_FMT "." STR_FMT "%s", STR_ARG(year), STR_ARG(month), lts ? ":LTS" : "");
}

/*
 * The release that the first line of etc/apk/repositories points to: "v3.18" or "edge". Lines with
 * a tag ("@testing https://…") only offer packages to those who ask for them by name.
 */
static struct str repositories_release(struct str text)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		line = str_trim(line);
		if (!line.n || *line.p == '#' || *line.p == '@')
			continue;
		struct str part;
		while (str_cut(&line, '/', &part)) {
			if (str_eq(part, STR("edge")))
				return part;
			if (part.n > 1 && *part.p == 'v' && str_contains(part, STR(".")) &&
				major_of(str_skip(part, 1)).n)
				return part;
		}
	}
	return STR_NULL;
}

static struct str alpine_release(struct arena *arena, const struct platform_facts *facts)
{
	struct str version = facts->version_id;
	if (str_contains(version, STR("_alpha")) || str_eq(version, STR("edge")))
		return STR("edge");
	if (str_eq(repositories_release(facts->apk_repositories), STR("edge")))
		return STR("edge");
	struct str major;
	struct str minor;
	struct str rest = version;
	if (!str_cut(&rest, '.', &major) || !str_cut(&rest, '.', &minor) || !is_number(major) ||
		!is_number(minor))
		return arena_str(arena, repositories_release(facts->apk_repositories));
	return arena_printf(arena, "v" STR_FMT "." STR_FMT, STR_ARG(major), STR_ARG(minor));
}

static struct str stream_release(struct str version)
{
	if (str_eq_nocase(version, STR("stream")))
		return STR("stream");
	return major_of(version);
}

static struct str openeuler_release(struct arena *arena, const struct platform_facts *facts)
{
	size_t open = str_find(facts->pretty_name, '(');
	size_t close = str_rfind(facts->pretty_name, ')');
	if (!facts->version_id.n)
		return STR_NULL;
	if (open == STR_NONE || close == STR_NONE || close < open)
		return facts->version_id;
	struct str word = str_sub(facts->pretty_name, open + 1, close - open - 1);
	return arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(facts->version_id), STR_ARG(word));
}

static struct str after(struct str text, struct str prefix)
{
	return str_starts(text, prefix) ? str_skip(text, prefix.n) : STR_NULL;
}

/* Text of the release; STR_NULL when it cannot be said. */
static struct str release_of(
	struct arena *arena, enum rule rule, const struct platform_facts *facts)
{
	switch (rule) {
	case RULE_MAJOR:
		return major_of(facts->version_id);
	case RULE_WHOLE:
		return facts->version_id;
	case RULE_STREAM:
		return stream_release(facts->version_id);
	case RULE_UBUNTU:
		return ubuntu_release(arena, facts->version_id);
	case RULE_ALPINE:
		return alpine_release(arena, facts);
	case RULE_OPENEULER:
		return openeuler_release(arena, facts);
	case RULE_OPENSUSE:
		return after(facts->pretty_name, STR("openSUSE "));
	case RULE_SUSE:
		return after(facts->pretty_name, STR("SUSE "));
	case RULE_RHEL_CPE:
		return after(facts->cpe_name, STR("cpe:/o:redhat:"));
	case RULE_NONE:
		break;
	}
	return STR_NULL;
}

static struct str lower(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);
	for (size_t i = 0; i < text.n; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] | 0x20);
	return (struct str){ copy, text.n };
}

/* --- before os-release */

struct legacy {
	struct str id, version, pretty, cpe;
};

static struct str first_line(struct str text)
{
	struct str rest = text;
	struct str line = STR("");
	str_cut(&rest, '\n', &line);
	return str_trim(line);
}

/* The value of a line "NAME=value" or "NAME = value", without quotes. */
static struct str line_value(struct str text, struct str name)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		struct str key;
		if (str_find(line, '=') == STR_NONE || !str_cut(&line, '=', &key) ||
			!str_eq(str_trim(key), name))
			continue;
		struct str value = str_trim(line);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_sub(value, 1, value.n - 2);
		return value;
	}
	return STR("");
}

/* The first word that begins with a digit: "CentOS release 6.10 (Final)" → "6.10". */
static struct str version_word(struct str line)
{
	struct str word;
	while (str_cut(&line, ' ', &word))
		if (word.n && word.p[0] >= '0' && word.p[0] <= '9')
			return word;
	return STR("");
}

static bool from_lsb(struct str text, struct legacy *legacy)
{
	legacy->id = line_value(text, STR("DISTRIB_ID"));
	legacy->version = line_value(text, STR("DISTRIB_RELEASE"));
	legacy->pretty = line_value(text, STR("DISTRIB_DESCRIPTION"));
	return legacy->id.n > 0;
}

static bool from_release_text(struct arena *arena, struct str text, struct legacy *legacy)
{
	static const struct {
		struct str beginning, os_id;
	} rows[] = {
#define LEGACY_RELEASE(beginning, os_id) { STR_INIT(beginning), STR_INIT(os_id) },
#include "inventory/legacy_releases.def"
#undef LEGACY_RELEASE
	};
	struct str line = first_line(text);
	size_t i = 0;
	while (i < sizeof(rows) / sizeof(*rows) && !str_starts(line, rows[i].beginning))
		i++;
	if (i == sizeof(rows) / sizeof(*rows))
		return false;
	*legacy = (struct legacy){
		.id = rows[i].os_id, .version = version_word(line), .pretty = line, .cpe = STR("")
	};
	size_t open = str_find(line, '(');
	if (str_eq(legacy->id, STR("opensuse-leap")) && open != STR_NONE)
		legacy->pretty = str_trim(str_sub(line, 0, open)); /* "openSUSE 13.2 (x86_64)" */
	struct str level = line_value(text, STR("PATCHLEVEL"));
	uint64_t number;
	if (str_eq(legacy->id, STR("sles")) && str_parse_u64(level, &number))
		legacy->pretty =
			arena_printf(arena, "SUSE Linux Enterprise Server " STR_FMT "%s" STR_FMT,
				STR_ARG(legacy->version), number ? " SP" : "",
				STR_ARG(number ? level : STR("")));
	if (str_eq(legacy->id, STR("rhel")) && major_of(legacy->version).n)
		legacy->cpe = arena_printf(arena, "cpe:/o:redhat:enterprise_linux:" STR_FMT,
			STR_ARG(major_of(legacy->version)));
	return true;
}

static bool from_version_file(struct str text, struct str id, struct legacy *legacy)
{
	struct str line = first_line(text);
	if (!line.n)
		return false;
	/* "trixie/sid": what will be the next release has no version. */
	*legacy = (struct legacy){
		.id = id, .version = version_word(line), .pretty = STR(""), .cpe = STR("")
	};
	return true;
}

static bool find_legacy(
	struct arena *arena, const struct platform_facts *facts, struct legacy *legacy)
{
	return from_lsb(facts->lsb_release, legacy) ||
	       from_release_text(arena, facts->release_text, legacy) ||
	       from_version_file(facts->alpine_release, STR("alpine"), legacy) ||
	       from_version_file(facts->debian_version, STR("debian"), legacy);
}

bool platform_is_known(const struct platform_facts *facts)
{
	struct legacy legacy;
	struct arena *arena = arena_new(0);
	bool known = facts->id.n || find_legacy(arena, facts, &legacy);
	arena_free(&arena);
	return known;
}

/* --- flavours */

static bool has_edge_line(struct str repositories)
{
	struct str line;
	while (str_cut(&repositories, '\n', &line)) {
		line = str_trim(line);
		if (!line.n || *line.p == '#' || *line.p == '@')
			continue;
		if (str_contains(line, STR("/edge/")))
			return true;
	}
	return false;
}

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str flavours_of(
	struct arena *arena, const struct platform_facts *facts, const struct platform *platform)
{
	VEC(struct str) words = { 0 };
	struct str rest = facts->content_sets;
	struct str word;
	if (str_eq(platform->os_id, STR("ubuntu")))
		for (struct str services = facts->pro_services; str_cut(&services, ',', &word);)
			if (str_starts(word, STR("esm-")))
				AVEC_PUSH(arena, &words, STR("pro"));
	if (str_eq(platform->os_id, STR("alpine")) && has_edge_line(facts->apk_repositories) &&
		!str_eq(platform->release_key, STR("Alpine:edge")))
		AVEC_PUSH(arena, &words, STR("edge"));
	while (facts->content_sets.n && str_cut(&rest, ',', &word))
		if (word.n)
			AVEC_PUSH(arena, &words,
				arena_printf(arena, "content-set:" STR_FMT, STR_ARG(word)));
	if (!words.n)
		return STR("");
	qsort(words.items, words.n, sizeof(*words.items), compare_texts);
	AUTO_STRBUF struct strbuf out = STRBUF(FLAVOURS_MAX);
	for (size_t i = 0; i < words.n && !strbuf_failed(&out); i++) {
		if (i && str_eq(words.items[i], words.items[i - 1]))
			continue;
		if (out.n)
			strbuf_add_char(&out, ',');
		strbuf_add_str(&out, words.items[i]);
	}
	return arena_str(arena, strbuf_view(&out));
}

void platform_derive(
	struct arena *arena, const struct platform_facts *given, struct platform *platform)
{
	struct platform_facts merged = *given;
	const struct platform_facts *facts = &merged;
	struct legacy legacy;
	if (!given->id.n && find_legacy(arena, given, &legacy)) {
		merged.id = legacy.id;
		merged.version_id = legacy.version;
		merged.pretty_name = legacy.pretty;
		merged.cpe_name = legacy.cpe;
	}
	*platform = (struct platform){
		.release_key = STR(""),
		.flavours = STR(""),
		.os_id = lower(arena, facts->id),
		.os_version = arena_str(arena, facts->version_id),
		.os_name = arena_str(arena, facts->pretty_name),
	};
	for (size_t i = 0; i < sizeof(platforms) / sizeof(*platforms); i++) {
		if (!str_eq(platform->os_id, platforms[i].os_id))
			continue;
		struct str release = release_of(arena, platforms[i].rule, facts);
		if (platforms[i].rule == RULE_NONE)
			platform->release_key = platforms[i].ecosystem;
		else if (release.n)
			platform->release_key = arena_printf(arena, STR_FMT ":" STR_FMT,
				STR_ARG(platforms[i].ecosystem), STR_ARG(release));
		break;
	}
	platform->flavours = flavours_of(arena, facts, platform);
}
