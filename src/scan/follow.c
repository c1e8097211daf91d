/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each seat follows one upload at a time: free → following (growth says how far it may be read) →
 * claimed (the upload became a blob; the queue has a running layer job for it) → free. A seat has
 * its own worker, so what a client does to it harms nobody else; still it is not held for nothing:
 * an upload that stands still is given up, and one that is no archive by its first bytes, or small,
 * is never begun. An upload can only be begun near its start, so a client that pauses again and
 * again cannot have the same long file read again and again.
 *
 * The worker reads the upload's file by a read-only descriptor of its own, up to the size this
 * server has written and counted. What a server that crashed or an append that failed leaves behind
 * that size is never read. A size that does not continue the last one (the upload was cut back to
 * what was durable) ends the following.
 *
 * Reading a few bytes here is not parsing: it keeps away what no worker needs to see.
 */
#include "scan/follow.h"

#include "base/log.h"
#include "os/file.h"
#include "scan/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UPLOAD_ID_MAX = 64, HEAD_BYTES = 512, TAR_MAGIC_AT = 257 };

/* Less is read in a moment when it is there; more must not be read again after a pause. */
static const uint64_t follow_from = (uint64_t)1 << 20;
static const uint64_t follow_latest = (uint64_t)16 << 20;
/* Fewer bytes than this are not worth waking a worker for, unless they are the last. */
static const uint64_t follow_step = (uint64_t)1 << 20;
/* Longer than a client needs between two requests of an upload. */
static const int64_t stall_us = (int64_t)2 * 1000 * 1000;

struct seat {
	struct scan_follows *follows;
	pthread_t thread;
	struct lock_cond changed;
	/* all under the lock of follows, but fd and waited_us, which are the thread's while taken
	 */
	bool taken;
	bool claimed;
	int fd;
	struct worker_growth growth;
	uint64_t wanted; /* the thread waits for so many bytes */
	int64_t grew_us;
	int64_t waited_us; /* by the worker, for the client */
	char upload[UPLOAD_ID_MAX + 1];
	char digest[OCI_DIGEST_TEXT_MAX];
};

struct scan_follows {
	struct scan_coordinator *scan;
	struct lock lock;
	bool stopped;
	size_t count; /* of seats with a thread */
	struct seat *seats;
};

static int64_t now_us(const struct scan_follows *follows)
{
	return clock_monotonic(follows->scan->settings.clock);
}

static void give_up_locked(struct seat *seat)
{
	seat->growth.state = WORKER_GIVEN_UP;
	lock_cond_signal(&seat->changed);
}

/* --- the side of the worker */

/* Waits for a change of the seat, or gives the upload up because it stands still. */
static void wait_for_client_locked(struct seat *seat)
{
	struct scan_follows *follows = seat->follows;
	if (seat->growth.state == WORKER_GROWN) {
		/* The registry is publishing it, and says how that ended. */
		lock_cond_wait(&seat->changed, &follows->lock);
		return;
	}
	int64_t left_us = seat->grew_us + stall_us - now_us(follows);
	if (left_us <= 0)
		seat->growth.state = WORKER_GIVEN_UP;
	else
		(void)lock_cond_wait_us(&seat->changed, &follows->lock, left_us);
}

static struct worker_growth more(void *context, uint64_t have)
{
	struct seat *seat = context;
	struct scan_follows *follows = seat->follows;
	int64_t begin = now_us(follows);
	lock_take(&follows->lock);
	while (seat->growth.state == WORKER_GROWING && seat->growth.bytes < have + follow_step) {
		seat->wanted = have + follow_step;
		wait_for_client_locked(seat);
	}
	seat->wanted = 0;
	seat->waited_us += now_us(follows) - begin;
	struct worker_growth growth = seat->growth;
	lock_release(&follows->lock);
	return growth;
}

/* True: the upload became a blob; false: nobody wants the result. */
static bool wait_for_fate(struct seat *seat, bool answered)
{
	struct scan_follows *follows = seat->follows;
	lock_take(&follows->lock);
	if (!answered && !seat->claimed)
		seat->growth.state = WORKER_GIVEN_UP;
	while (!seat->claimed && seat->growth.state != WORKER_GIVEN_UP)
		wait_for_client_locked(seat);
	bool claimed = seat->claimed;
	lock_release(&follows->lock);
	return claimed;
}

static void follow(struct seat *seat)
{
	struct scan_coordinator *scan = seat->follows->scan;
	const struct worker_feed feed = { seat, more };
	struct layer_inventory inventory = { 0 };
	struct err err = ERR_INIT;
	struct arena *arena = arena_new(0);
	int64_t begin = now_us(seat->follows);
	int rc = worker_follow_layer(scan->settings.workers, seat->fd, &feed, arena,
		str_from(seat->upload), &inventory, &err);
	const struct scan_layer_read how = {
		.us = now_us(seat->follows) - begin - seat->waited_us,
		.followed = true,
	};
	if (wait_for_fate(seat, rc == 0)) {
		struct str digest = str_from(seat->digest);
		if (rc == 0)
			rc = scan_layer_keep(scan, arena, digest, &inventory, &how, &err);
		if (rc < 0 && !atomic_load(&scan->stopping))
			log_event(EV_SCAN_FAILED, F_STR("layer", digest), F_ERR(&err));
		scan_queue_layer_done(scan->queue, digest, rc == 0);
	} else if (rc < 0 && !atomic_load(&scan->stopping)) {
		log_event(EV_SCAN_FAILED, F_CSTR("upload", seat->upload), F_ERR(&err));
	}
	arena_free(&arena);
}

static bool wait_for_upload(struct seat *seat)
{
	struct scan_follows *follows = seat->follows;
	lock_take(&follows->lock);
	while (!seat->taken && !follows->stopped)
		lock_cond_wait(&seat->changed, &follows->lock);
	bool taken = seat->taken;
	lock_release(&follows->lock);
	return taken;
}

static void follow_thread(void *argument)
{
	struct seat *seat = argument;
	struct scan_follows *follows = seat->follows;
	while (wait_for_upload(seat)) {
		follow(seat);
		lock_take(&follows->lock);
		close(seat->fd);
		seat->fd = -1;
		seat->taken = seat->claimed = false;
		lock_release(&follows->lock);
	}
}

/* --- the side of the uploads */

static struct seat *find_locked(struct scan_follows *follows, struct str upload)
{
	for (size_t i = 0; i < follows->count; i++) {
		struct seat *seat = &follows->seats[i];
		if (seat->taken && !seat->claimed && seat->growth.state != WORKER_GIVEN_UP &&
			str_eq(str_from(seat->upload), upload))
			return seat;
	}
	return NULL;
}

static struct seat *free_seat_locked(struct scan_follows *follows)
{
	for (size_t i = 0; i < follows->count && !follows->stopped; i++)
		if (!follows->seats[i].taken)
			return &follows->seats[i];
	return NULL;
}

static bool looks_like_archive(struct blob_stage *stage)
{
	static const struct {
		size_t at;
		struct str magic;
	} rows[] = {
		{ 0, STR_INIT("\x1f\x8b\x08") },     /* gzip */
		{ 0, STR_INIT("\x28\xb5\x2f\xfd") }, /* zstd */
		{ TAR_MAGIC_AT, STR_INIT("ustar") },
	};
	char bytes[HEAD_BYTES];
	size_t got;
	struct err ignored = ERR_INIT;
	int fd = blob_stage_fd(stage);
	if (fd < 0 || file_read_at(fd, bytes, sizeof(bytes), 0, &got, &ignored) < 0)
		return false;
	struct str head = { bytes, got };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(str_sub(head, rows[i].at, rows[i].magic.n), rows[i].magic))
			return true;
	return false;
}

/* What cannot be opened is not followed; it is no error of the upload. */
static void begin_locked(struct scan_follows *follows, struct seat *seat, struct str upload,
	struct blob_stage *stage, uint64_t size)
{
	struct err ignored = ERR_INIT;
	int fd = -1;
	if (!looks_like_archive(stage) || blob_stage_reader(stage, &fd, &ignored) != 0)
		return;
	seat->fd = fd;
	seat->taken = true;
	seat->growth = (struct worker_growth){ WORKER_GROWING, size };
	seat->grew_us = now_us(follows);
	seat->waited_us = 0;
	memcpy(seat->upload, upload.p, upload.n);
	seat->upload[upload.n] = '\0';
	lock_cond_signal(&seat->changed);
}

void scan_follow_grew(struct scan_follows *follows, struct str upload, struct blob_stage *stage,
	uint64_t before, uint64_t size)
{
	if (size < follow_from || upload.n > UPLOAD_ID_MAX)
		return;
	lock_take(&follows->lock);
	struct seat *seat = find_locked(follows, upload);
	if (!seat && size <= follow_latest) {
		seat = free_seat_locked(follows);
		if (seat)
			begin_locked(follows, seat, upload, stage, size);
	} else if (seat && (seat->growth.bytes != before || seat->growth.state == WORKER_GROWN)) {
		give_up_locked(seat);
	} else if (seat) {
		seat->growth.bytes = size;
		seat->grew_us = now_us(follows);
		if (seat->wanted && size >= seat->wanted)
			lock_cond_signal(&seat->changed);
	}
	lock_release(&follows->lock);
}

void scan_follow_grown(struct scan_follows *follows, struct str upload, uint64_t size)
{
	lock_take(&follows->lock);
	struct seat *seat = find_locked(follows, upload);
	if (seat) {
		bool whole = seat->growth.bytes == size;
		seat->growth.state = whole ? WORKER_GROWN : WORKER_GIVEN_UP;
		lock_cond_signal(&seat->changed);
	}
	lock_release(&follows->lock);
}

void scan_follow_give_up(struct scan_follows *follows, struct str upload)
{
	lock_take(&follows->lock);
	struct seat *seat = find_locked(follows, upload);
	if (seat)
		give_up_locked(seat);
	lock_release(&follows->lock);
}

bool scan_follow_committed(
	struct scan_follows *follows, struct str upload, struct str digest, uint64_t size)
{
	bool claimed = false;
	lock_take(&follows->lock);
	struct seat *seat = find_locked(follows, upload);
	if (seat && digest.n < sizeof(seat->digest)) {
		claimed = seat->growth.state == WORKER_GROWN && seat->growth.bytes == size &&
			  scan_queue_claim_layer(follows->scan->queue, digest);
		if (claimed) {
			memcpy(seat->digest, digest.p, digest.n);
			seat->digest[digest.n] = '\0';
			seat->claimed = true;
		} else {
			seat->growth.state = WORKER_GIVEN_UP;
		}
		lock_cond_signal(&seat->changed);
	}
	lock_release(&follows->lock);
	return claimed;
}

/* --- life */

int scan_follows_start(struct scan_coordinator *scan, unsigned count, struct scan_follows **result,
	struct err *err)
{
	struct scan_follows *follows = calloc(1, sizeof(*follows));
	CHECK(follows);
	follows->scan = scan;
	lock_init(&follows->lock, LOCK_SCAN_FOLLOWS);
	follows->seats = calloc(count + 1, sizeof(*follows->seats));
	CHECK(follows->seats);
	*result = follows;
	for (unsigned i = 0; i < count; i++) {
		struct seat *seat = &follows->seats[i];
		seat->follows = follows;
		seat->fd = -1;
		lock_cond_init(&seat->changed);
		int rc = thread_start("scan-follow", follow_thread, seat, &seat->thread, err);
		if (rc < 0) {
			lock_cond_destroy(&seat->changed);
			return err_wrap(err, rc, "starting the scanner");
		}
		lock_take(&follows->lock);
		follows->count++;
		lock_release(&follows->lock);
	}
	return 0;
}

void scan_follows_interrupt(struct scan_follows *follows)
{
	lock_take(&follows->lock);
	follows->stopped = true;
	for (size_t i = 0; i < follows->count; i++)
		give_up_locked(&follows->seats[i]);
	lock_release(&follows->lock);
}

void scan_follows_stop(struct scan_follows **slot)
{
	struct scan_follows *follows = *slot;
	if (!follows)
		return;
	scan_follows_interrupt(follows);
	for (size_t i = 0; i < follows->count; i++) {
		thread_join(follows->seats[i].thread);
		lock_cond_destroy(&follows->seats[i].changed);
	}
	lock_destroy(&follows->lock);
	free(follows->seats);
	free(follows);
	*slot = NULL;
}
