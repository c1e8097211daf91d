/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares of clients (contract in clients.h): one map from client to counts under one lock, which is
 * held for a look-up and an addition. A client is forgotten when it holds nothing and its bucket of
 * requests is full again, which is the state an unknown client is in; so the map holds at most as
 * many clients as there are connections, and those of the last seconds.
 *
 * The rate is a token bucket: client_burst tokens, client_rate more each second.
 */
#include "http/clients.h"

#include "base/map.h"
#include "base/vec.h"
#include "os/thread.h"

#include <stdlib.h>

enum {
	RETRY_CONNECTION_S = 5,
	RETRY_SHARE_S = 1,
	SWEEP_CLIENTS = 1024,
	/* Connections above a limit that are there to be told: so many and an eighth. */
	OVER_MIN = 8,
	OVER_PART = 8,
};

struct client {
	struct http_address address;
	unsigned held[HTTP_SHARE_COUNT];
	double tokens;
	int64_t filled_us; /* when tokens was computed */
};

struct limit {
	unsigned all;
	unsigned one;
	const char *all_why;
	const char *one_why;
	unsigned retry_seconds;
};

struct http_clients {
	const struct clock *clock;
	struct limit limits[HTTP_SHARE_COUNT];
	unsigned rate; /* 0: none */
	unsigned burst;
	struct lock lock; /* guards all below */
	unsigned held[HTTP_SHARE_COUNT];
	struct map *map;
	size_t sweep_at;
};

struct http_clients *http_clients_new(const struct http_limits *limits, const struct clock *clock)
{
	struct http_clients *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->clock = clock;
	made->limits[HTTP_SHARE_CONNECTION] = (struct limit){ limits->connections,
		limits->client_connections, "the server has as many connections as it takes",
		"this client has as many connections as one client may have", RETRY_CONNECTION_S };
	made->limits[HTTP_SHARE_REQUEST] = (struct limit){ limits->requests,
		limits->client_requests, "the server works on as many requests as it takes at once",
		"the server works on as many requests of this client as one client may have",
		RETRY_SHARE_S };
	made->limits[HTTP_SHARE_UPLOAD] = (struct limit){ limits->uploads, limits->client_uploads,
		"the server receives as many uploads as it takes at once",
		"the server receives as many uploads of this client as one client may have",
		RETRY_SHARE_S };
	made->rate = limits->client_rate;
	made->burst = limits->client_burst > limits->client_rate ? limits->client_burst
								 : limits->client_rate;
	lock_init(&made->lock, LOCK_LEAF);
	made->map = map_new();
	made->sweep_at = SWEEP_CLIENTS;
	return made;
}

static void refill(const struct http_clients *clients, struct client *client)
{
	if (!clients->rate)
		return;
	int64_t now = clock_monotonic(clients->clock);
	client->tokens += (double)(now - client->filled_us) * clients->rate / 1e6;
	if (client->tokens > clients->burst)
		client->tokens = clients->burst;
	client->filled_us = now;
}

static bool forgettable(const struct http_clients *clients, struct client *client)
{
	for (unsigned share = 0; share < HTTP_SHARE_COUNT; share++)
		if (client->held[share])
			return false;
	refill(clients, client);
	return client->tokens >= clients->burst;
}

static struct str key_of(const struct http_address *address)
{
	return (struct str){ (const char *)address->bytes, sizeof(address->bytes) };
}

static void forget(struct http_clients *clients, struct client *client)
{
	CHECK(map_remove(clients->map, key_of(&client->address)) == client);
	free(client);
}

/* Clients that are only remembered for their rate. */
static void sweep(struct http_clients *clients)
{
	VEC(struct http_address) idle = { 0 };
	size_t cursor = 0;
	struct str key;
	void *value;
	while (map_next(clients->map, &cursor, &key, &value))
		if (forgettable(clients, value))
			VEC_PUSH(&idle, ((const struct client *)value)->address);
	for (size_t i = 0; i < idle.n; i++)
		free(map_remove(clients->map, key_of(&idle.items[i])));
	VEC_FREE(&idle);
	size_t left = map_count(clients->map);
	clients->sweep_at = left < SWEEP_CLIENTS / 2 ? SWEEP_CLIENTS : 2 * left;
}

static struct client *client_of(struct http_clients *clients, const struct http_address *address)
{
	struct http_address whole = http_address_client(address);
	struct client *client = map_get(clients->map, key_of(&whole));
	if (client)
		return client;
	if (map_count(clients->map) >= clients->sweep_at)
		sweep(clients);
	client = calloc(1, sizeof(*client));
	CHECK(client);
	client->address = whole;
	client->tokens = clients->burst;
	client->filled_us = clock_monotonic(clients->clock);
	map_put(clients->map, key_of(&whole), client);
	return client;
}

void http_clients_free(struct http_clients **clients)
{
	struct http_clients *ending = *clients;
	*clients = NULL;
	if (!ending)
		return;
	size_t cursor = 0;
	struct str key;
	void *value;
	while (map_next(ending->map, &cursor, &key, &value))
		free(value);
	map_free(&ending->map);
	lock_destroy(&ending->lock);
	free(ending);
}

static bool far_over(unsigned held, unsigned limit)
{
	return limit && held >= limit + OVER_MIN + limit / OVER_PART;
}

bool http_clients_welcome(
	struct http_clients *clients, const struct http_address *address, bool proxy)
{
	const struct limit *limit = &clients->limits[HTTP_SHARE_CONNECTION];
	lock_take(&clients->lock);
	bool welcome = !far_over(clients->held[HTTP_SHARE_CONNECTION], limit->all);
	if (welcome && !proxy) {
		struct http_address whole = http_address_client(address);
		const struct client *client = map_get(clients->map, key_of(&whole));
		welcome = !client || !far_over(client->held[HTTP_SHARE_CONNECTION], limit->one);
	}
	lock_release(&clients->lock);
	return welcome;
}

const char *http_clients_take(struct http_clients *clients, enum http_share share,
	const struct http_address *address, bool proxy, unsigned *retry_seconds)
{
	const struct limit *limit = &clients->limits[share];
	const char *why = NULL;
	lock_take(&clients->lock);
	struct client *client = proxy ? NULL : client_of(clients, address);
	if (limit->all && clients->held[share] >= limit->all)
		why = limit->all_why;
	else if (client && limit->one && client->held[share] >= limit->one)
		why = limit->one_why;
	if (!why || share == HTTP_SHARE_CONNECTION) {
		clients->held[share]++;
		if (client)
			client->held[share]++;
	} else if (client && forgettable(clients, client)) {
		forget(clients, client);
	}
	lock_release(&clients->lock);
	*retry_seconds = limit->retry_seconds;
	return why;
}

void http_clients_give(struct http_clients *clients, enum http_share share,
	const struct http_address *address, bool proxy)
{
	lock_take(&clients->lock);
	CHECK(clients->held[share]);
	clients->held[share]--;
	if (!proxy) {
		struct client *client = client_of(clients, address);
		CHECK(client->held[share]);
		client->held[share]--;
		if (forgettable(clients, client))
			forget(clients, client);
	}
	lock_release(&clients->lock);
}

const char *http_clients_rate(
	struct http_clients *clients, const struct http_address *address, unsigned *retry_seconds)
{
	if (!clients->rate)
		return NULL;
	const char *why = NULL;
	lock_take(&clients->lock);
	struct client *client = client_of(clients, address);
	refill(clients, client);
	if (client->tokens >= 1) {
		client->tokens -= 1;
	} else {
		why = "this client sends more requests than one client may";
		*retry_seconds = (unsigned)((1 - client->tokens) / clients->rate) + 1;
	}
	lock_release(&clients->lock);
	return why;
}

size_t http_clients_remembered(struct http_clients *clients)
{
	lock_take(&clients->lock);
	size_t count = map_count(clients->map);
	lock_release(&clients->lock);
	return count;
}
