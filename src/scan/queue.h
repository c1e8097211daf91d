/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the coordinator has to do: layers to analyze and images to put together, each digest at most
 * once. Layers that an image waits for go before layers that merely arrived. Everything is bounded:
 * a layer that does not fit is found again when its manifest comes, an image that does not fit is
 * found again in the database, which is the real queue.
 *
 * Threads: all functions from any thread. A taken digest belongs to the taker until it says how it
 * ended. digest buffers hold OCI_DIGEST_TEXT_MAX bytes with the NUL.
 */
#ifndef SCAN_QUEUE_H
#define SCAN_QUEUE_H

#include "base/clock.h"
#include "base/str.h"
#include "oci/digest.h"

#include <stdbool.h>

struct scan_queue;

struct scan_queue *scan_queue_new(const struct clock *clock);
void scan_queue_free(struct scan_queue **queue); /* after the last taker has ended */
void scan_queue_stop(struct scan_queue *queue);	 /* every take ends with false or SCAN_TAKE_STOP */

/* --- layers */
void scan_queue_add_layer(struct scan_queue *queue, struct str digest);
/* Blocks. *wanted: an image waits for it. False: stopped. */
bool scan_queue_take_layer(
	struct scan_queue *queue, char digest[OCI_DIGEST_TEXT_MAX], bool *wanted);
/* Takes this one, known or not, for somebody who has its inventory or is about to. False: another
 * one is at it. */
bool scan_queue_claim_layer(struct scan_queue *queue, struct str digest);
/* ok: its inventory is stored. Else the images that wait for it are tried again later. */
void scan_queue_layer_done(struct scan_queue *queue, struct str digest, bool ok);

/* --- images */
struct scan_image_job {
	char digest[OCI_DIGEST_TEXT_MAX];
	bool pushed;	   /* just pushed, not found in the database at start */
	unsigned attempts; /* internal errors so far, in this process */
};
enum scan_take {
	SCAN_TAKE_STOP,
	SCAN_TAKE_IMAGE,
	SCAN_TAKE_REFILL, /* images may wait in the database: add them */
};
void scan_queue_add_image(struct scan_queue *queue, struct str digest, bool pushed);
enum scan_take scan_queue_take_image(
	struct scan_queue *queue, struct scan_image_job *job); /* blocks */
void scan_queue_image_done(struct scan_queue *queue, struct str digest);
/* The image is taken again when all these layers are done. */
void scan_queue_image_wait(
	struct scan_queue *queue, struct str digest, const struct str *layers, size_t count);
/* The image met an internal error and is taken again after a pause that grows with its attempts. */
void scan_queue_image_retry(struct scan_queue *queue, struct str digest);

/* Layers and images waiting or running. */
size_t scan_queue_backlog(struct scan_queue *queue);

#endif
