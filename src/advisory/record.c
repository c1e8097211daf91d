/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a record out of the JSON it was read from, so that the tree can be released at once, by
 * the thread that made it: handing trees from thread to thread costs more than copying what counts.
 */
#include "advisory/record.h"

static void keep(struct arena *arena, struct str *text)
{
	*text = arena_str(arena, *text);
}

static void keep_rating(struct arena *arena, struct rating *rating)
{
	keep(arena, &rating->source);
	keep(arena, &rating->cvss.vector);
}

/* A copy of an array; the arena's array, with elements still borrowed. */
#define KEEP_LIST(arena, list, type)                                                               \
	do {                                                                                       \
		type *copy_ = ARENA_ARRAY(arena, (list).n, type);                                  \
		for (size_t i_ = 0; i_ < (list).n; i_++)                                           \
			copy_[i_] = (list).items[i_];                                              \
		(list).items = copy_;                                                              \
	} while (0)

void record_keep(struct arena *arena, struct record *record)
{
	keep(arena, &record->name);
	keep(arena, &record->title);
	keep(arena, &record->details);
	keep_rating(arena, &record->rating);
	KEEP_LIST(arena, record->links, struct record_link);
	for (size_t i = 0; i < record->links.n; i++)
		keep(arena, &record->links.items[i].target);
	KEEP_LIST(arena, record->affected, struct record_affected);
	for (size_t i = 0; i < record->affected.n; i++) {
		struct record_affected *affected = &record->affected.items[i];
		keep(arena, &affected->ecosystem);
		keep(arena, &affected->package);
		keep(arena, &affected->ranges);
		keep_rating(arena, &affected->rating);
	}
	KEEP_LIST(arena, record->references, struct str);
	for (size_t i = 0; i < record->references.n; i++)
		keep(arena, &record->references.items[i]);
	KEEP_LIST(arena, record->weaknesses, struct str);
	for (size_t i = 0; i < record->weaknesses.n; i++)
		keep(arena, &record->weaknesses.items[i]);
}
