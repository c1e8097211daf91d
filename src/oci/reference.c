/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the distribution specification (contract in reference.h). Grammar, one component being
 * what stands between two slashes:
 *
 *	component = word *( separator word )
 *	word      = 1*( lower-case letter / digit )
 *	separator = "." / "_" / "__" / 1*"-"
 *	tag       = ( letter / digit / "_" ) *127( letter / digit / "." / "_" / "-" )
 *
 * A name that passes holds no ".." and no empty component; still nothing here or above ever turns
 * one into a path of the file system.
 */
#include "oci/reference.h"

#include "base/limits.h"
#include "oci/digest.h"

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the separator that text starts with; 0: none. */
static size_t separator_length(struct str text)
{
	if (!text.n)
		return 0;
	if (text.p[0] == '.')
		return 1;
	if (text.p[0] == '_')
		return text.n > 1 && text.p[1] == '_' ? 2 : 1;
	size_t n = 0;
	while (n < text.n && text.p[n] == '-')
		n++;
	return n;
}

static size_t word_length(struct str text)
{
	size_t n = 0;
	while (n < text.n && is_word_char(text.p[n]))
		n++;
	return n;
}

static bool component_valid(struct str component)
{
	size_t word = word_length(component);
	while (word) {
		component = str_skip(component, word);
		if (!component.n)
			return true;
		component = str_skip(component, separator_length(component));
		word = word_length(component);
	}
	return false;
}

bool oci_repository_valid(struct str name)
{
	if (!name.n || name.n > LIMIT_REPOSITORY_NAME)
		return false;
	struct str rest = name;
	struct str component;
	while (str_cut(&rest, '/', &component)) {
		if (!component_valid(component))
			return false;
	}
	return true;
}

bool oci_tag_valid(struct str tag)
{
	if (!tag.n || tag.n > LIMIT_TAG_NAME)
		return false;
	for (size_t i = 0; i < tag.n; i++) {
		char c = tag.p[i];
		bool letter = is_word_char(c) || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return true;
}

bool oci_reference_parse(struct str text, struct oci_reference *reference)
{
	struct oci_reference parts = { .repository = text };
	size_t at = str_find(text, '@');
	if (at != STR_NONE) {
		parts.repository = str_sub(text, 0, at);
		parts.digest = str_skip(text, at + 1);
		if (!oci_digest_valid(parts.digest))
			return false;
	}
	size_t colon = str_rfind(parts.repository, ':');
	if (colon != STR_NONE) {
		parts.tag = str_skip(parts.repository, colon + 1);
		parts.repository = str_sub(parts.repository, 0, colon);
		if (!oci_tag_valid(parts.tag))
			return false;
	} else if (at == STR_NONE) {
		parts.tag = STR("latest");
	}
	if (!oci_repository_valid(parts.repository))
		return false;
	*reference = parts;
	return true;
}
