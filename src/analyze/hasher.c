/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of blocks between the thread that inflates and the thread that hashes. The producer fills
 * the block at `filled` without the lock and hands it over full, or when the digest changes, or at
 * hasher_finish(); the consumer hashes without the lock as well, so the lock is held for a few
 * instructions per 256 KiB. Invariant: hashed <= filled <= hashed + BLOCKS; blocks in between
 * belong to the consumer.
 *
 * Plain pthreads: this folder does not see os/.
 */
#include "analyze/hasher.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 8, BLOCK_BYTES = 256 << 10, THREAD_STACK = 256 << 10 };

struct block {
	struct digest *digest;
	size_t n;
	unsigned char bytes[BLOCK_BYTES];
};

struct hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t filled; /* blocks handed over so far */
	uint64_t hashed; /* blocks done so far */
	bool stop;
	struct block blocks[BLOCKS];
};

static void *run(void *argument)
{
	struct hasher *hasher = argument;
	pthread_mutex_lock(&hasher->lock);
	for (;;) {
		while (hasher->filled == hasher->hashed && !hasher->stop)
			pthread_cond_wait(&hasher->changed, &hasher->lock);
		if (hasher->filled == hasher->hashed)
			break;
		struct block *block = &hasher->blocks[hasher->hashed % BLOCKS];
		pthread_mutex_unlock(&hasher->lock);
		digest_update(block->digest, block->bytes, block->n);
		block->n = 0;
		pthread_mutex_lock(&hasher->lock);
		hasher->hashed++;
		pthread_cond_broadcast(&hasher->changed);
	}
	pthread_mutex_unlock(&hasher->lock);
	return NULL;
}

int hasher_start(struct hasher **result, struct err *err)
{
	struct hasher *hasher = calloc(1, sizeof(*hasher));
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t before;
	CHECK(hasher);
	CHECK(pthread_mutex_init(&hasher->lock, NULL) == 0);
	CHECK(pthread_cond_init(&hasher->changed, NULL) == 0);
	CHECK(pthread_attr_init(&attributes) == 0);
	CHECK(pthread_attr_setstacksize(&attributes, THREAD_STACK) == 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&hasher->thread, &attributes, run, hasher);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (code) {
		pthread_cond_destroy(&hasher->changed);
		pthread_mutex_destroy(&hasher->lock);
		free(hasher);
		return err_set(err, code, "starting the hash thread: %s", strerror(code));
	}
	*result = hasher;
	return 0;
}

void hasher_stop(struct hasher **hasher)
{
	struct hasher *self = *hasher;
	if (!self)
		return;
	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
	free(self);
	*hasher = NULL;
}

/* Gives the block at `filled` to the consumer and waits until the next one is free. */
static void hand_over(struct hasher *hasher)
{
	pthread_mutex_lock(&hasher->lock);
	hasher->filled++;
	pthread_cond_broadcast(&hasher->changed);
	while (hasher->filled - hasher->hashed == BLOCKS)
		pthread_cond_wait(&hasher->changed, &hasher->lock);
	pthread_mutex_unlock(&hasher->lock);
}

void hasher_add(struct hasher *hasher, struct digest *digest, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	while (n) {
		struct block *block = &hasher->blocks[hasher->filled % BLOCKS];
		if (block->n == BLOCK_BYTES || (block->n && block->digest != digest)) {
			hand_over(hasher);
			continue;
		}
		size_t room = BLOCK_BYTES - block->n;
		size_t part = n < room ? n : room;
		memcpy(block->bytes + block->n, from, part);
		block->digest = digest;
		block->n += part;
		from += part;
		n -= part;
	}
}

void hasher_finish(struct hasher *hasher)
{
	if (hasher->blocks[hasher->filled % BLOCKS].n)
		hand_over(hasher);
	pthread_mutex_lock(&hasher->lock);
	while (hasher->filled != hasher->hashed)
		pthread_cond_wait(&hasher->changed, &hasher->lock);
	pthread_mutex_unlock(&hasher->lock);
}
