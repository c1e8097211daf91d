/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading advisories into a new snapshot: OSV records (and CVE JSON 5 records as a source of
 * severity) from .zip, directories (recursive), .json (one record or a list) and .jsonl. A bad
 * record is counted and named with its reason, never fatal; an unreadable path is fatal and leaves
 * the old snapshot in force. A new import replaces the records of the same source (zip, directory
 * or file base) and keeps the others, unless replace_all.
 */
#ifndef ADVISORY_IMPORT_H
#define ADVISORY_IMPORT_H

#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"

struct import_bad_record {
	char where[256]; /* "all.zip: DSA-1.json" */
	char reason[256];
};

struct import_report {
	uint64_t records;   /* read and kept */
	uint64_t withdrawn; /* among them */
	uint64_t bad;
	uint64_t severities; /* CVE records read */
	VEC(struct import_bad_record)
	named; /* the first LIMIT_BAD_RECORDS_NAMED; VEC_FREE by the caller */
	char snapshot_id[65];
};

struct import_settings {
	const char *data_dir;
	const char *const *paths;
	size_t path_count;
	const struct clock *clock;
	/* Progress for people, called now and then; may be NULL. */
	void (*progress)(void *context, const char *path, uint64_t records);
	void *progress_context;
};

int advisory_import(const struct import_settings *settings, struct import_report *report,
	struct err *err) MUST_CHECK;

#endif
