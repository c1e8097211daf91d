/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing and backward-shift deletion, load factor at most 3/4
 * (contract in map.h). The seed comes from getrandom() once per process.
 */
#include "base/map.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct slot {
	char *key; /* NULL: free */
	size_t key_length;
	uint64_t hash;
	void *value;
};

struct map {
	struct slot *slots;
	size_t capacity; /* power of two */
	size_t count;
};

static uint64_t seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	CHECK(getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed));
}

static uint64_t hash_of(struct str key)
{
	uint64_t hash = seed ^ (key.n * 0x9e3779b97f4a7c15u);
	for (size_t i = 0; i < key.n; i++) {
		hash = (hash ^ (unsigned char)key.p[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	hash ^= hash >> 32;
	return hash;
}

static struct slot *new_slots(size_t capacity)
{
	struct slot *slots = calloc(capacity, sizeof(*slots));
	CHECK(slots);
	return slots;
}

struct map *map_new(void)
{
	pthread_once(&seed_once, make_seed);
	struct map *map = calloc(1, sizeof(*map));
	CHECK(map);
	map->capacity = 16;
	map->slots = new_slots(map->capacity);
	return map;
}

void map_free(struct map **map)
{
	if (!*map)
		return;
	for (size_t i = 0; i < (*map)->capacity; i++)
		free((*map)->slots[i].key);
	free((*map)->slots);
	free(*map);
	*map = NULL;
}

size_t map_count(const struct map *map)
{
	return map->count;
}

static struct slot *find(const struct map *map, struct str key, uint64_t hash)
{
	size_t mask = map->capacity - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &map->slots[i];
		if (!slot->key)
			return slot;
		if (slot->hash == hash && slot->key_length == key.n &&
			(key.n == 0 || memcmp(slot->key, key.p, key.n) == 0))
			return slot;
	}
}

void *map_get(const struct map *map, struct str key)
{
	struct slot *slot = find(map, key, hash_of(key));
	return slot->key ? slot->value : NULL;
}

static void grow(struct map *map)
{
	struct slot *old = map->slots;
	size_t old_capacity = map->capacity;
	map->capacity *= 2;
	map->slots = new_slots(map->capacity);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].key)
			*find(map, (struct str){ old[i].key, old[i].key_length }, old[i].hash) =
				old[i];
	free(old);
}

void *map_put(struct map *map, struct str key, void *value)
{
	CHECK(value);
	if ((map->count + 1) * 4 > map->capacity * 3)
		grow(map);
	uint64_t hash = hash_of(key);
	struct slot *slot = find(map, key, hash);
	if (slot->key) {
		void *previous = slot->value;
		slot->value = value;
		return previous;
	}
	slot->key = malloc(key.n + 1);
	CHECK(slot->key);
	if (key.n)
		memcpy(slot->key, key.p, key.n);
	slot->key[key.n] = '\0';
	slot->key_length = key.n;
	slot->hash = hash;
	slot->value = value;
	map->count++;
	return NULL;
}

void *map_remove(struct map *map, struct str key)
{
	struct slot *slot = find(map, key, hash_of(key));
	if (!slot->key)
		return NULL;
	void *value = slot->value;
	free(slot->key);
	slot->key = NULL;
	map->count--;
	size_t mask = map->capacity - 1;
	size_t hole = (size_t)(slot - map->slots);
	for (size_t i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			map->slots[i].key = NULL;
			hole = i;
		}
	}
	return value;
}

bool map_next(const struct map *map, size_t *cursor, struct str *key, void **value)
{
	for (; *cursor < map->capacity; (*cursor)++) {
		const struct slot *slot = &map->slots[*cursor];
		if (!slot->key)
			continue;
		*key = (struct str){ slot->key, slot->key_length };
		*value = slot->value;
		(*cursor)++;
		return true;
	}
	return false;
}
