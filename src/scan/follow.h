/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that are read while they are still being received, so that little is left to do after the
 * last byte. A bounded number of uploads is followed at a time, each by a thread and a worker of
 * its own; an upload that is not followed loses nothing, it is analyzed when its blob is there. The
 * result is kept only when the upload becomes a blob.
 *
 * Threads: the scan_follow_* of uploads may come from any thread, those of one upload one after the
 * other; they never wait for a worker. Inside scan/ only.
 */
#ifndef SCAN_FOLLOW_H
#define SCAN_FOLLOW_H

#include "base/err.h"
#include "blob/blob.h"

#include <stdbool.h>

struct scan_coordinator;
struct scan_follows;

int scan_follows_start(struct scan_coordinator *scan, unsigned count, struct scan_follows **follows,
	struct err *err) MUST_CHECK;
/* Every upload is given up and no other one taken; the threads end when their workers let them. */
void scan_follows_interrupt(struct scan_follows *follows);
void scan_follows_stop(struct scan_follows **follows);

/* An upload went from before to size bytes. Begins to follow it when that is worth it. */
void scan_follow_grew(struct scan_follows *follows, struct str upload, struct blob_stage *stage,
	uint64_t before, uint64_t size);
/* All of its bytes are there and are what the client says. */
void scan_follow_grown(struct scan_follows *follows, struct str upload, uint64_t size);
void scan_follow_give_up(struct scan_follows *follows, struct str upload);
/* The upload became this blob. True: its inventory comes from here; the queue knows. */
bool scan_follow_committed(
	struct scan_follows *follows, struct str upload, struct str digest, uint64_t size);

#endif
