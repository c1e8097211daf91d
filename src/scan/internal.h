/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the coordinator share: its state, and the two kinds of work. Only files of this
 * folder include it.
 */
#ifndef SCAN_INTERNAL_H
#define SCAN_INTERNAL_H

#include "base/map.h"
#include "os/thread.h"
#include "scan/coordinator.h"
#include "scan/follow.h"
#include "scan/queue.h"

#include <stdatomic.h>

/* The newest analyzer versions a worker has named, and which layers failed lately. */
struct scan_memory {
	struct lock lock; /* LOCK_LEAF */
	char analyzers[512];
	struct map *failed; /* layer digest → int64_t *, monotonic time */
};

struct scan_coordinator {
	struct scan_settings settings;
	struct scan_queue *queue;
	struct scan_follows *follows;
	struct scan_memory memory;
	atomic_bool stopping;
	pthread_t *threads;
	size_t thread_count;
};

/* --- layers (layer_scan.c) */
/*
 * Makes sure that an inventory of the layer is stored, if it is worth one: a blob that no image
 * asks for and that is a JSON document is left alone. < 0: internal error, nothing stored.
 */
int scan_layer(
	struct scan_coordinator *scan, struct str digest, bool wanted, struct err *err) MUST_CHECK;

struct scan_layer_read {
	int64_t us; /* how long it took */
	bool followed;
};
/* Stores what a worker said about the whole layer, with all that follows from it. < 0: nothing
 * stored. */
int scan_layer_keep(struct scan_coordinator *scan, struct arena *arena, struct str digest,
	struct layer_inventory *inventory, const struct scan_layer_read *how,
	struct err *err) MUST_CHECK;

struct scan_layer_found {
	bool stored; /* an inventory that still counts */
	struct layer_inventory inventory;
};
/* The stored inventory of a layer, unless it was made by older analyzers. */
int scan_layer_find(struct scan_coordinator *scan, struct arena *arena, struct str digest,
	struct scan_layer_found *found, struct err *err) MUST_CHECK;
/*
 * A stored failure is worth another try when somebody pushes again, because a worker may have been
 * lost for reasons outside the layer: but not within a minute of the failure.
 */
bool scan_layer_may_retry(struct scan_coordinator *scan, struct str digest);
int scan_layer_forget(struct scan_coordinator *scan, struct str digest, struct err *err) MUST_CHECK;

/* --- images (image_scan.c) */
enum { SCAN_IMAGE_DONE = 0, SCAN_IMAGE_WAITS = 1 };
/* Takes one image as far as it goes. Outcome SCAN_IMAGE_WAITS: it waits in the queue for layers. */
int scan_image(struct scan_coordinator *scan, const struct scan_image_job *job,
	struct err *err) MUST_CHECK;
/* Gives up after internal errors: state Failed with these words. */
int scan_image_give_up(struct scan_coordinator *scan, const struct scan_image_job *job,
	const struct err *why, struct err *err) MUST_CHECK;

#endif
