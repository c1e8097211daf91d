/* SPDX-License-Identifier: Apache-2.0 */
/* Zip archives and deflated bytes: forms, damage, bombs. */
#include "codec/inflate.h"
#include "codec/zip.h"

#include "zip_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 16 << 20 };

static void inflate_both_forms(void **state)
{
	(void)state;
	for (int zlib = 0; zlib < 2; zlib++) {
		AUTO_STRBUF struct strbuf plain = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
		struct err err = ERR_INIT;
		for (int i = 0; i < 50000; i++)
			strbuf_addf(&plain, "%d ", i * 7919);
		sample_deflate(strbuf_view(&plain), zlib, &packed);
		enum inflate_form form = zlib ? INFLATE_ZLIB : INFLATE_RAW;
		assert_int_equal(inflate_bytes(form, strbuf_view(&packed), &out, &err), 0);
		assert_true(str_eq(strbuf_view(&out), strbuf_view(&plain)));
		/* Cut at some places; the last bytes of zlib are its checksum. */
		for (size_t n = 0; n < packed.n; n += packed.n / 7) {
			strbuf_clear(&out);
			assert_true(inflate_bytes(form, str_sub(strbuf_view(&packed), 0, n), &out,
					    &err) < 0);
		}
		/* A ceiling of exactly its size, and one less. */
		AUTO_STRBUF struct strbuf exact = STRBUF(plain.n);
		assert_int_equal(inflate_bytes(form, strbuf_view(&packed), &exact, &err), 0);
		AUTO_STRBUF struct strbuf small = STRBUF(plain.n - 1);
		assert_int_equal(inflate_bytes(form, strbuf_view(&packed), &small, &err), -E2BIG);
	}
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	struct err err = ERR_INIT;
	assert_int_equal(inflate_bytes(INFLATE_RAW, STR("\xff\xff\xff"), &out, &err), -EBADMSG);
}

static void read_all(struct str bytes, struct strbuf *found)
{
	struct zip zip;
	struct zip_member member;
	struct err err = ERR_INIT;
	if (zip_open(bytes, &zip, &err) < 0) {
		strbuf_addf(found, "open: %s\n", err_text(&err));
		return;
	}
	int r;
	while ((r = zip_next(&zip, &member, &err)) == 0) {
		AUTO_STRBUF struct strbuf room = STRBUF(1 << 20);
		struct str content;
		struct err why = ERR_INIT;
		strbuf_addf(found, STR_FMT "=", STR_ARG(member.name));
		if (zip_read(&zip, &member, &room, &content, &why) < 0)
			strbuf_addf(found, "%s\n", err_text(&why));
		else
			strbuf_addf(found, STR_FMT "\n", STR_ARG(content));
	}
	if (r < 0)
		strbuf_addf(found, "next: %s\n", err_text(&err));
}

static void members_in_all_forms(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		AUTO_STRBUF struct strbuf bytes = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf found = STRBUF(ROOM);
		struct zip_sample sample;
		if (i & 1)
			strbuf_add_cstr(&bytes, "#!/bin/sh\nexec java -jar \"$0\"\n");
		zip_sample_begin(&sample, &bytes);
		zip_sample_add(&sample, "a", STR("stored"), false);
		zip_sample_add(&sample, "d/b", STR("deflated deflated deflated"), true);
		zip_sample_add(&sample, "empty", STR(""), false);
		zip_sample_end(&sample, i & 2, i & 4 ? "a comment of some length" : "");
		read_all(strbuf_view(&bytes), &found);
		assert_string_equal(
			strbuf_cstr(&found), "a=stored\nd/b=deflated deflated deflated\nempty=\n");
	}
}

static void damage_is_bounded(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf bytes = STRBUF(ROOM);
	struct zip_sample sample;
	zip_sample_begin(&sample, &bytes);
	zip_sample_add(&sample, "a", STR("stored"), false);
	zip_sample_add(&sample, "b", STR("deflated deflated"), true);
	zip_sample_end(&sample, true, "");
	for (size_t i = 0; i < bytes.n; i++) {
		AUTO_STRBUF struct strbuf found = STRBUF(ROOM);
		char kept = bytes.p[i];
		bytes.p[i] = (char)0xff;
		read_all(strbuf_view(&bytes), &found);
		assert_true(found.n);
		bytes.p[i] = kept;
	}
	for (size_t n = 0; n < bytes.n; n++) {
		AUTO_STRBUF struct strbuf found = STRBUF(ROOM);
		read_all(str_sub(strbuf_view(&bytes), 0, n), &found);
		assert_true(str_starts(strbuf_view(&found), STR("open: ")));
	}
}

static void what_cannot_be_read_is_told(void **state)
{
	(void)state;
	static const struct {
		size_t offset; /* in the directory entry */
		char byte;
		const char *words;
	} rows[] = {
		{ 8, 1, "encrypted" },
		{ 10, 14, "method 14" },
		{ 20, 0x7f, "outside" },
		{ 42, 0x7f, "header is not where" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf bytes = STRBUF(ROOM);
		AUTO_STRBUF struct strbuf found = STRBUF(ROOM);
		struct zip_sample sample;
		zip_sample_begin(&sample, &bytes);
		zip_sample_add(&sample, "a", STR("stored"), false);
		size_t directory = bytes.n;
		zip_sample_end(&sample, false, "");
		bytes.p[directory + rows[i].offset] = rows[i].byte;
		read_all(strbuf_view(&bytes), &found);
		if (!str_contains(strbuf_view(&found), str_from(rows[i].words)))
			fail_msg("%s: %s", rows[i].words, strbuf_cstr(&found));
	}
}

static void bombs_stop_at_the_ceiling(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf zeros = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf bytes = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf found = STRBUF(ROOM);
	struct zip_sample sample;
	memset(strbuf_reserve(&zeros, 8 << 20), 0, 8 << 20);
	strbuf_commit(&zeros, 8 << 20);
	zip_sample_begin(&sample, &bytes);
	zip_sample_add(&sample, "bomb", strbuf_view(&zeros), true);
	zip_sample_end(&sample, false, "");
	assert_true(bytes.n < 1 << 20);
	read_all(strbuf_view(&bytes), &found);
	assert_true(str_contains(strbuf_view(&found), STR("more than the limit of 1048576")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inflate_both_forms),
		cmocka_unit_test(members_in_all_forms),
		cmocka_unit_test(damage_is_bounded),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(bombs_stop_at_the_ceiling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
