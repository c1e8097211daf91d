/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: zeroed and aligned memory, the soft ceiling, deferred calls, marks. */
#include "base/arena.h"
#include "base/vec.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void memory_is_zeroed_aligned_and_distinct(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	for (size_t n = 0; n < 300; n++) {
		char *a = arena_alloc(arena, n);
		char *b = arena_alloc(arena, n);
		assert_ptr_not_equal(a, b);
		assert_int_equal((uintptr_t)a % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(a[i], 0);
		memset(a, 'a', n);
		memset(b, 'b', n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(a[i], 'a');
	}
	arena_free(&arena);
	assert_null(arena);
}

static void large_allocations_work(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	char *big = arena_alloc(arena, (size_t)5 << 20);
	big[0] = big[((size_t)5 << 20) - 1] = 'x';
	assert_true(arena_used(arena) >= (size_t)5 << 20);
	arena_free(&arena);
}

static void ceiling_is_a_sticky_mark(void **state)
{
	(void)state;
	struct arena *arena = arena_new(1000);
	arena_alloc(arena, 400);
	assert_false(arena_exceeded(arena));
	assert_non_null(arena_alloc(arena, 4000));
	assert_true(arena_exceeded(arena));
	arena_alloc(arena, 1);
	assert_true(arena_exceeded(arena));
	arena_reset(arena);
	assert_false(arena_exceeded(arena));
	arena_free(&arena);
}

static char order[8];

static void note(void *letter)
{
	size_t n = strlen(order);
	order[n] = *(const char *)letter;
	order[n + 1] = '\0';
}

static void deferred_calls_run_last_first(void **state)
{
	(void)state;
	order[0] = '\0';
	char letters[] = "abc";
	struct arena *arena = arena_new(0);
	for (size_t i = 0; i < 3; i++)
		arena_defer(arena, note, &letters[i]);
	arena_free(&arena);
	assert_string_equal(order, "cba");
}

static void rollback_runs_later_defers_and_keeps_earlier_memory(void **state)
{
	(void)state;
	order[0] = '\0';
	char letters[] = "xy";
	struct arena *arena = arena_new(0);
	struct str kept = arena_str(arena, STR("kept"));
	arena_defer(arena, note, &letters[0]);
	struct arena_mark mark = arena_mark(arena);
	size_t used = arena_used(arena);
	for (int i = 0; i < 1000; i++)
		arena_alloc(arena, 500);
	arena_defer(arena, note, &letters[1]);
	arena_rollback(arena, mark);
	assert_string_equal(order, "y");
	assert_int_equal(arena_used(arena), used);
	assert_true(str_eq(kept, STR("kept")));
	char *again = arena_alloc(arena, 200);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(again[i], 0);
	arena_free(&arena);
	assert_string_equal(order, "yx");
}

static void text_copies_are_terminated(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct str copy = arena_str(arena, (struct str){ "abcdef", 3 });
	assert_int_equal(copy.n, 3);
	assert_string_equal(copy.p, "abc");
	assert_null(arena_str(arena, STR_NULL).p);
	assert_string_equal(arena_cstr(arena, STR("x")), "x");
	assert_string_equal(arena_printf(arena, "%d-%s", 7, "z").p, "7-z");
	arena_free(&arena);
}

static void arrays_grow_on_heap_and_in_arenas(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	VEC(int) heap = { 0 };
	VEC(int) inside = { 0 };
	for (int i = 0; i < 1000; i++) {
		VEC_PUSH(&heap, i);
		AVEC_PUSH(arena, &inside, i * 2);
	}
	assert_int_equal(heap.n, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(heap.items[i], i);
		assert_int_equal(inside.items[i], i * 2);
	}
	long sum = 0;
	VEC_EACH (&heap, int *item)
		sum += *item;
	assert_int_equal(sum, 499500);
	VEC_FREE(&heap);
	assert_null(heap.items);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_distinct),
		cmocka_unit_test(large_allocations_work),
		cmocka_unit_test(ceiling_is_a_sticky_mark),
		cmocka_unit_test(deferred_calls_run_last_first),
		cmocka_unit_test(rollback_runs_later_defers_and_keeps_earlier_memory),
		cmocka_unit_test(text_copies_are_terminated),
		cmocka_unit_test(arrays_grow_on_heap_and_in_arenas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
