/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an analyzer is: a function that reads the whole text of one file and appends packages and
 * facts to a layer inventory. The table is analyzers.def; one file per package database. Analyzers
 * are pure: no file, no clock, no state. Appended text is copied into the arena of the sink,
 * because the text read is given back afterwards.
 */
#ifndef ANALYZE_ANALYZER_H
#define ANALYZE_ANALYZER_H

#include "base/arena.h"
#include "base/err.h"
#include "inventory/layer.h"

struct analyze_sink {
	struct arena *arena;
	struct layer_inventory *inventory;
};

/* A failure means that the file is damaged; what was appended by then is dropped by the caller. */
typedef int analyze_fn(struct str text, struct analyze_sink *sink, struct err *err);

analyze_fn analyze_dpkg_status;
analyze_fn analyze_dpkg_status_d;
analyze_fn analyze_apk_installed;
analyze_fn analyze_os_release;
analyze_fn analyze_text_file; /* the whole text as the fact "text" */

struct analyzer {
	enum layer_file_kind kind;
	struct str name;
	unsigned version;
	struct str paths; /* separated by blanks */
	size_t max_bytes;
	analyze_fn *read;
};

extern const struct analyzer analyze_table[];
extern const size_t analyze_table_count;

/* The analyzer that reads this path, or NULL. */
const struct analyzer *analyze_for_path(struct str path);
/* Some path that an analyzer reads is path itself or lies below it ("" is the root). */
bool analyze_cares_below(struct str path);
/* "dpkg=1,apk=1,…" */
struct str analyze_versions(struct arena *arena);

/* Both copy into the arena of the sink. -E2BIG when the layer holds too many. */
int analyze_add_package(
	struct analyze_sink *sink, const struct package *package, struct err *err) MUST_CHECK;
int analyze_add_fact(
	struct analyze_sink *sink, struct str key, struct str value, struct err *err) MUST_CHECK;

/* A name, a version …: not empty, printable, without blanks and of sane length. */
bool analyze_is_word(struct str text);
/* Free text as it can be kept: cut to a sane length; empty when it has control characters. */
struct str analyze_free_text(struct str text);

#endif
