/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of records: .zip archives, directories, .json files with one record or a list of them,
 * .jsonl files. A reader cuts them into the bytes of single records and hands those to a sink; it
 * does not look into them. Private to advisory/. One thread.
 */
#ifndef ADVISORY_READER_H
#define ADVISORY_READER_H

#include "base/err.h"
#include "base/str.h"

#include <archive.h>

struct reader_sink {
	void *context;
	/* A container begins: its name ("Debian/all.zip"), by which a later import knows it again.
	 * whole: it is the complete set of its records. */
	int (*begin)(void *context, struct str name, bool whole, struct err *err);
	/* One record; place is where it was ("DSA-1-1.json", "line 7"). */
	int (*record)(void *context, struct str place, struct str bytes, struct err *err);
	/* Something that could not be read. */
	int (*bad)(void *context, struct str place, struct str reason, struct err *err);
	int (*end)(void *context, struct err *err);
};

/* Reads what lies at path into the sink. Negative: the path cannot be read, or the sink failed. */
int reader_path(const char *path, const struct reader_sink *sink, struct err *err) MUST_CHECK;
/* The entries of an opened archive; damage is reported to sink->bad. */
int reader_archive(
	struct archive *archive, const struct reader_sink *sink, struct err *err) MUST_CHECK;
/* Formats wanted from libarchive, and nothing else. */
struct archive *reader_archive_new(void);

/*
 * Cuts a stream into JSON values: one value, a list of values ("[a, b]"), or one per line. A value
 * over the size limit is skipped and reported.
 */
struct splitter;
struct splitter *splitter_new(bool lines, const struct reader_sink *sink);
int splitter_feed(struct splitter *splitter, struct str bytes, struct err *err) MUST_CHECK;
int splitter_end(struct splitter *splitter, struct err *err) MUST_CHECK;
void splitter_free(struct splitter **splitter);

#endif
