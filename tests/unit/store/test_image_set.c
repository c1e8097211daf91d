/* SPDX-License-Identifier: Apache-2.0 */
/* Image package sets: whatever goes in comes out in order, and nothing but the writer's bytes is
 * read. */
#include "store/image_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { BYTES_MAX = 1 << 20, ROUNDS = 500, ENTRIES_MAX = 60 };

/* A small generator with a fixed seed: failures repeat. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct store_set_entry random_entry(uint64_t *random)
{
	static const struct str paths[] = { STR_INIT(""), STR_INIT("var/lib/dpkg/status"),
		STR_INIT("lib/apk/db/installed"), STR_INIT("x") };
	struct store_set_entry entry = {
		.package = (int64_t)(next_random(random) >> (1 + next_random(random) % 62)),
		.first_layer = (uint32_t)(next_random(random) >> (32 + next_random(random) % 32)),
		.evidence_layer = (uint32_t)(next_random(random) % 130),
		.evidence = paths[next_random(random) % 4],
		.suppressed = next_random(random) % 9 ? STR("") : STR("because"),
	};
	entry.package += entry.package < INT64_MAX;
	return entry;
}

static void sets_survive_the_round_trip(void **state)
{
	(void)state;
	uint64_t random = 0x9e3779b97f4a7c15;
	for (int round = 0; round < ROUNDS; round++) {
		struct arena *arena = arena_new(0);
		struct store_set_entry entries[ENTRIES_MAX];
		size_t count = next_random(&random) % ENTRIES_MAX;
		for (size_t i = 0; i < count; i++)
			entries[i] = random_entry(&random);
		AUTO_STRBUF struct strbuf bytes = STRBUF(BYTES_MAX);
		AUTO_STRBUF struct strbuf again = STRBUF(BYTES_MAX);
		image_set_encode(entries, count, &bytes);
		struct store_set_entry *decoded;
		size_t decoded_count;
		assert_int_equal(image_set_decode(arena, strbuf_view(&bytes), &decoded,
					 &decoded_count, NULL),
			0);
		assert_int_equal(decoded_count, count);
		for (size_t i = 0; i < count; i++) {
			bool found = false;
			for (size_t j = 0; j < count && !found; j++)
				found = entries[j].package == decoded[i].package &&
					entries[j].first_layer == decoded[i].first_layer &&
					entries[j].evidence_layer == decoded[i].evidence_layer &&
					str_eq(entries[j].evidence, decoded[i].evidence) &&
					str_eq(entries[j].suppressed, decoded[i].suppressed);
			assert_true(found);
			assert_true(i == 0 || decoded[i - 1].package <= decoded[i].package);
		}
		image_set_encode(decoded, decoded_count, &again);
		assert_true(str_eq(strbuf_view(&bytes), strbuf_view(&again)));
		arena_free(&arena);
	}
}

static void typical_sets_are_small(void **state)
{
	(void)state;
	struct store_set_entry entries[ENTRIES_MAX];
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		entries[i] = (struct store_set_entry){ .package = 1000 + 3 * (int64_t)i,
			.evidence = STR("var/lib/dpkg/status") };
	AUTO_STRBUF struct strbuf bytes = STRBUF(BYTES_MAX);
	image_set_encode(entries, ENTRIES_MAX, &bytes);
	assert_true(bytes.n < 30 + 4 * ENTRIES_MAX);
}

static void damage_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		int result;
	} rows[] = {
		{ "\1\0\0", 3, 0 },				 /* the empty set */
		{ "", 0, -EPROTO }, { "\2\0\0", 3, -EPROTO },	 /* version */
		{ "\1\0\0\0", 4, -EPROTO },			 /* more behind it */
		{ "\1\0", 2, -EPROTO },				 /* cut */
		{ "\1\1\1p\1\1\0\0\0", 9, 0 },			 /* one entry */
		{ "\1\1\1p\0", 5, -EPROTO },			 /* path unused */
		{ "\1\1\1p\1\1\0\0\1", 9, -EPROTO },		 /* path index */
		{ "\1\1\1p\1\0\0\0\0", 9, -EPROTO },		 /* package 0 */
		{ "\1\1\1p\1\x81\0\0\0\0", 10, -EPROTO },	 /* number not shortest */
		{ "\1\2\1p\1p\2\1\0\0\0\1\0\0\1", 15, -EPROTO }, /* path twice */
		{ "\1\1\1p\2\1\1\0\0\0\0\0\0", 13, -EPROTO },	 /* order */
		{ "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11, -EPROTO },   /* count */
		{ "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, -EPROTO }, /* overflow */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(0);
		struct store_set_entry *entries;
		size_t count;
		int rc = image_set_decode(
			arena, (struct str){ rows[i].bytes, rows[i].n }, &entries, &count, NULL);
		if (rc != rows[i].result)
			fail_msg("row %zu: %d", i, rc);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_survive_the_round_trip),
		cmocka_unit_test(typical_sets_are_small),
		cmocka_unit_test(damage_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
