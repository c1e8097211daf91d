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
#include "inventory/listed.h"

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
	/* For documents that list packages; every one that counts, in any order. */
	const struct listed_package *listed;
	size_t listed_count;
	int64_t created_us; /* when this was found out: the time of the document */
};

enum report_format {
#define FORMAT(id, name, media_type, doc) id,
#include "report/formats.def"
#undef FORMAT
	REPORT_FORMAT_COUNT
};
/* The names of all formats for error messages: "table, json, …". */
const char *report_format_names(void);
bool report_format_parse(struct str name, enum report_format *format);
struct str report_format_name(enum report_format format);
const char *report_format_media_type(enum report_format format);
/*
 * A document for programs, new reference; every format but the table. created_us must be known.
 * The same content gives the same bytes apart from the time. -ENODATA: there is nothing that such
 * a document could say, with words: the image was not read, or OpenVEX without findings.
 */
int report_document(enum report_format format, const struct report_image *image, json_t **root,
	struct err *err) MUST_CHECK;

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
