/* SPDX-License-Identifier: Apache-2.0 */
/* The import pipeline: order, giants, what stops it; and hostile feeds from file to status. */
#include "advisory/pipeline.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 6000 };

struct heard {
	unsigned begins, records, bad, ends;
	unsigned stop_at; /* fail at this record; 0: never */
	bool ordered;
};

static int hear_begin(void *context, const char *path, struct str name, bool whole, struct err *err)
{
	struct heard *heard = context;
	(void)err;
	assert_true(*path && name.n && whole);
	heard->begins++;
	return 0;
}

static int hear_record(void *context, const struct pipeline_record *record, struct err *err)
{
	struct heard *heard = context;
	char expected[32];
	if (!record->record) {
		heard->bad++;
		return 0;
	}
	snprintf(expected, sizeof(expected), "A-%u", heard->records++);
	heard->ordered &= str_eq(record->record->name, str_from(expected));
	if (heard->stop_at && heard->records == heard->stop_at)
		return err_set(err, EIO, "enough");
	return 0;
}

static int hear_bad(void *context, struct str place, struct str reason, struct err *err)
{
	(void)place;
	(void)reason;
	(void)err;
	((struct heard *)context)->bad++;
	return 0;
}

static int hear_end(void *context, struct err *err)
{
	(void)err;
	((struct heard *)context)->ends++;
	return 0;
}

static int run(struct fixture *f, struct heard *heard, const char *second)
{
	const struct pipeline_sink sink = { heard, hear_begin, hear_record, hear_bad, hear_end };
	const char *paths[] = { arena_printf(f->arena, "%s/many.jsonl", f->root).p, second };
	heard->ordered = true;
	f->err = ERR_INIT;
	return pipeline_run(paths, second ? 2 : 1, &sink, &f->err);
}

static void write_many(struct fixture *f)
{
	struct strbuf lines = STRBUF(64 << 20);
	for (unsigned i = 0; i < MANY; i++) {
		/* Small ones, some larger than a batch, and bad ones between them. */
		strbuf_addf(&lines, "{\"id\":\"A-%u\",\"details\":\"", i);
		for (unsigned k = 0; k < (i % 1500 == 7 ? 40000u : 5u); k++)
			strbuf_add_cstr(&lines, "0123456789");
		strbuf_addf(&lines, "\"}\n%s", i % 1000 == 3 ? "{\"id\":\n" : "");
	}
	fixture_write(f, "many.jsonl", strbuf_view(&lines));
	strbuf_free(&lines);
}

static void records_come_in_the_order_of_the_feed(void **state)
{
	struct fixture *f = *state;
	struct heard heard = { 0 };
	write_many(f);
	assert_int_equal(run(f, &heard, NULL), 0);
	assert_int_equal(heard.records, MANY);
	assert_int_equal(heard.bad, MANY / 1000);
	assert_int_equal(heard.begins, 1);
	assert_int_equal(heard.ends, 1);
	assert_true(heard.ordered);
}

static void a_failure_on_either_side_stops_it(void **state)
{
	struct fixture *f = *state;
	write_many(f);
	const unsigned at[] = { 1, 200, MANY };
	for (size_t i = 0; i < 3; i++) {
		struct heard heard = { .stop_at = at[i] };
		assert_true(run(f, &heard, NULL) < 0);
		assert_non_null(strstr(err_text(&f->err), "enough"));
		assert_int_equal(heard.records, at[i]);
	}
	/* What was read before the failure of the reader is still handed over. */
	struct heard heard = { 0 };
	assert_true(run(f, &heard, "/nonexistent/feed.zip") < 0);
	assert_non_null(strstr(err_text(&f->err), "/nonexistent/feed.zip"));
	assert_int_equal(heard.records, MANY);
}

static const char *reason_of(struct fixture *f, const char *where)
{
	for (size_t i = 0; i < f->report.named.n; i++)
		if (strstr(f->report.named.items[i].where, where))
			return f->report.named.items[i].reason;
	return "(not named)";
}

static void add_repeated(struct strbuf *lines, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		strbuf_add_cstr(lines, text);
}

static void hostile_records_are_named_and_cost_only_themselves(void **state)
{
	struct fixture *f = *state;
	struct strbuf lines = STRBUF((size_t)256 << 20);
	strbuf_add_cstr(&lines, "{\"id\":\"GOOD-1\"}\n");
	strbuf_add_cstr(&lines, "{\"id\":\"HUGE\",\"details\":\""); /* line 2: 100 MB */
	add_repeated(&lines, "0123456789", 10 << 20);
	strbuf_add_cstr(&lines, "\"}\n{\"id\":\"VALUES\",\"x\":["); /* line 3: a million values */
	add_repeated(&lines, "{},", 1 << 20);
	strbuf_add_cstr(&lines, "1]}\n{\"id\":\"DEEP\",\"x\":"); /* line 4 */
	add_repeated(&lines, "[", 100000);
	strbuf_add_cstr(&lines, "\n{\"id\":\"UTF\xff\xfe\"}\n");	  /* line 5 */
	strbuf_add_cstr(&lines, "{\"id\":\"GOOD-2\",\"summary\":\"a\"}\n" /* line 6, 7, 8 */
				"{\"id\":\"GOOD-2\",\"summary\":\"a\"}\n"
				"{\"id\":\"GOOD-2\",\"summary\":\"b\"}\n");
	strbuf_add_cstr(&lines, "{\"id\":\"CUT\",\"affected\":[{\"pack");
	assert_false(strbuf_failed(&lines));
	fixture_write(f, "h.jsonl", strbuf_view(&lines));
	strbuf_free(&lines);
	assert_int_equal(fixture_import(f, "h.jsonl"), 0);
	assert_int_equal(f->report.records, 3); /* an identical copy is none too many */
	assert_int_equal(f->report.bad, 6);
	assert_non_null(strstr(reason_of(f, "line 2"), "larger than the limit"));
	assert_non_null(strstr(reason_of(f, "line 3"), "values"));
	assert_non_null(strstr(reason_of(f, "line 4"), "JSON"));
	assert_non_null(strstr(reason_of(f, "line 5"), "0xff"));
	assert_non_null(strstr(reason_of(f, "line 8"), "GOOD-2"));
	assert_non_null(strstr(reason_of(f, "line 9"), "JSON"));
	/* All are named by the status. */
	struct str data = arena_printf(f->arena, "%s/data", f->root);
	struct snapshot *snapshot;
	json_t *status;
	assert_int_equal(snapshot_open_current(data.p, &snapshot, &f->err), 0);
	assert_int_equal(snapshot_status(snapshot, &f->clock, &status, &f->err), 0);
	snapshot_close(&snapshot);
	assert_int_equal(json_array_size(json_list(status, "badRecords")), 6);
	assert_int_equal(json_int(status, "bad", 0), 6);
	json_decref(status);
}

#define IN_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FIXTURE(records_come_in_the_order_of_the_feed),
		IN_FIXTURE(a_failure_on_either_side_stops_it),
		IN_FIXTURE(hostile_records_are_named_and_cost_only_themselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
