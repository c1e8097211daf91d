/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocation in a chain of blocks, newest first (contract in arena.h). Large requests get a
 * block of their own size. Two builds of one interface: blocks normally, one malloc per call under
 * AddressSanitizer (list "chunks"), so that a byte past an allocation is seen. Invariant: the
 * defer list only holds records allocated from the arena itself, so a rollback drops both in order.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_EMULATED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_EMULATED 1
#endif
#endif
#ifndef ARENA_EMULATED
#define ARENA_EMULATED 0
#endif

enum { FIRST_BLOCK = 16 * 1024, BLOCK_MAX = 1024 * 1024, ALIGNMENT = 16 };

struct block {
	struct block *older;
	size_t capacity;
	size_t used;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

struct chunk {
	struct chunk *older;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

struct defer {
	struct defer *older;
	void (*fn)(void *);
	void *pointer;
};

struct arena {
	struct block *newest;
	struct chunk *chunks;
	struct defer *defers;
	size_t total;
	size_t ceiling;
	bool exceeded;
};

struct arena *arena_new(size_t ceiling)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	CHECK(arena);
	arena->ceiling = ceiling;
	return arena;
}

static void run_defers(struct arena *arena, struct defer *until)
{
	while (arena->defers != until) {
		struct defer *defer = arena->defers;
		arena->defers = defer->older;
		defer->fn(defer->pointer);
	}
}

static void drop_chunks(struct arena *arena, struct chunk *until)
{
	while (arena->chunks != until) {
		struct chunk *chunk = arena->chunks;
		arena->chunks = chunk->older;
		free(chunk);
	}
}

static void drop_blocks(struct arena *arena, struct block *until)
{
	while (arena->newest != until) {
		struct block *block = arena->newest;
		arena->newest = block->older;
		free(block);
	}
}

void arena_free(struct arena **arena)
{
	if (!*arena)
		return;
	run_defers(*arena, NULL);
	drop_chunks(*arena, NULL);
	drop_blocks(*arena, NULL);
	free(*arena);
	*arena = NULL;
}

void arena_reset(struct arena *arena)
{
	run_defers(arena, NULL);
	drop_chunks(arena, NULL);
	struct block *kept = arena->newest;
	if (kept) {
		arena->newest = kept->older;
		drop_blocks(arena, NULL);
		kept->older = NULL;
		kept->used = 0;
		arena->newest = kept;
	}
	arena->total = 0;
	arena->exceeded = false;
}

bool arena_exceeded(const struct arena *arena)
{
	return arena->exceeded;
}

size_t arena_used(const struct arena *arena)
{
	return arena->total;
}

static void *alloc_chunk(struct arena *arena, size_t n)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk) + n);
	CHECK(chunk);
	chunk->older = arena->chunks;
	arena->chunks = chunk;
	return chunk->bytes;
}

static void *alloc_bump(struct arena *arena, size_t n)
{
	size_t rounded = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct block *block = arena->newest;
	if (!block || rounded > block->capacity - block->used) {
		size_t capacity = block ? block->capacity * 2 : FIRST_BLOCK;
		if (capacity > BLOCK_MAX)
			capacity = BLOCK_MAX;
		if (capacity < rounded)
			capacity = rounded;
		block = malloc(sizeof(*block) + capacity);
		CHECK(block);
		*block = (struct block){ .older = arena->newest, .capacity = capacity };
		arena->newest = block;
	}
	void *at = block->bytes + block->used;
	block->used += rounded;
	memset(at, 0, n);
	return at;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	CHECK(n < (size_t)1 << 40);
	if (n == 0)
		n = 1;
	arena->total += n;
	if (arena->ceiling && arena->total > arena->ceiling)
		arena->exceeded = true;
	return ARENA_EMULATED ? alloc_chunk(arena, n) : alloc_bump(arena, n);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t n;
	CHECK(!__builtin_mul_overflow(count, size, &n));
	return arena_alloc(arena, n);
}

char *arena_cstr(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.n + 1);
	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

struct str arena_str(struct arena *arena, struct str text)
{
	return text.p ? (struct str){ arena_cstr(arena, text), text.n } : STR_NULL;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	CHECK(n >= 0);
	char *text = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return (struct str){ text, (size_t)n };
}

void arena_defer(struct arena *arena, void (*fn)(void *), void *pointer)
{
	struct defer *defer = ARENA_NEW(arena, struct defer);
	*defer = (struct defer){ arena->defers, fn, pointer };
	arena->defers = defer;
}

struct arena_mark arena_mark(struct arena *arena)
{
	return (struct arena_mark){
		.block = arena->newest,
		.used = arena->newest ? arena->newest->used : 0,
		.total = arena->total,
		.defers = arena->defers,
		.chunks = arena->chunks,
	};
}

void arena_rollback(struct arena *arena, struct arena_mark mark)
{
	run_defers(arena, mark.defers);
	drop_chunks(arena, mark.chunks);
	drop_blocks(arena, mark.block);
	if (arena->newest)
		arena->newest->used = mark.used;
	arena->total = mark.total;
}
