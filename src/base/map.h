/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map from text to pointer. Keys are copied into the map, values are the caller's. Hashing is
 * keyed with a per-process random number, so outsiders cannot aim at collisions. Not thread-safe.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map;

struct map *map_new(void);
void map_free(struct map **map); /* values are not touched; nulls *map */
size_t map_count(const struct map *map);
void *map_get(const struct map *map, struct str key); /* NULL: absent */
void *map_put(
	struct map *map, struct str key, void *value); /* previous value or NULL; value != NULL */
void *map_remove(struct map *map, struct str key);     /* removed value or NULL */
/* Iteration in no particular order; *cursor starts at 0; false at the end. The map must not change.
 */
bool map_next(const struct map *map, size_t *cursor, struct str *key, void **value);

#endif
