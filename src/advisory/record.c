/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a record out of the JSON it was read from, so that the tree can be released at once, by
 * the thread that made it: handing trees from thread to thread costs more than copying what counts.
 */
#include "advisory/record.h"

#include <string.h>

static void keep(struct arena *arena, struct str *text)
{
	*text = arena_str(arena, *text);
}

static void keep_rating(struct arena *arena, struct rating *rating)
{
	keep(arena, &rating->source);
	keep(arena, &rating->cvss.vector);
}

/* A copy of n elements of a size; the elements still borrow. */
static void *keep_items(struct arena *arena, const void *items, size_t n, size_t size)
{
	void *copy = arena_array(arena, n, size);
	if (n)
		memcpy(copy, items, n * size);
	return copy;
}

#define KEEP_LIST(arena, list)                                                                     \
	((list).items = keep_items((arena), (list).items, (list).n, sizeof(*(list).items)))

void record_keep(struct arena *arena, struct record *record)
{
	keep(arena, &record->name);
	keep(arena, &record->title);
	keep(arena, &record->details);
	keep_rating(arena, &record->rating);
	KEEP_LIST(arena, record->links);
	for (size_t i = 0; i < record->links.n; i++)
		keep(arena, &record->links.items[i].target);
	KEEP_LIST(arena, record->affected);
	for (size_t i = 0; i < record->affected.n; i++) {
		struct record_affected *affected = &record->affected.items[i];
		keep(arena, &affected->ecosystem);
		keep(arena, &affected->package);
		keep(arena, &affected->ranges);
		keep_rating(arena, &affected->rating);
	}
	KEEP_LIST(arena, record->references);
	for (size_t i = 0; i < record->references.n; i++)
		keep(arena, &record->references.items[i]);
	KEEP_LIST(arena, record->weaknesses);
	for (size_t i = 0; i < record->weaknesses.n; i++)
		keep(arena, &record->weaknesses.items[i]);
}
