/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker processes and the conversation with them. A worker gets one descriptor per request and
 * answers with inventories; it can open nothing itself. A worker that crashes, hangs past its
 * budget or breaks the protocol is killed and replaced, and costs exactly the request it was
 * working on: that request's result is LAYER_FAILED with a reason, not an error of this function.
 * Any thread; the requests block until a worker is free and done.
 */
#ifndef SCAN_WORKER_POOL_H
#define SCAN_WORKER_POOL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "inventory/layer.h"
#include "inventory/protocol.h"

struct worker_pool;

struct worker_budget {
	uint64_t inflated_bytes; /* of one layer */
	uint64_t entries;
	uint64_t database_bytes; /* one package database file */
	uint64_t file_bytes;	 /* one executable or Java archive */
	uint64_t nested_bytes;	 /* unpacked from archives inside files of a layer */
	uint64_t nested_entries; /* their members */
	uint64_t nested_depth;	 /* archives inside archives */
	uint64_t memory_bytes;	 /* of the worker; not applied in sanitizer builds */
	unsigned wall_seconds;	 /* per request */
	unsigned cpu_seconds;	 /* per request */
};
struct worker_budget worker_budget_default(void); /* from base/limits.h */

struct worker_settings {
	const char *program;	      /* path of lazaret-worker; NULL: beside the running program */
	unsigned count;		      /* workers; 0: one per processor */
	unsigned followers;	      /* more workers, only for worker_follow_layer() */
	unsigned requests_per_worker; /* restarted after so many; 0: default */
	struct worker_budget budget;
};

int worker_pool_start(const struct worker_settings *settings, struct worker_pool **pool,
	struct err *err) MUST_CHECK;
/*
 * For a stop: kills busy workers and makes running and later requests end at once (LAYER_FAILED or
 * -ECANCELED, whose result is not worth keeping); the pool stays valid until worker_pool_stop().
 * Any thread. scan_stop() calls it so that it need not wait for a long layer.
 */
void worker_pool_interrupt(struct worker_pool *pool);
void worker_pool_stop(struct worker_pool **pool); /* kills busy workers; nulls *pool */
/* Words about what the sandbox of a worker has here: "seccomp, landlock 4, rlimits" (asked of the
 * first worker). */
struct str worker_pool_sandbox(struct worker_pool *pool);

/*
 * One layer as stored (tar, tar+gzip, tar+zstd), read from fd at offset 0 (not closed). name is for
 * words only. The result is in arena. < 0 only when no worker can be started at all.
 */
int worker_analyze_layer(struct worker_pool *pool, int fd, struct arena *arena, struct str name,
	struct layer_inventory *inventory, struct err *err) MUST_CHECK;

/*
 * The same for a layer that is still being received: the worker reads what is there and asks feed
 * for more, which blocks until there is more than have bytes (or no reason to wait for it). That
 * time counts against no budget. WORKER_GROWN ends it; after WORKER_GIVEN_UP the result says
 * nothing. Workers that follow are apart from the others, so that a slow client takes none from a
 * layer that is there.
 */
struct worker_feed {
	void *context;
	struct worker_growth (*more)(void *context, uint64_t have);
};
int worker_follow_layer(struct worker_pool *pool, int fd, const struct worker_feed *feed,
	struct arena *arena, struct str name, struct layer_inventory *inventory,
	struct err *err) MUST_CHECK;

/*
 * A whole archive (docker save, oci archive; plain or gzip or zstd) in one pass, also from a pipe:
 * every entry that is itself a tar is analyzed as a layer, small JSON entries are returned as they
 * are, links are returned as links. For `lazaret scan`.
 */
struct archive_entry {
	struct str path;
	struct str link; /* target of a symbolic or hard link; else empty */
	struct str json; /* content of a JSON document up to LIMIT_MANIFEST_BYTES; else empty */
	const struct layer_inventory *layer; /* when it is a tar; digest is set */
};
struct archive_contents {
	VEC(struct archive_entry) entries;
	enum layer_state state; /* of the outer archive */
	struct str reason;
};
int worker_analyze_archive(struct worker_pool *pool, int fd, struct arena *arena, struct str name,
	struct archive_contents *contents, struct err *err) MUST_CHECK;

#endif
