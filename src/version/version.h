/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version grammars: how two versions of one ecosystem compare. One file per grammar (its head
 * comment states the grammar), one row in grammars.def. Pure functions, any thread.
 */
#ifndef VERSION_VERSION_H
#define VERSION_VERSION_H

#include "base/str.h"

enum version_grammar {
#define GRAMMAR(id, name, compare, valid, doc) id,
#include "version/grammars.def"
#undef GRAMMAR
	GRAMMAR_COUNT
};

bool version_grammar_parse(struct str name, enum version_grammar *grammar);
struct str version_grammar_name(enum version_grammar grammar);
bool version_valid(enum version_grammar grammar, struct str version);
/* True and *order < 0, 0, > 0; false when either is not a version of this grammar. */
bool version_compare(enum version_grammar grammar, struct str a, struct str b, int *order);

#endif
