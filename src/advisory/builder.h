/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a snapshot beside the one in force: starts from a copy of it, replaces what the import
 * brings, and publishes the result. Whatever goes wrong before builder_publish() returns 0 leaves
 * the old snapshot in force. One thread; the directory lock is held from open to close.
 */
#ifndef ADVISORY_BUILDER_H
#define ADVISORY_BUILDER_H

#include "advisory/record.h"
#include "base/clock.h"

struct builder;

int builder_open(const char *data_dir, const struct clock *clock, struct builder **builder,
	struct err *err) MUST_CHECK;
/* Makes (or finds) a source and begins to replace it. */
int builder_source(
	struct builder *builder, struct str name, int64_t *source, struct err *err) MUST_CHECK;
/* Outcome: the id was stored before in this import with other content, which is replaced. */
enum { BUILDER_TWICE = 1 };
/* Stores a record of the source; digest is that of its bytes, by which unchanged records are
 * recognised. A second record with the same id in one source replaces the first. */
int builder_add(struct builder *builder, int64_t source, struct str digest,
	const struct record *record, struct err *err) MUST_CHECK;
/* Notes a record of the source that could not be read. */
int builder_bad(struct builder *builder, int64_t source, struct str place, struct str reason,
	struct err *err) MUST_CHECK;
/*
 * The source was read to its end. complete: records of it that were not seen again are removed. A
 * source with bad records is not complete: what is missing may be among them, and an old verdict
 * is better than none.
 */
int builder_source_end(
	struct builder *builder, int64_t source, bool complete, struct err *err) MUST_CHECK;
/* Computes the id, puts the snapshot in force; id: 65 bytes. */
int builder_publish(struct builder *builder, char id[65], struct err *err) MUST_CHECK;
/* Releases everything; removes the unfinished file. */
void builder_close(struct builder **builder);

#endif
