/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and parses feeds on several threads: one thread cuts the paths into records, one per
 * processor parses them, and the calling thread gets what comes out, in the order of the feeds. The
 * work in flight is bounded in records and in bytes, so memory does not grow with the feed. Private
 * to advisory/.
 */
#ifndef ADVISORY_PIPELINE_H
#define ADVISORY_PIPELINE_H

#include "advisory/record.h"
#include "crypto/digest.h"

/* One parsed record; valid during the call that hands it over. */
struct pipeline_record {
	struct str place;
	struct str digest; /* SHA-256 of its bytes */
	size_t bytes;
	const struct record *record; /* NULL: it could not be read, see reason */
	struct str reason;
};

/* Called on the calling thread; as struct reader_sink. path is the one of the list being read. */
struct pipeline_sink {
	void *context;
	int (*begin)(void *context, const char *path, struct str name, bool whole, struct err *err);
	int (*record)(void *context, const struct pipeline_record *record, struct err *err);
	int (*bad)(void *context, struct str place, struct str reason, struct err *err);
	int (*end)(void *context, struct err *err);
};

/* Reads all paths into the sink. Negative: a path cannot be read, or the sink failed. */
int pipeline_run(const char *const *paths, size_t count, const struct pipeline_sink *sink,
	struct err *err) MUST_CHECK;

#endif
