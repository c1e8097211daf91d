/* SPDX-License-Identifier: Apache-2.0 */
/* Ecosystem and family tables; see ecosystem.h. Pure functions. */
#include "advisory/ecosystem.h"

#include "base/strbuf.h"

static const struct ecosystem ecosystems[] = {
#define ECOSYSTEM(base, type, grammar, names, spelling, doc)                                       \
	{ STR_INIT(base), STR_INIT(type), (grammar), (names), (spelling),                          \
		(grammar) == GRAMMAR_DPKG || (grammar) == GRAMMAR_APK ||                           \
			(grammar) == GRAMMAR_RPM },
#include "advisory/ecosystems.def"
#undef ECOSYSTEM
};

static const struct {
	struct str prefix;
	struct str vendor;
	enum family_kind kind;
} families[] = {
#define FAMILY(prefix, vendor, kind, doc) { STR_INIT(prefix), STR_INIT(vendor), kind },
#include "advisory/families.def"
#undef FAMILY
};

const struct ecosystem *ecosystem_find(struct str base)
{
	for (size_t i = 0; i < sizeof(ecosystems) / sizeof(*ecosystems); i++)
		if (str_eq(base, ecosystems[i].base))
			return &ecosystems[i];
	return NULL;
}

const struct ecosystem *ecosystem_of_type(enum package_type type)
{
	for (size_t i = 0; i < sizeof(ecosystems) / sizeof(*ecosystems); i++)
		if (!ecosystems[i].os && str_eq(package_type_name(type), ecosystems[i].type))
			return &ecosystems[i];
	return NULL;
}

static struct str lower(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);
	for (size_t i = 0; i < text.n; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] | 0x20);
	return (struct str){ copy, text.n };
}

/* PEP 503: lower case, runs of "-", "_" and "." are one "-". */
static struct str spell_pypi(struct arena *arena, struct str name)
{
	struct str text = lower(arena, name);
	char *copy = arena_cstr(arena, text);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool separator = str_find(STR("-_."), text.p[i]) != STR_NONE;
		if (separator && n && copy[n - 1] == '-')
			continue;
		copy[n++] = separator ? '-' : text.p[i];
	}
	copy[n] = '\0';
	return (struct str){ copy, n };
}

static struct str spell_url(struct arena *arena, struct str name)
{
	struct str text = lower(arena, name);
	if (str_starts(text, STR("https://")))
		text = str_skip(text, 8);
	return str_ends(text, STR(".git")) ? str_sub(text, 0, text.n - 4) : text;
}

struct str ecosystem_spell(struct arena *arena, const struct ecosystem *ecosystem, struct str name)
{
	switch (ecosystem ? ecosystem->spelling : SPELLING_EXACT) {
	case SPELLING_LOWER:
		return lower(arena, name);
	case SPELLING_PYPI:
		return spell_pypi(arena, name);
	case SPELLING_URL:
		return spell_url(arena, name);
	case SPELLING_EXACT:
		break;
	}
	return name;
}

/* Ubuntu marks long-term releases in the key; the mark says nothing that the number does not. */
static struct str without_lts(struct arena *arena, struct str release)
{
	struct strbuf kept = STRBUF(release.n + 1);
	struct str part;
	while (str_cut(&release, ':', &part)) {
		if (str_eq(part, STR("LTS")))
			continue;
		if (kept.n)
			strbuf_add_char(&kept, ':');
		strbuf_add_str(&kept, part);
	}
	struct str text = arena_str(arena, strbuf_view(&kept));
	strbuf_free(&kept);
	return text;
}

void ecosystem_split(struct arena *arena, struct str key, struct str *base, struct str *release)
{
	struct str rest = key;
	*base = *release = STR("");
	if (!str_cut(&rest, ':', base) || !rest.n)
		return;
	*release = rest;
	if (str_eq(*base, STR("Ubuntu")))
		*release = without_lts(arena, rest);
	else if (str_eq(*base, STR("Alpine")) && *rest.p >= '0' && *rest.p <= '9')
		*release = arena_printf(arena, "v" STR_FMT, STR_ARG(rest));
}

struct str family_vendor(struct str advisory)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (str_starts(advisory, families[i].prefix))
			return families[i].vendor;
	size_t dash = str_find(advisory, '-');
	return dash == STR_NONE || !dash ? advisory : str_sub(advisory, 0, dash);
}

enum family_kind family_kind(struct str advisory)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (str_starts(advisory, families[i].prefix))
			return families[i].kind;
	return FAMILY_RECORD;
}

bool is_cve(struct str name)
{
	struct str rest = name;
	struct str part[3];
	uint64_t year;
	uint64_t number;
	for (int i = 0; i < 3; i++)
		if (!str_cut(&rest, '-', &part[i]))
			return false;
	return !rest.p && str_eq(part[0], STR("CVE")) && part[1].n == 4 &&
	       str_parse_u64(part[1], &year) && part[2].n >= 4 && str_parse_u64(part[2], &number);
}

struct str cve_suffix(struct str name)
{
	struct str rest = name;
	struct str head;
	while (rest.n && !is_cve(rest))
		if (!str_cut(&rest, '-', &head))
			return STR_NULL;
	return rest.n ? rest : STR_NULL;
}
