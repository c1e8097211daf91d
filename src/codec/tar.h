/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a tar (POSIX ustar and pax, GNU, old), read once from front to back by libarchive,
 * which gets its bytes from our streams. Budgets are errors with words; libarchive's warnings
 * (names it cannot convert, odd attributes) are not failures. One thread at a time.
 */
#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include "base/strbuf.h"
#include "codec/stream.h"

enum tar_entry_type { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_entry {
	enum tar_entry_type type;
	/*
	 * Relative and normalised: no leading "/" or "./", no "." or empty components, no "/" at
	 * the end; empty for the root. Valid until the next tar_next().
	 */
	struct str path;
	struct str target; /* of a link: symbolic as written, hard normalised like a path */
	uint64_t size;	   /* of a file's content */
	bool executable;   /* somebody may execute it */
	/* The path (or the target of a hard link) has a ".." component, a NUL or is too long: not
	 * usable. */
	bool impossible;
};

struct tar_limits {
	uint64_t entries;
	size_t path; /* bytes of one path */
};

struct tar;

/* source is borrowed and must outlive the tar. */
struct tar *tar_new(struct stream *source, const struct tar_limits *limits);
void tar_free(struct tar **tar);

/* 0: *entry is filled; TAR_END: there are no more (the source may still hold bytes: padding). */
enum { TAR_END = 1 };
int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err) MUST_CHECK;
uint64_t tar_entries(const struct tar *tar); /* how many came so far */

/* Content of the entry that came last: a stream of its own to be closed before the next tar_next().
 */
struct stream *tar_entry_stream(struct tar *tar);

/* The rule for paths by itself. False when the path is impossible; out then holds what fits. */
bool tar_normalise_path(struct str raw, size_t max, struct strbuf *out);

#endif
