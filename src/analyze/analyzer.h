/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an analyzer is: a function that reads the whole text of one file and appends packages and
 * facts to a layer inventory. The table is analyzers.def; one file per package database. Analyzers
 * are pure: no file, no clock, no state. Appended text is copied into the arena of the sink,
 * because the text read is given back afterwards.
 */
#ifndef ANALYZE_ANALYZER_H
#define ANALYZE_ANALYZER_H

#include "analyze/owned.h"
#include "base/arena.h"
#include "base/err.h"
#include "inventory/layer.h"

/* What is left of the budgets of a layer that all its files share. */
struct analyze_nested {
	uint64_t bytes;	  /* still to be unpacked from archives */
	uint64_t entries; /* members still to be looked at */
	uint64_t memory;  /* still to be held at one time */
	unsigned depth;	  /* archives that may be open inside each other */
};

struct analyze_sink {
	struct arena *arena;
	struct layer_inventory *inventory;
	struct str path;	       /* of the file that is read; empty in tests of formats */
	struct analyze_nested *nested; /* NULL: the limits of base/limits.h for each file */
	/* Why not everything was read: first words and how often. Set by analyze_partial(). */
	struct str partial;
	size_t partial_count;
	struct str log; /* content of the write-ahead log beside an SQLite database, or empty */
	struct owned *owned; /* which package owns which file of the layer; NULL: nobody asks */
};

/*
 * A failure means that the file is damaged; what was appended by then is dropped by the caller,
 * except that of a language's file which went over a budget (-E2BIG).
 */
typedef int analyze_fn(struct str text, struct analyze_sink *sink, struct err *err);

analyze_fn analyze_dpkg_status;
analyze_fn analyze_dpkg_status_d;
analyze_fn analyze_dpkg_list;
analyze_fn analyze_rpm_bdb;
analyze_fn analyze_rpm_ndb;
analyze_fn analyze_rpm_sqlite;
analyze_fn analyze_rpm_manifest;
analyze_fn analyze_pacman_desc;
analyze_fn analyze_pacman_files;
analyze_fn analyze_chisel;
analyze_fn analyze_content_manifest;
analyze_fn analyze_dnf_history;
analyze_fn analyze_ubuntu_pro;
analyze_fn analyze_apk_installed;
analyze_fn analyze_os_release;
analyze_fn analyze_npm;
analyze_fn analyze_python;
analyze_fn analyze_python_egg;
analyze_fn analyze_conda;
analyze_fn analyze_java;
analyze_fn analyze_java_release;
analyze_fn analyze_gem;
analyze_fn analyze_composer;
analyze_fn analyze_dotnet;
analyze_fn analyze_binary;
analyze_fn analyze_text_file; /* the whole text as the fact "text" */

struct analyzer {
	enum layer_file_kind kind;
	struct str name;
	unsigned version;
	struct str paths; /* patterns (pattern.h) separated by blanks; may be empty */
	size_t max_bytes;
	analyze_fn *read; /* NULL: kept for the analyzer of another file */
};

extern const struct analyzer analyze_table[];
extern const size_t analyze_table_count;

/* The analyzer that reads this path, or NULL. */
const struct analyzer *analyze_for_path(struct str path);
/* The analyzer that reads files that begin like this, whatever their names, or NULL. */
const struct analyzer *analyze_for_head(struct str head);
enum { ANALYZE_HEAD_BYTES = 4 };
/* Some path that an anchored pattern names is path itself or lies below it ("" is the root). */
bool analyze_cares_below(struct str path);
/* "dpkg=1,apk=1,…" */
struct str analyze_versions(struct arena *arena);

/* Both copy into the arena of the sink. -E2BIG when the layer holds too many. */
int analyze_add_package(
	struct analyze_sink *sink, const struct package *package, struct err *err) MUST_CHECK;
int analyze_add_fact(
	struct analyze_sink *sink, struct str key, struct str value, struct err *err) MUST_CHECK;

/* The package owns the file. */
int analyze_own(struct analyze_sink *sink, enum package_type type, struct str package,
	struct str path, struct err *err) MUST_CHECK;

/* Part of the file could not be read: it is told, and the reading goes on. */
void analyze_partial(struct analyze_sink *sink, struct str words);

/* A name, a version …: not empty, printable, without blanks and of sane length. */
bool analyze_is_word(struct str text);
/* Free text as it can be kept: cut to a sane length; empty when it has control characters. */
struct str analyze_free_text(struct str text);

#endif
