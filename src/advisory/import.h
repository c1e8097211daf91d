/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading advisories into a new snapshot: OSV records (and CVE JSON 5 records as a source of
 * severity) from .zip, directories (recursive), .json (one record or a list) and .jsonl. A bad
 * record is counted and named with its reason, never fatal; an unreadable path is fatal and leaves
 * the old snapshot in force.
 *
 * What is read replaces what the same source brought before and keeps all other sources. A source
 * is known by the last two parts of its path ("Debian/all.zip"; for loose records their folder). Of
 * a source that was read without a bad record, records that are no longer in it are removed; with
 * bad records nothing is removed, because what is missing may be among them. A single .json file
 * only adds to the source that its folder is.
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
	named;		/* the first LIMIT_BAD_RECORDS_NAMED; VEC_FREE by the caller */
	uint64_t bytes; /* of records read */
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
