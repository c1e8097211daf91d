/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a scan in the server: a blob that became durable is analyzed at once (before any
 * manifest names it), a manifest is put together as soon as its last layer inventory is there.
 * The queue is the database: an image row in state NotScanned is work to do, so a restart resumes.
 * A layer that failed because of itself is a Failed image with the reason; an internal error is
 * retried with growing pauses, a bounded number of times, then Failed.
 *
 * Hooks arrive on request threads and only enqueue; the work runs on the coordinator's threads.
 */
#ifndef SCAN_COORDINATOR_H
#define SCAN_COORDINATOR_H

#include "base/clock.h"
#include "base/err.h"
#include "blob/blob.h"
#include "scan/worker_pool.h"
#include "store/store.h"

struct scan_coordinator;

struct scan_hooks {
	void *context;
	/*
	 * The package set of an image is stored (state still NotScanned): judge it and give it a
	 * state. Called on a coordinator thread; a failure is an internal error of this scan
	 * (retried).
	 */
	int (*image_ready)(void *context, struct str manifest_digest, struct err *err);
};

struct scan_settings {
	struct store *store;
	struct blob_store *blobs;
	struct worker_pool *workers;
	const struct clock *clock;
	struct scan_hooks hooks;
	unsigned threads; /* 0: as many as workers */
};

int scan_start(const struct scan_settings *settings, struct scan_coordinator **scan,
	struct err *err) MUST_CHECK;
void scan_stop(struct scan_coordinator **scan);
void scan_blob_committed(struct scan_coordinator *scan, struct str digest, uint64_t size);
void scan_manifest_committed(struct scan_coordinator *scan, struct str digest);
/* Work waiting or running: for health, metrics and tests. */
size_t scan_backlog(struct scan_coordinator *scan);

#endif
