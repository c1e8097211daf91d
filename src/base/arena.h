/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a named lifetime: everything allocated from an arena ends with it (request, job,
 * scan, query). Allocation never returns NULL: no memory aborts the process. The ceiling is soft:
 * passing it sets a sticky mark that loops over outside data test with arena_exceeded() and turn
 * into -E2BIG. Foreign resources hang on an arena with arena_defer(). Under AddressSanitizer each
 * allocation is its own malloc so that overruns are caught. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/check.h"
#include "base/str.h"

struct arena;

struct arena *arena_new(size_t ceiling); /* ceiling in bytes; 0: none */
void arena_free(struct arena **arena);	 /* runs the deferred calls, last first; nulls *arena */
void arena_reset(struct arena *arena);	 /* as free and new, keeps one block */
bool arena_exceeded(const struct arena *arena);
size_t arena_used(const struct arena *arena);

/* Zeroed memory, aligned for any type; n == 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *arena, size_t n) __attribute__((malloc, returns_nonnull));
/* count * size with overflow checked. */
void *arena_array(struct arena *arena, size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));
#define ARENA_NEW(arena, type)		((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))

struct str arena_str(
	struct arena *arena, struct str text);		/* copy, NUL behind it; null stays null */
char *arena_cstr(struct arena *arena, struct str text); /* NUL-terminated copy */
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* fn(pointer) runs when the arena is reset or freed, last registered first. */
void arena_defer(struct arena *arena, void (*fn)(void *), void *pointer);

/* Allocations (and deferred calls) made after a mark are given back by the rollback to it. */
struct arena_mark {
	void *block;
	size_t used;
	size_t total;
	void *defers;
	void *chunks;
};
struct arena_mark arena_mark(struct arena *arena);
void arena_rollback(struct arena *arena, struct arena_mark mark);

#endif
