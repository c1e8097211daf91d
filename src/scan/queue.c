/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock over two tables and their lists. A layer job is in one of the two waiting lists or
 * running; it knows the images that wait for it. An image job is ready (in the list), running,
 * waiting for layers (counts them) or paused (has a due time). Jobs leave the tables when they are
 * done, so the tables are the backlog.
 *
 * A job that is pushed again while it runs is run once more: what changed may have come after it
 * looked.
 */
#include "scan/queue.h"

#include "base/check.h"
#include "base/map.h"
#include "base/vec.h"
#include "os/thread.h"

#include <sys/queue.h>

/* Layers that wait without an image asking for them: an hour of pushing ahead of the workers. */
static const size_t speculative_max = 4096;
/* Images in memory; the others stay in the database until these are done. */
static const size_t images_max = 10000;
/* Layers that images may wait for at one time; beyond it an image pauses instead. */
static const size_t wanted_max = 100000;

static const int64_t pause_first_us = 500 * 1000;
static const int64_t pause_longest_us = 64 * 1000 * 1000;

enum image_phase { IMAGE_READY, IMAGE_RUNNING, IMAGE_WAITING, IMAGE_PAUSED };

struct image_job {
	TAILQ_ENTRY(image_job) link; /* in ready or paused */
	char digest[OCI_DIGEST_TEXT_MAX];
	enum image_phase phase;
	bool pushed;
	bool again; /* pushed while running */
	unsigned attempts;
	size_t missing; /* layers it waits for */
	int64_t due_us;
};
TAILQ_HEAD(image_list, image_job);

struct layer_job {
	TAILQ_ENTRY(layer_job) link; /* in wanted or speculative, unless running */
	char digest[OCI_DIGEST_TEXT_MAX];
	bool running;
	bool is_wanted;
	VEC(struct image_job *) waiters;
};
TAILQ_HEAD(layer_list, layer_job);

struct scan_queue {
	const struct clock *clock;
	struct lock lock;
	struct lock_cond layer_cond;
	struct lock_cond image_cond;
	struct map *layers;
	struct map *images;
	struct layer_list wanted;
	struct layer_list speculative;
	size_t wanted_count;
	size_t speculative_count;
	struct image_list ready;
	struct image_list paused;
	bool database_has_more; /* images may be pending there that are not in the table */
	bool stopped;
};

static void digest_copy(char out[OCI_DIGEST_TEXT_MAX], struct str digest)
{
	CHECK(digest.n < OCI_DIGEST_TEXT_MAX);
	memcpy(out, digest.p, digest.n);
	out[digest.n] = '\0';
}

struct scan_queue *scan_queue_new(const struct clock *clock)
{
	struct scan_queue *queue = calloc(1, sizeof(*queue));
	CHECK(queue);
	queue->clock = clock;
	lock_init(&queue->lock, LOCK_SCAN_QUEUE);
	lock_cond_init(&queue->layer_cond);
	lock_cond_init(&queue->image_cond);
	queue->layers = map_new();
	queue->images = map_new();
	TAILQ_INIT(&queue->wanted);
	TAILQ_INIT(&queue->speculative);
	TAILQ_INIT(&queue->ready);
	TAILQ_INIT(&queue->paused);
	queue->database_has_more = true;
	return queue;
}

void scan_queue_free(struct scan_queue **slot)
{
	struct scan_queue *queue = *slot;
	size_t cursor = 0;
	struct str key;
	void *value;
	if (!queue)
		return;
	while (map_next(queue->layers, &cursor, &key, &value)) {
		struct layer_job *job = value;
		VEC_FREE(&job->waiters);
		free(job);
	}
	cursor = 0;
	while (map_next(queue->images, &cursor, &key, &value))
		free(value);
	map_free(&queue->layers);
	map_free(&queue->images);
	lock_cond_destroy(&queue->layer_cond);
	lock_cond_destroy(&queue->image_cond);
	lock_destroy(&queue->lock);
	free(queue);
	*slot = NULL;
}

void scan_queue_stop(struct scan_queue *queue)
{
	lock_take(&queue->lock);
	queue->stopped = true;
	lock_cond_broadcast(&queue->layer_cond);
	lock_cond_broadcast(&queue->image_cond);
	lock_release(&queue->lock);
}

size_t scan_queue_backlog(struct scan_queue *queue)
{
	lock_take(&queue->lock);
	size_t n = map_count(queue->layers) + map_count(queue->images);
	lock_release(&queue->lock);
	return n;
}

/* --- layers */

static struct layer_job *layer_add_locked(struct scan_queue *queue, struct str digest)
{
	struct layer_job *job = calloc(1, sizeof(*job));
	CHECK(job);
	digest_copy(job->digest, digest);
	map_put(queue->layers, digest, job);
	return job;
}

void scan_queue_add_layer(struct scan_queue *queue, struct str digest)
{
	if (!digest.n || digest.n >= OCI_DIGEST_TEXT_MAX)
		return;
	lock_take(&queue->lock);
	if (!queue->stopped && !map_get(queue->layers, digest) &&
		queue->speculative_count < speculative_max) {
		struct layer_job *job = layer_add_locked(queue, digest);
		TAILQ_INSERT_TAIL(&queue->speculative, job, link);
		queue->speculative_count++;
		lock_cond_signal(&queue->layer_cond);
	}
	lock_release(&queue->lock);
}

static void layer_want_locked(struct scan_queue *queue, struct str digest, struct image_job *image)
{
	struct layer_job *job = map_get(queue->layers, digest);
	if (!job) {
		job = layer_add_locked(queue, digest);
	} else if (!job->running && !job->is_wanted) {
		TAILQ_REMOVE(&queue->speculative, job, link);
		queue->speculative_count--;
	}
	if (!job->running && !job->is_wanted) {
		TAILQ_INSERT_TAIL(&queue->wanted, job, link);
		queue->wanted_count++;
		lock_cond_signal(&queue->layer_cond);
	}
	job->is_wanted = true;
	VEC_PUSH(&job->waiters, image);
	image->missing++;
}

static struct layer_job *layer_next_locked(struct scan_queue *queue)
{
	struct layer_job *job = TAILQ_FIRST(&queue->wanted);
	if (job) {
		TAILQ_REMOVE(&queue->wanted, job, link);
		queue->wanted_count--;
		return job;
	}
	job = TAILQ_FIRST(&queue->speculative);
	if (job) {
		TAILQ_REMOVE(&queue->speculative, job, link);
		queue->speculative_count--;
	}
	return job;
}

bool scan_queue_take_layer(struct scan_queue *queue, char digest[OCI_DIGEST_TEXT_MAX], bool *wanted)
{
	struct layer_job *job = NULL;
	lock_take(&queue->lock);
	while (!queue->stopped && !(job = layer_next_locked(queue)))
		lock_cond_wait(&queue->layer_cond, &queue->lock);
	if (job) {
		job->running = true;
		*wanted = job->is_wanted;
		memcpy(digest, job->digest, sizeof(job->digest));
	}
	lock_release(&queue->lock);
	return job != NULL;
}

bool scan_queue_claim_layer(struct scan_queue *queue, struct str digest)
{
	if (!digest.n || digest.n >= OCI_DIGEST_TEXT_MAX)
		return false;
	lock_take(&queue->lock);
	struct layer_job *job = map_get(queue->layers, digest);
	bool claimed = !queue->stopped && !(job && job->running);
	if (claimed && job && job->is_wanted) {
		TAILQ_REMOVE(&queue->wanted, job, link);
		queue->wanted_count--;
	} else if (claimed && job) {
		TAILQ_REMOVE(&queue->speculative, job, link);
		queue->speculative_count--;
	} else if (claimed) {
		job = layer_add_locked(queue, digest);
	}
	if (claimed)
		job->running = true;
	lock_release(&queue->lock);
	return claimed;
}

static void image_ready_locked(struct scan_queue *queue, struct image_job *image)
{
	image->phase = IMAGE_READY;
	TAILQ_INSERT_TAIL(&queue->ready, image, link);
	lock_cond_signal(&queue->image_cond);
}

static void image_pause_locked(struct scan_queue *queue, struct image_job *image)
{
	int64_t pause = pause_first_us;
	for (unsigned i = 0; i < image->attempts && pause < pause_longest_us; i++)
		pause *= 4;
	image->attempts++;
	image->phase = IMAGE_PAUSED;
	image->due_us = clock_monotonic(queue->clock) +
			(pause < pause_longest_us ? pause : pause_longest_us);
	TAILQ_INSERT_TAIL(&queue->paused, image, link);
	lock_cond_signal(&queue->image_cond);
}

void scan_queue_layer_done(struct scan_queue *queue, struct str digest, bool ok)
{
	lock_take(&queue->lock);
	struct layer_job *job = map_remove(queue->layers, digest);
	CHECK(job && job->running);
	for (size_t i = 0; i < job->waiters.n; i++) {
		struct image_job *image = job->waiters.items[i];
		image->missing--;
		if (image->phase == IMAGE_WAITING && !ok)
			image_pause_locked(queue, image);
		else if (image->phase == IMAGE_WAITING && !image->missing)
			image_ready_locked(queue, image);
	}
	VEC_FREE(&job->waiters);
	free(job);
	lock_release(&queue->lock);
}

/* --- images */

void scan_queue_add_image(struct scan_queue *queue, struct str digest, bool pushed)
{
	if (!digest.n || digest.n >= OCI_DIGEST_TEXT_MAX)
		return;
	lock_take(&queue->lock);
	struct image_job *job = map_get(queue->images, digest);
	if (job) {
		job->pushed |= pushed;
		job->again |= job->phase == IMAGE_RUNNING;
	} else if (map_count(queue->images) >= images_max) {
		queue->database_has_more = true;
	} else if (!queue->stopped) {
		job = calloc(1, sizeof(*job));
		CHECK(job);
		digest_copy(job->digest, digest);
		job->pushed = pushed;
		map_put(queue->images, digest, job);
		image_ready_locked(queue, job);
	}
	lock_release(&queue->lock);
}

/*
 * An image that is paused because one layer failed may still be in the waiter lists of other
 * layers; it is taken only when those have let go of it.
 */
static struct image_job *image_next_locked(struct scan_queue *queue, int64_t *wait_us)
{
	struct image_job *job = TAILQ_FIRST(&queue->ready);
	*wait_us = -1;
	if (job) {
		TAILQ_REMOVE(&queue->ready, job, link);
		return job;
	}
	int64_t now = clock_monotonic(queue->clock);
	TAILQ_FOREACH(job, &queue->paused, link)
	{
		int64_t left = job->due_us - now;
		if (left <= 0 && !job->missing) {
			TAILQ_REMOVE(&queue->paused, job, link);
			return job;
		}
		if (left <= 0)
			left = pause_first_us;
		if (*wait_us < 0 || left < *wait_us)
			*wait_us = left;
	}
	return NULL;
}

enum scan_take scan_queue_take_image(struct scan_queue *queue, struct scan_image_job *taken)
{
	enum scan_take take = SCAN_TAKE_STOP;
	lock_take(&queue->lock);
	while (!queue->stopped) {
		int64_t wait_us;
		struct image_job *job = image_next_locked(queue, &wait_us);
		if (job) {
			job->phase = IMAGE_RUNNING;
			job->again = false;
			memcpy(taken->digest, job->digest, sizeof(taken->digest));
			taken->pushed = job->pushed;
			taken->attempts = job->attempts;
			take = SCAN_TAKE_IMAGE;
			break;
		}
		if (queue->database_has_more && map_count(queue->images) < images_max / 2) {
			queue->database_has_more = false;
			take = SCAN_TAKE_REFILL;
			break;
		}
		if (wait_us >= 0)
			(void)lock_cond_wait_us(&queue->image_cond, &queue->lock, wait_us);
		else
			lock_cond_wait(&queue->image_cond, &queue->lock);
	}
	lock_release(&queue->lock);
	return take;
}

static struct image_job *image_running_locked(struct scan_queue *queue, struct str digest)
{
	struct image_job *job = map_get(queue->images, digest);
	CHECK(job && job->phase == IMAGE_RUNNING);
	return job;
}

void scan_queue_image_done(struct scan_queue *queue, struct str digest)
{
	lock_take(&queue->lock);
	struct image_job *job = image_running_locked(queue, digest);
	if (job->again) {
		job->attempts = 0;
		image_ready_locked(queue, job);
	} else {
		map_remove(queue->images, digest);
		free(job);
		if (queue->database_has_more)
			lock_cond_signal(&queue->image_cond);
	}
	lock_release(&queue->lock);
}

void scan_queue_image_wait(
	struct scan_queue *queue, struct str digest, const struct str *layers, size_t count)
{
	lock_take(&queue->lock);
	struct image_job *job = image_running_locked(queue, digest);
	if (queue->wanted_count + count > wanted_max) {
		image_pause_locked(queue, job);
		job->attempts--; /* a full queue is no error of the image */
	} else {
		for (size_t i = 0; i < count; i++)
			layer_want_locked(queue, layers[i], job);
		job->phase = IMAGE_WAITING;
		if (!count)
			image_ready_locked(queue, job);
	}
	lock_release(&queue->lock);
}

void scan_queue_image_retry(struct scan_queue *queue, struct str digest)
{
	lock_take(&queue->lock);
	image_pause_locked(queue, image_running_locked(queue, digest));
	lock_release(&queue->lock);
}
