/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: wrappers, gzip and zstd with their edges, and telling formats apart. */
#include "codec/stream.h"

#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 4 << 20 };

/* Reads all of stream (and closes it) in pieces of step bytes. */
static int read_all(struct stream *stream, size_t step, struct strbuf *out, struct err *err)
{
	size_t got;
	int r;
	strbuf_clear(out);
	do {
		char *room = strbuf_reserve(out, step);
		assert_non_null(room);
		r = stream_read(stream, room, step, &got, err);
		if (r == 0)
			strbuf_commit(out, got);
	} while (r == 0 && got);
	stream_close(&stream);
	return r;
}

/* Text that compresses, but not to nothing. */
static void make_text(struct strbuf *out, size_t n)
{
	uint32_t state = 1;
	while (out->n < n) {
		state = state * 1664525 + 1013904223;
		strbuf_addf(out, "line %u of the sample text\n", state >> 12);
	}
}

static void gzip_members_follow_each_other(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	struct err err = ERR_INIT;
	make_text(&text, 700000);
	struct str all = strbuf_view(&text);
	const size_t cuts[] = { 0, 1, 300000, 300001, 699999, all.n };
	for (size_t i = 0; i + 1 < sizeof(cuts) / sizeof(cuts[0]); i++)
		sample_gzip(str_sub(all, cuts[i], cuts[i + 1] - cuts[i]), &packed);
	const size_t steps[] = { 1, 7, 4096, 1 << 20 };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct stream *stream = stream_gunzip(stream_from_bytes(strbuf_view(&packed)));
		assert_int_equal(read_all(stream, steps[i], &out, &err), 0);
		assert_true(str_eq(strbuf_view(&out), all));
	}
}

static int gunzip(struct str packed, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	return read_all(stream_gunzip(stream_from_bytes(packed)), 4096, &out, err);
}

static void gzip_damage_is_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	struct err err = ERR_INIT;
	make_text(&text, 5000);
	sample_gzip(strbuf_view(&text), &packed);
	struct str whole = strbuf_view(&packed);
	/* Every cut is noticed, wherever it is. */
	for (size_t n = 1; n < whole.n; n++)
		if (gunzip(str_sub(whole, 0, n), &err) >= 0)
			fail_msg("cut after %zu of %zu bytes", n, whole.n);
	assert_true(str_contains(str_from(err_text(&err)), STR("ends in the middle")));
	/* A wrong checksum: the trailer begins eight bytes from the end. */
	packed.p[packed.n - 8] = (char)(packed.p[packed.n - 8] ^ 1);
	assert_true(gunzip(strbuf_view(&packed), &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("checksum")));
	packed.p[packed.n - 8] = (char)(packed.p[packed.n - 8] ^ 1);
	assert_int_equal(gunzip(strbuf_view(&packed), &err), 0);
}

static void gzip_padding_is_fine_and_junk_is_not(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	struct err err = ERR_INIT;
	sample_gzip(STR("content"), &packed);
	for (int i = 0; i < 700; i++)
		strbuf_add_char(&packed, '\0');
	assert_int_equal(gunzip(strbuf_view(&packed), &err), 0);
	strbuf_add_cstr(&packed, "junk");
	assert_true(gunzip(strbuf_view(&packed), &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("follow")));
}

static void zstd_frames_follow_each_other(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	struct err err = ERR_INIT;
	make_text(&text, 400000);
	struct str all = strbuf_view(&text);
	sample_zstd(str_sub(all, 0, 1000), &packed);
	/* A skippable frame of 5 bytes. */
	strbuf_add(&packed, "\x50\x2a\x4d\x18\x05\0\0\0hello", 13);
	sample_zstd(str_skip(all, 1000), &packed);
	assert_int_equal(
		read_all(stream_unzstd(stream_from_bytes(strbuf_view(&packed))), 4096, &out, &err),
		0);
	assert_true(str_eq(strbuf_view(&out), all));
	struct str cut = str_sub(strbuf_view(&packed), 0, packed.n - 3);
	assert_true(read_all(stream_unzstd(stream_from_bytes(cut)), 4096, &out, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("ends in the middle")));
}

static void limit_stops_a_bomb(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	struct err err = ERR_INIT;
	char *zeros = calloc(1, 2 << 20);
	assert_non_null(zeros);
	sample_gzip((struct str){ zeros, 2 << 20 }, &packed);
	free(zeros);
	struct stream *stream = stream_limit(
		stream_gunzip(stream_from_bytes(strbuf_view(&packed))), 1 << 20, "it inflates to");
	assert_true(read_all(stream, 65536, &out, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("more than the limit of 1048576")));
}

static void count(void *context, const void *bytes, size_t n)
{
	(void)bytes;
	*(size_t *)context += n;
}

static void failure_is_sticky_and_taps_see_all(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	size_t seen = 0;
	char byte;
	size_t got;
	struct stream *stream = stream_limit(
		stream_tap(stream_from_bytes(STR("abcdef")), count, &seen), 2, "it holds");
	assert_int_equal(stream_read(stream, &byte, 1, &got, &err), 0);
	assert_true(stream_drain(stream, &err) < 0);
	assert_int_equal(seen, 6);
	assert_true(stream_read(stream, &byte, 1, &got, &err) < 0);
	assert_int_equal(got, 0);
	stream_close(&stream);
	assert_null(stream);
}

static void prepend_gives_the_head_back(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf out = STRBUF(ROOM);
	struct err err = ERR_INIT;
	struct stream *source = stream_from_bytes(STR("tail"));
	assert_int_equal(
		read_all(stream_prepend(stream_borrow(source), STR("head ")), 3, &out, &err), 0);
	assert_string_equal(strbuf_cstr(&out), "head tail");
	stream_close(&source);
}

static void formats_are_told_apart(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	char old_tar[512];
	static const char zeros[512];
	sample_file(&tar, "BZh", "a name like a magic number");
	assert_int_equal(stream_sniff(strbuf_view(&tar)), STREAM_TAR);
	/* Without "ustar" the checksum decides. */
	AUTO_STRBUF struct strbuf plain = STRBUF(ROOM);
	sample_file(&plain, "x", "");
	memcpy(old_tar, plain.p, sizeof(old_tar));
	unsigned sum = 0;
	memset(old_tar + 257, 0, 8);
	memset(old_tar + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(old_tar); i++)
		sum += (unsigned char)old_tar[i];
	snprintf(old_tar + 148, 8, "%06o", sum);
	assert_int_equal(stream_sniff((struct str){ old_tar, 512 }), STREAM_TAR);
	old_tar[0] = 'y';
	assert_int_equal(stream_sniff((struct str){ old_tar, 512 }), STREAM_UNKNOWN);
	assert_int_equal(stream_sniff((struct str){ zeros, 512 }), STREAM_TAR);
	assert_int_equal(stream_sniff(STR("")), STREAM_EMPTY);
	assert_int_equal(stream_sniff(STR("\x1f\x8b\x08")), STREAM_GZIP);
	assert_int_equal(stream_sniff(STR("\x28\xb5\x2f\xfd")), STREAM_ZSTD);
	assert_int_equal(stream_sniff(STR(" \n{\"a\":1}")), STREAM_JSON);
	assert_int_equal(stream_sniff(STR("\xfd"
					  "7zXZ")),
		STREAM_XZ);
	assert_int_equal(stream_sniff(STR("1.0")), STREAM_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_members_follow_each_other),
		cmocka_unit_test(gzip_damage_is_told),
		cmocka_unit_test(gzip_padding_is_fine_and_junk_is_not),
		cmocka_unit_test(zstd_frames_follow_each_other),
		cmocka_unit_test(limit_stops_a_bomb),
		cmocka_unit_test(failure_is_sticky_and_taps_see_all),
		cmocka_unit_test(prepend_gives_the_head_back),
		cmocka_unit_test(formats_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
