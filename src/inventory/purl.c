/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See purl.h. What the types of languages differ in is how a name is cut into namespace and name,
 * and which spellings are the same: a table. Slashes in a namespace separate its segments; each
 * segment is encoded by itself.
 */
#include "inventory/purl.h"

#include <string.h>

enum name_form {
	NAME_WHOLE,    /* no namespace: a "/" in the name is encoded */
	NAME_SEGMENTS, /* all but the last segment are the namespace */
	NAME_COLON,    /* group:artifact */
};

static const struct rule {
	enum package_type type;
	enum name_form form;
	bool lower;
	bool dashes; /* "_" is "-" */
	const char *arch_key;
} rules[] = {
	/* scope/name; npm allows no capitals in new names and purl none at all */
	{ PACKAGE_NPM, NAME_SEGMENTS, true, false, "arch" },
	{ PACKAGE_PYPI, NAME_WHOLE, true, true, "arch" },
	{ PACKAGE_GOLANG, NAME_SEGMENTS, true, false, "arch" },
	{ PACKAGE_MAVEN, NAME_COLON, false, false, "arch" },
	{ PACKAGE_GEM, NAME_WHOLE, false, false, "platform" },
	{ PACKAGE_CARGO, NAME_WHOLE, false, false, "arch" },
	{ PACKAGE_COMPOSER, NAME_SEGMENTS, true, false, "arch" },
	{ PACKAGE_NUGET, NAME_WHOLE, false, false, "arch" },
	{ PACKAGE_CONDA, NAME_WHOLE, true, false, "subdir" },
};
static const struct rule plain = { .form = NAME_WHOLE, .arch_key = "arch" };

static const struct rule *rule_of(enum package_type type)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type)
			return &rules[i];
	return &plain;
}

static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(".-_~:", c));
}

void purl_encode(struct strbuf *out, struct str text, bool lower)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (lower && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (unreserved(c))
			strbuf_add_char(out, c);
		else
			strbuf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static void put_segment(struct strbuf *out, const struct rule *rule, struct str text)
{
	struct str rest = text;
	struct str part;
	bool first = true;
	if (!rule->dashes) {
		purl_encode(out, text, rule->lower);
		return;
	}
	while (str_cut(&rest, '_', &part)) {
		if (!first)
			strbuf_add_char(out, '-');
		purl_encode(out, part, rule->lower);
		first = false;
	}
}

void purl_language_name(struct strbuf *out, enum package_type type, struct str name)
{
	const struct rule *rule = rule_of(type);
	char separator = rule->form == NAME_COLON ? ':' : '/';
	struct str rest = name;
	struct str segment;
	bool first = true;
	if (rule->form == NAME_WHOLE) {
		put_segment(out, rule, name);
		return;
	}
	while (str_cut(&rest, separator, &segment)) {
		if (!segment.n)
			continue;
		if (!first)
			strbuf_add_char(out, '/');
		put_segment(out, rule, segment);
		first = false;
	}
}

const char *purl_arch_key(enum package_type type)
{
	return rule_of(type)->arch_key;
}
