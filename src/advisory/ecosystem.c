/* SPDX-License-Identifier: Apache-2.0 */
/* Ecosystem and family tables; see ecosystem.h. Pure functions. */
#include "advisory/ecosystem.h"

#include "base/strbuf.h"

static const struct ecosystem ecosystems[] = {
#define ECOSYSTEM(base, grammar, names, doc) { STR_INIT(base), grammar, names },
#include "advisory/ecosystems.def"
#undef ECOSYSTEM
};

static const struct {
	struct str prefix;
	struct str vendor;
	bool erratum;
} families[] = {
#define FAMILY(prefix, vendor, erratum, doc) { STR_INIT(prefix), STR_INIT(vendor), erratum },
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

bool family_erratum(struct str advisory)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (str_starts(advisory, families[i].prefix))
			return families[i].erratum;
	return false;
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
