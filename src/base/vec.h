/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growing arrays. VEC(T) is a struct {items, n, capacity}, zero-initialised. Two ways to
 * grow, not to be mixed on one array: VEC_PUSH (heap, ends with VEC_FREE) and AVEC_PUSH (from an
 * arena, ends with it; the old storage stays in the arena until then). One thread at a time.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t n;                                                                          \
		size_t capacity;                                                                   \
	}

#define VEC_PUSH(v, ...)                                                                           \
	do {                                                                                       \
		if ((v)->n == (v)->capacity)                                                       \
			(v)->items = vec_grow((v)->items, &(v)->capacity, sizeof(*(v)->items));    \
		(v)->items[(v)->n++] = (__VA_ARGS__);                                              \
	} while (0)

#define AVEC_PUSH(arena, v, ...)                                                                   \
	do {                                                                                       \
		if ((v)->n == (v)->capacity)                                                       \
			(v)->items = vec_grow_arena(                                               \
				(arena), (v)->items, (v)->n, &(v)->capacity, sizeof(*(v)->items)); \
		(v)->items[(v)->n++] = (__VA_ARGS__);                                              \
	} while (0)

#define VEC_FREE(v)                                                                                \
	do {                                                                                       \
		free((v)->items);                                                                  \
		(v)->items = NULL;                                                                 \
		(v)->n = (v)->capacity = 0;                                                        \
	} while (0)

/* VEC_EACH(&v, T *item) { ... } */
#define VEC_EACH(v, declaration)                                                                   \
	for (size_t i_ = 0, once_ = 0; i_ < (v)->n; i_++, once_ = 0)                               \
		for (declaration = &(v)->items[i_]; !once_; once_ = 1)

static inline void *vec_grow(void *items, size_t *capacity, size_t size)
{
	size_t grown = *capacity ? *capacity * 2 : 8;
	size_t bytes;
	CHECK(!__builtin_mul_overflow(grown, size, &bytes));
	items = realloc(items, bytes);
	CHECK(items);
	*capacity = grown;
	return items;
}

static inline void *vec_grow_arena(
	struct arena *arena, const void *items, size_t n, size_t *capacity, size_t size)
{
	size_t grown = *capacity ? *capacity * 2 : 8;
	void *moved = arena_array(arena, grown, size);
	if (n)
		memcpy(moved, items, n * size);
	*capacity = grown;
	return moved;
}

#endif
