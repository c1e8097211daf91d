/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a scan in the server: a layer is read while it is uploaded (follow.h), or else as
 * soon as it is a durable blob, before any manifest names it; a manifest is put together as soon as
 * its last layer inventory is there. The queue is the database: an image row in state NotScanned is
 * work to do, so a restart resumes. A layer that failed because of itself is a Failed image with
 * the reason; an internal error is retried with growing pauses, a bounded number of times, then
 * Failed.
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
	unsigned threads;   /* 0: as many as workers */
	unsigned followers; /* as many as the workers have */
};

int scan_start(const struct scan_settings *settings, struct scan_coordinator **scan,
	struct err *err) MUST_CHECK;
void scan_stop(struct scan_coordinator **scan);
/* What happens to uploads; see the hooks of registry/. upload may be empty: it came otherwise. */
void scan_upload_grew(struct scan_coordinator *scan, struct str upload, struct blob_stage *stage,
	uint64_t before, uint64_t size);
void scan_upload_verified(struct scan_coordinator *scan, struct str upload, uint64_t size);
void scan_upload_dropped(struct scan_coordinator *scan, struct str upload);
void scan_blob_committed(
	struct scan_coordinator *scan, struct str upload, struct str digest, uint64_t size);
void scan_manifest_committed(struct scan_coordinator *scan, struct str digest);
/* Work waiting or running: for health, metrics and tests. */
size_t scan_backlog(struct scan_coordinator *scan);

#endif
