/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: the pipeline reads and parses on all processors and hands over record after record, the
 * builder stores them here. Memory is that of the records in flight and of SQLite's cache, whatever
 * the feed's size. Contract in import.h.
 */
#include "advisory/import.h"

#include "advisory/builder.h"
#include "advisory/pipeline.h"
#include "base/limits.h"
#include "base/timefmt.h"

#include <stdio.h>

enum { PROGRESS_EVERY = 1000 };

struct run {
	const struct import_settings *settings;
	struct import_report *report;
	struct builder *builder;
	const char *path;
	int64_t source;
	char source_name[128];
	bool whole;
	uint64_t bad_here; /* bad records of the open container */
};

static int on_begin(void *context, const char *path, struct str name, bool whole, struct err *err)
{
	struct run *run = context;
	run->path = path;
	run->bad_here = 0;
	run->whole = whole;
	snprintf(run->source_name, sizeof(run->source_name), STR_FMT, STR_ARG(name));
	int r = builder_source(run->builder, name, &run->source, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Text from a feed as one printable line: what is not printable ASCII or UTF-8 becomes "?". */
static void put_line(char *out, size_t size, const char *before, struct str text)
{
	int n = snprintf(out, size, "%s" STR_FMT, before, STR_ARG(text));
	for (int i = 0; i < n && (size_t)i < size - 1; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			out[i] = '?';
}

static int on_bad(void *context, struct str place, struct str reason, struct err *err)
{
	struct run *run = context;
	struct import_bad_record bad;
	char head[160];
	snprintf(head, sizeof(head), "%s: ", run->source_name);
	put_line(bad.where, sizeof(bad.where), head, place);
	put_line(bad.reason, sizeof(bad.reason), "", reason);
	run->report->bad++;
	run->bad_here++;
	bool named = run->bad_here <= LIMIT_BAD_RECORDS_NAMED;
	if (run->report->named.n < LIMIT_BAD_RECORDS_NAMED)
		VEC_PUSH(&run->report->named, bad);
	int r = builder_bad(run->builder, run->source, named ? str_from(bad.where) : STR_NULL,
		str_from(bad.reason), err);
	return r < 0 ? err_trace(err, r) : 0;
}

static void count(struct run *run, const struct record *record, size_t bytes)
{
	struct import_report *report = run->report;
	report->bytes += bytes;
	if (record->kind == RECORD_CVE) {
		report->severities++;
	} else {
		report->records++;
		report->withdrawn += record->withdrawn_us != TIME_NONE &&
				     record->withdrawn_us <= clock_wall(run->settings->clock);
	}
	uint64_t done = report->records + report->severities;
	if (run->settings->progress && done % PROGRESS_EVERY == 0)
		run->settings->progress(run->settings->progress_context, run->path, done);
}

static int on_record(void *context, const struct pipeline_record *parsed, struct err *err)
{
	struct run *run = context;
	const struct record *record = parsed->record;
	int r;
	if (!record) {
		r = on_bad(run, parsed->place, parsed->reason, err);
		return r < 0 ? err_trace(err, r) : 0;
	}
	r = builder_add(run->builder, run->source, parsed->digest, record, err);
	if (r == BUILDER_TWICE) {
		char reason[160];
		snprintf(reason, sizeof(reason),
			"the id " STR_FMT " was there before with other content: this one counts",
			STR_ARG(str_sub(record->name, 0, 64)));
		r = on_bad(run, parsed->place, str_from(reason), err);
	} else if (r == 0) {
		count(run, record, parsed->bytes);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static int on_end(void *context, struct err *err)
{
	struct run *run = context;
	bool complete = run->whole && !run->bad_here;
	int r = builder_source_end(run->builder, run->source, complete, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int advisory_import(
	const struct import_settings *settings, struct import_report *report, struct err *err)
{
	*report = (struct import_report){ 0 };
	struct run run = { .settings = settings, .report = report };
	const struct pipeline_sink sink = {
		.context = &run,
		.begin = on_begin,
		.record = on_record,
		.bad = on_bad,
		.end = on_end,
	};
	int r = builder_open(settings->data_dir, settings->clock, &run.builder, err);
	if (r < 0)
		return err_trace(err, r);
	r = pipeline_run(settings->paths, settings->path_count, &sink, err);
	if (r == 0)
		r = builder_publish(run.builder, report->snapshot_id, err);
	builder_close(&run.builder);
	return r < 0 ? err_trace(err, r) : 0;
}
