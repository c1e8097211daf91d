/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What analyzers of language metadata share: JSON under a budget, fields that come as text or as an
 * object, headers in the form of mail. Pure; text is borrowed from what was parsed.
 */
#ifndef ANALYZE_METADATA_H
#define ANALYZE_METADATA_H

#include "analyze/analyzer.h"
#include "base/json.h"

/* Parses text with LIMIT_METADATA_VALUES and any number of bytes the caller let in; a byte order
 * mark is passed over. *root is the caller's. */
int metadata_json(struct str text, json_t **root, struct err *err) MUST_CHECK;
/* "MIT", {"type": "MIT"} or a list of these: the first, or with several "A OR B". */
struct str metadata_licence(struct arena *arena, const json_t *value);
/* "Name <mail>" or {"name": …}. */
struct str metadata_person(const json_t *value);
/* The value of the first line "NAME: value" before an empty line, trimmed; STR_NULL: none. */
struct str metadata_header(struct str text, struct str name);
/*
 * Adds a package of a language: source name and version are its own. One without usable name or
 * version is passed over: nothing could be said about it.
 */
int metadata_add(
	struct analyze_sink *sink, const struct package *package, struct err *err) MUST_CHECK;

#endif
