/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer: is its inventory known, else open the blob, give the descriptor to a worker, store
 * what comes back. What the worker says about a layer (not a layer, damaged, over a budget, worker
 * lost) is a result and is stored; only our own troubles (no worker, no disk, no database) are
 * errors.
 *
 * Two bytes are read here to keep configurations away from the workers: nearly every second small
 * blob is a JSON document. Reading two bytes is not parsing.
 */
#include "scan/internal.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "os/file.h"

/* A failed layer is not tried again sooner than this, however often it is pushed. */
static const int64_t retry_after_us = (int64_t)60 * 1000 * 1000;
static const size_t failed_max = 1024;

/* --- memory of this process */

static void memory_clear_locked(struct scan_memory *memory)
{
	size_t cursor = 0;
	struct str key;
	void *value;
	while (map_next(memory->failed, &cursor, &key, &value))
		free(value);
	map_free(&memory->failed);
	memory->failed = map_new();
}

static void memory_failed(struct scan_coordinator *scan, struct str digest)
{
	int64_t *at = malloc(sizeof(*at));
	CHECK(at);
	*at = clock_monotonic(scan->settings.clock);
	lock_take(&scan->memory.lock);
	if (map_count(scan->memory.failed) >= failed_max)
		memory_clear_locked(&scan->memory);
	free(map_put(scan->memory.failed, digest, at));
	lock_release(&scan->memory.lock);
}

bool scan_layer_may_retry(struct scan_coordinator *scan, struct str digest)
{
	int64_t now = clock_monotonic(scan->settings.clock);
	lock_take(&scan->memory.lock);
	const int64_t *at = map_get(scan->memory.failed, digest);
	bool may = !at || now - *at >= retry_after_us;
	lock_release(&scan->memory.lock);
	return may;
}

static void memory_analyzers(struct scan_coordinator *scan, struct str analyzers)
{
	lock_take(&scan->memory.lock);
	if (analyzers.n < sizeof(scan->memory.analyzers)) {
		memcpy(scan->memory.analyzers, analyzers.p, analyzers.n);
		scan->memory.analyzers[analyzers.n] = '\0';
	}
	lock_release(&scan->memory.lock);
}

/* Until a worker has answered in this process, every stored inventory counts. */
static bool is_current(struct scan_coordinator *scan, const struct layer_inventory *inventory)
{
	if (inventory->state != LAYER_OK)
		return true;
	lock_take(&scan->memory.lock);
	struct str newest = str_from(scan->memory.analyzers);
	bool current = !newest.n || str_eq(newest, inventory->analyzers);
	lock_release(&scan->memory.lock);
	return current;
}

/* --- the store */

struct layer_call {
	struct str digest;
	struct arena *arena;
	struct str wire;
	int64_t now_us;
};

static int find_wire(struct db_conn *c, void *argument, struct err *err)
{
	struct layer_call *call = argument;
	return store_layer_find(c, call->arena, call->digest, &call->wire, err);
}

/* STORE_ABSENT: the blob was collected while it was read; its inventory would stay for good. */
static int put_wire(struct db_conn *c, void *argument, struct err *err)
{
	const struct layer_call *call = argument;
	uint64_t size;
	int rc = store_blob_size(c, call->digest, &size, err);
	if (rc)
		return rc;
	return store_layer_put(c, call->digest, call->wire, call->now_us, err);
}

static int delete_wire(struct db_conn *c, void *argument, struct err *err)
{
	const struct layer_call *call = argument;
	return store_layer_delete(c, call->digest, err);
}

int scan_layer_find(struct scan_coordinator *scan, struct arena *arena, struct str digest,
	struct scan_layer_found *found, struct err *err)
{
	/* The wire text is often larger than what it says: it goes when it has been read. */
	struct arena *wire_arena = arena_new(0);
	struct layer_call call = { .digest = digest, .arena = wire_arena };
	*found = (struct scan_layer_found){ 0 };
	int rc = store_read(scan->settings.store, find_wire, &call, err);
	if (rc == 0) {
		/* What cannot be read (an older form) is as good as absent. */
		struct err unreadable = ERR_INIT;
		found->stored = layer_inventory_decode(
					arena, call.wire, &found->inventory, &unreadable) == 0 &&
				is_current(scan, &found->inventory);
	} else if (rc == STORE_ABSENT) {
		rc = 0;
	} else {
		rc = err_wrap(err, rc, "reading the inventory of layer " STR_FMT, STR_ARG(digest));
	}
	arena_free(&wire_arena);
	return rc;
}

int scan_layer_forget(struct scan_coordinator *scan, struct str digest, struct err *err)
{
	struct layer_call call = { .digest = digest };
	int rc = store_write(scan->settings.store, delete_wire, &call, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int store_inventory(struct scan_coordinator *scan, struct str digest,
	const struct layer_inventory *inventory, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_INVENTORY_BYTES);
	layer_inventory_encode(inventory, &text);
	if (strbuf_failed(&text)) {
		const struct layer_inventory too_large = {
			.state = LAYER_FAILED,
			.reason =
				STR("its package lists are larger than the budget of an inventory"),
			.digest = digest,
		};
		strbuf_clear(&text);
		layer_inventory_encode(&too_large, &text);
	}
	struct layer_call call = {
		.digest = digest,
		.wire = strbuf_view(&text),
		.now_us = clock_wall(scan->settings.clock),
	};
	int rc = store_write(scan->settings.store, put_wire, &call, err);
	return rc < 0 ? err_wrap(
				err, rc, "storing the inventory of layer " STR_FMT, STR_ARG(digest))
		      : 0;
}

/* --- the work */

static bool starts_like_json(int fd)
{
	char bytes[2];
	size_t got = 0;
	struct err ignored = ERR_INIT;
	if (file_read_at(fd, bytes, sizeof(bytes), 0, &got, &ignored) < 0)
		return false;
	return got > 0 && bytes[0] == '{';
}

static void log_layer(struct str digest, const struct layer_inventory *inventory,
	const struct scan_layer_read *how)
{
	unsigned result = inventory->state == LAYER_OK		  ? 0
			  : inventory->state == LAYER_NOT_A_LAYER ? 1
								  : 2;
	metric_add(M_LAYER_SCANS, 0, result, 1);
	metric_observe(M_LAYER_SECONDS, 0, 0, how->us);
	if (inventory->state == LAYER_OK)
		log_event(EV_LAYER_SCANNED, F_STR("digest", digest),
			F_U64("packages", inventory->packages.n),
			F_U64("bytes", inventory->inflated_bytes),
			F_CSTR("while", how->followed ? "uploaded" : "stored"),
			F_MS("ms", how->us));
	else if (inventory->state == LAYER_FAILED)
		log_event(EV_LAYER_FAILED, F_STR("digest", digest),
			F_STR("reason", inventory->reason),
			F_CSTR("while", how->followed ? "uploaded" : "stored"),
			F_MS("ms", how->us));
}

/* The worker's word on what it read, held against what the registry knows about the blob. */
static void check_digest(struct str digest, struct layer_inventory *inventory)
{
	if (inventory->digest.n && str_starts(digest, STR("sha256:")) &&
		!str_eq(inventory->digest, digest))
		*inventory = (struct layer_inventory){
			.state = LAYER_FAILED,
			.reason = STR("the stored bytes do not have the digest of the layer"),
		};
	inventory->digest = digest;
}

/* A layer whose inventory is known has nothing to lose by a worker that was lost. */
static bool is_known(struct scan_coordinator *scan, struct arena *arena, struct str digest)
{
	struct scan_layer_found found;
	struct err ignored = ERR_INIT;
	return scan_layer_find(scan, arena, digest, &found, &ignored) == 0 && found.stored &&
	       found.inventory.state == LAYER_OK;
}

int scan_layer_keep(struct scan_coordinator *scan, struct arena *arena, struct str digest,
	struct layer_inventory *inventory, const struct scan_layer_read *how, struct err *err)
{
	/* What a worker says while the server stops may be the stop's own doing. */
	if (atomic_load(&scan->stopping))
		return err_set(err, ECANCELED, "the server is stopping");
	check_digest(digest, inventory);
	if (inventory->state == LAYER_OK)
		memory_analyzers(scan, inventory->analyzers);
	else if (is_known(scan, arena, digest))
		return 0;
	else if (inventory->state == LAYER_FAILED)
		memory_failed(scan, digest);
	log_layer(digest, inventory, how);
	return store_inventory(scan, digest, inventory, err);
}

static int analyze(struct scan_coordinator *scan, struct arena *arena, struct str digest, int fd,
	struct err *err)
{
	struct layer_inventory inventory = { 0 };
	int64_t start = clock_monotonic(scan->settings.clock);
	if (starts_like_json(fd)) {
		inventory.state = LAYER_NOT_A_LAYER;
		inventory.reason = STR("it is a JSON document, not an archive");
	} else {
		int rc = worker_analyze_layer(
			scan->settings.workers, fd, arena, digest, &inventory, err);
		if (rc < 0)
			return err_wrap(err, rc, "analyzing layer " STR_FMT, STR_ARG(digest));
	}
	const struct scan_layer_read how = {
		.us = clock_monotonic(scan->settings.clock) - start,
	};
	return scan_layer_keep(scan, arena, digest, &inventory, &how, err);
}

static int scan_layer_in(struct scan_coordinator *scan, struct arena *arena, struct str digest,
	bool wanted, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	struct scan_layer_found found;
	int rc = scan_layer_find(scan, arena, digest, &found, err);
	if (rc < 0)
		return err_trace(err, rc);
	bool retry = !wanted && found.stored && found.inventory.state == LAYER_FAILED &&
		     scan_layer_may_retry(scan, digest);
	if (found.stored && !retry)
		return 0;
	rc = blob_open(scan->settings.blobs, digest, &fd, &size, err);
	if (rc < 0)
		return err_wrap(err, rc, "opening layer " STR_FMT, STR_ARG(digest));
	if (rc == BLOB_ABSENT)
		return wanted ? err_set(err, ENOENT, "layer " STR_FMT " is not stored",
					STR_ARG(digest))
			      : 0;
	if (!wanted && (size < 2 || starts_like_json(fd)))
		return 0;
	return analyze(scan, arena, digest, fd, err);
}

int scan_layer(struct scan_coordinator *scan, struct str digest, bool wanted, struct err *err)
{
	struct arena *arena = arena_new(0);
	int rc = scan_layer_in(scan, arena, digest, wanted, err);
	arena_free(&arena);
	return rc;
}
