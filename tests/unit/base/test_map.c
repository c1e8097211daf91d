/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map against a plain array as the model, over many puts, removals and look-ups. */
#include "base/arena.h"
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { KEYS = 5000 };

static void behaves_like_its_model(void **state)
{
	(void)state;
	static int values[KEYS];
	static void *model[KEYS];
	struct arena *arena = arena_new(0);
	struct map *map = map_new();
	size_t count = 0;
	uint32_t random = 1;
	for (int step = 0; step < 60000; step++) {
		random = random * 1664525u + 1013904223u;
		size_t i = (random >> 8) % KEYS;
		struct arena_mark mark = arena_mark(arena);
		struct str key = arena_printf(arena, "key %zu", i);
		if (random >> 31) {
			assert_ptr_equal(map_put(map, key, &values[i]), model[i]);
			count += model[i] == NULL;
			model[i] = &values[i];
		} else {
			assert_ptr_equal(map_remove(map, key), model[i]);
			count -= model[i] != NULL;
			model[i] = NULL;
		}
		assert_ptr_equal(map_get(map, key), model[i]);
		assert_int_equal(map_count(map), count);
		arena_rollback(arena, mark);
	}
	size_t cursor = 0, seen = 0;
	struct str key;
	void *value;
	while (map_next(map, &cursor, &key, &value)) {
		assert_ptr_equal(map_get(map, key), value);
		seen++;
	}
	assert_int_equal(seen, count);
	map_free(&map);
	arena_free(&arena);
	assert_null(map);
}

static void keys_are_copied_and_may_hold_anything(void **state)
{
	(void)state;
	int value = 1, empty = 2;
	char key[] = { 'a', '\0', 'b' };
	struct map *map = map_new();
	assert_null(map_put(map, (struct str){ key, 3 }, &value));
	assert_null(map_put(map, STR(""), &empty));
	key[0] = 'z';
	assert_null(map_get(map, (struct str){ key, 3 }));
	key[0] = 'a';
	assert_ptr_equal(map_get(map, (struct str){ key, 3 }), &value);
	assert_null(map_get(map, (struct str){ key, 1 }));
	assert_ptr_equal(map_get(map, STR("")), &empty);
	map_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_its_model),
		cmocka_unit_test(keys_are_copied_and_may_hold_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
