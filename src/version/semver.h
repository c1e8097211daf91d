/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the grammars that descend from Semantic Versioning share: the parts of such a version and
 * the precedence of its numbers and of its pre-release identifiers. Private to this folder.
 */
#ifndef VERSION_SEMVER_H
#define VERSION_SEMVER_H

#include "version/internal.h"

enum { SEMVER_NUMBERS_MAX = 8 };

struct semver {
	struct str numbers[SEMVER_NUMBERS_MAX];
	size_t count;	  /* of numbers, at least 1 */
	struct str pre;	  /* behind "-"; empty: none */
	struct str build; /* behind "+"; empty: none */
};

/* NUMBER ("." NUMBER)* ["-" identifiers] ["+" identifiers], the whole text; false: it is not. */
bool semver_split(struct str text, struct semver *parts);
/* Number by number; missing ones are 0. */
int semver_compare_numbers(const struct semver *a, const struct semver *b);
/* Dot-separated identifiers: numbers below words, numbers by value, the shorter list first. */
int semver_compare_identifiers(struct str a, struct str b, bool nocase);
/* Pre-releases: one that has none is above all that have one. */
int semver_compare_pre(struct str a, struct str b, bool nocase);

#endif
