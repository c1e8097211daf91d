/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms of output. Input is what inventory/ defines, so the same code prints the answers of the
 * server and of `lazaret scan`. Text is appended to a strbuf; terminals get no escape sequences
 * from package data (control characters are shown as "?"). Pure functions.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/json.h"
#include "base/strbuf.h"
#include "inventory/finding.h"

struct report_image {
	struct str name;   /* "repo:tag", file name … */
	struct str digest; /* of the manifest; may be empty */
	struct str state;  /* image_state_name */
	struct str reason; /* sentences, one per line; may be empty */
	struct platform platform;
	struct severity_counts counts;
	uint32_t package_count;
	uint32_t not_evaluated;
	struct str snapshot;
	int64_t snapshot_built_us;	/* TIME_NONE: unknown */
	const struct finding *findings; /* sorted */
	size_t finding_count;
};

/* Table for people; width in columns (0: do not cut). */
void report_findings_table(const struct report_image *image, unsigned width, struct strbuf *out);
/* The JSON form of the own API (docs/api.md): new reference. */
json_t *report_findings_json(const struct report_image *image);
/* Parts of it that other lists show in the same form: new references. */
json_t *report_counts_json(const struct severity_counts *counts);
json_t *report_platform_json(const struct platform *platform);
/* Back from that JSON (client verbs print what the server answered). Text borrowed from json. */
int report_findings_from_json(struct arena *arena, const json_t *json, struct report_image *image,
	struct err *err) MUST_CHECK;

/* Generic table: columns sized to content; the last one may be cut at width. */
struct report_table;
struct report_table *report_table_new(
	struct arena *arena, const char *const *titles, size_t columns);
void report_table_row(struct report_table *table, const struct str *cells);
void report_table_print(const struct report_table *table, unsigned width, struct strbuf *out);

#endif
