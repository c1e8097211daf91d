/* SPDX-License-Identifier: Apache-2.0 */
/* Tar entries: paths, types, pax names, budgets, damage. */
#include "codec/tar.h"

#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 4 << 20 };

struct reading {
	struct stream *source;
	struct tar *tar;
};

static struct reading begin(struct str bytes, uint64_t entries)
{
	struct tar_limits limits = { .entries = entries, .path = 4096 };
	struct reading reading = { .source = stream_from_bytes(bytes) };
	reading.tar = tar_new(reading.source, &limits);
	return reading;
}

static void end(struct reading *reading)
{
	tar_free(&reading->tar);
	stream_close(&reading->source);
}

static void entries_have_clean_paths(void **state)
{
	(void)state;
	static const struct {
		const char *raw;
		const char *path;
		bool impossible;
	} rows[] = {
		{ "./etc/passwd", "etc/passwd", false },
		{ "/etc//passwd", "etc/passwd", false },
		{ "etc/./passwd", "etc/passwd", false },
		{ "../../etc/passwd", "", true },
		{ "a/../b", "", true },
		{ "..a/b..", "..a/b..", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
		struct tar_entry entry;
		struct err err = ERR_INIT;
		sample_file(&tar, rows[i].raw, "content");
		sample_end(&tar);
		struct reading reading = begin(strbuf_view(&tar), 10);
		assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
		assert_int_equal(entry.impossible, rows[i].impossible);
		if (!entry.impossible)
			assert_true(str_eq(entry.path, str_from(rows[i].path)));
		assert_int_equal(tar_next(reading.tar, &entry, &err), TAR_END);
		end(&reading);
	}
}

static void types_targets_and_content(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	struct tar_entry entry;
	struct err err = ERR_INIT;
	char text[64];
	size_t got;
	sample_entry(&tar, "dir/", '5', "", STR(""));
	sample_file(&tar, "file", "some content");
	sample_entry(&tar, "soft", '2', "../file", STR(""));
	sample_entry(&tar, "hard", '1', "./file", STR(""));
	sample_entry(&tar, "fifo", '6', "", STR(""));
	sample_end(&tar);
	struct reading reading = begin(strbuf_view(&tar), 10);
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_int_equal(entry.type, TAR_DIRECTORY);
	assert_true(str_eq(entry.path, STR("dir")));
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_int_equal(entry.type, TAR_FILE);
	assert_int_equal(entry.size, 12);
	struct stream *content = tar_entry_stream(reading.tar);
	assert_int_equal(stream_read_full(content, text, sizeof(text), &got, &err), 0);
	assert_memory_equal(text, "some content", 12);
	assert_int_equal(got, 12);
	stream_close(&content);
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_int_equal(entry.type, TAR_SYMLINK);
	assert_true(str_eq(entry.target, STR("../file")));
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_int_equal(entry.type, TAR_HARDLINK);
	assert_true(str_eq(entry.target, STR("file")));
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_int_equal(entry.type, TAR_OTHER);
	assert_int_equal(tar_next(reading.tar, &entry, &err), TAR_END);
	assert_int_equal(tar_next(reading.tar, &entry, &err), TAR_END);
	assert_int_equal(tar_entries(reading.tar), 5);
	end(&reading);
}

/* A pax header names the entry in UTF-8; the C locale cannot convert it, and need not. */
static void pax_names_that_are_not_ascii(void **state)
{
	(void)state;
	static const char record[] = "19 path=caf\xc3\xa9/b\xc3\xb6h\n";
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	struct tar_entry entry;
	struct err err = ERR_INIT;
	sample_entry(&tar, "PaxHeaders/x", 'x', "", str_from(record));
	sample_file(&tar, "short", "content");
	sample_file(&tar, "next", "");
	sample_end(&tar);
	struct reading reading = begin(strbuf_view(&tar), 10);
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_true(str_eq(entry.path, STR("caf\xc3\xa9/b\xc3\xb6h")));
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_true(str_eq(entry.path, STR("next")));
	end(&reading);
}

static void empty_tars_have_no_entries(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf zeros = STRBUF(ROOM);
	struct tar_entry entry;
	struct err err = ERR_INIT;
	sample_end(&zeros);
	struct reading reading = begin(strbuf_view(&zeros), 10);
	assert_int_equal(tar_next(reading.tar, &entry, &err), TAR_END);
	end(&reading);
	reading = begin(STR(""), 10);
	assert_int_equal(tar_next(reading.tar, &entry, &err), TAR_END);
	end(&reading);
}

static void budgets_and_damage_are_errors(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	struct tar_entry entry;
	struct err err = ERR_INIT;
	for (int i = 0; i < 4; i++)
		sample_file(&tar, "file", "content");
	struct reading reading = begin(strbuf_view(&tar), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_true(tar_next(reading.tar, &entry, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("more than 3 entries")));
	end(&reading);

	reading = begin(str_sub(strbuf_view(&tar), 0, 512 + 3), 10);
	assert_int_equal(tar_next(reading.tar, &entry, &err), 0);
	assert_true(tar_next(reading.tar, &entry, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("damaged after 1 entries")));
	end(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_have_clean_paths),
		cmocka_unit_test(types_targets_and_content),
		cmocka_unit_test(pax_names_that_are_not_ascii),
		cmocka_unit_test(empty_tars_have_no_entries),
		cmocka_unit_test(budgets_and_damage_are_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
