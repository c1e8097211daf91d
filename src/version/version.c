/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch over grammars.def; see version.h. Pure, any thread. */
#include "version/version.h"

#include "version/internal.h"

static const struct {
	struct str name;
	int (*compare)(struct str a, struct str b);
	bool (*valid)(struct str version);
} grammars[] = {
#define GRAMMAR(id, name, compare, valid, doc) [id] = { STR_INIT(name), compare, valid },
#include "version/grammars.def"
#undef GRAMMAR
};

bool version_grammar_parse(struct str name, enum version_grammar *grammar)
{
	for (int i = 0; i < GRAMMAR_COUNT; i++) {
		if (str_eq(name, grammars[i].name)) {
			*grammar = (enum version_grammar)i;
			return true;
		}
	}
	return false;
}

struct str version_grammar_name(enum version_grammar grammar)
{
	return grammars[grammar].name;
}

bool version_valid(enum version_grammar grammar, struct str version)
{
	return version.n && version.n <= VERSION_TEXT_MAX && grammars[grammar].valid(version);
}

bool version_compare(enum version_grammar grammar, struct str a, struct str b, int *order)
{
	if (!version_valid(grammar, a) || !version_valid(grammar, b))
		return false;
	*order = grammars[grammar].compare(a, b);
	return true;
}

struct str version_take(struct str *text, bool (*wanted)(char c))
{
	size_t n = 0;
	while (n < text->n && wanted(text->p[n]))
		n++;
	struct str taken = str_sub(*text, 0, n);
	*text = str_skip(*text, n);
	return taken;
}

bool version_is_visible(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n > 0;
}

int version_compare_digits(struct str a, struct str b)
{
	while (a.n && *a.p == '0')
		a = str_skip(a, 1);
	while (b.n && *b.p == '0')
		b = str_skip(b, 1);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return str_cmp(a, b);
}
