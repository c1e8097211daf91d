/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contract in intake.h. A block goes round: filling → appended → waiting → hashed → spare →
 * filling. Without a second thread it is hashed where it was appended and filled again at once.
 *
 * The second thread is started for a body that is far larger than its cost, and only as many run at
 * a time as there are processors: more would only take turns. Like the thread, blocks are given
 * back when the intake ends, so an upload that is left alone holds neither.
 */
#include "registry/intake.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that go straight through first: configurations and small layers need no block. */
static const uint64_t direct_bytes = 64 << 10;
/* From here on the digest is worth a thread. */
static const uint64_t threaded_bytes = 4 << 20;
/* Blocks with all uploads together: 32 MiB, and how many are kept for later: 4 MiB. */
enum { POOL_BLOCKS = 256, POOL_IDLE = 32 };

void intake_pool_init(struct intake_pool *pool)
{
	*pool = (struct intake_pool){ .processors = processor_count() };
	lock_init(&pool->lock, LOCK_LEAF);
}

void intake_pool_destroy(struct intake_pool *pool)
{
	CHECK(!pool->given && !pool->hashers);
	for (size_t i = 0; i < pool->idle.n; i++)
		free(pool->idle.items[i]);
	VEC_FREE(&pool->idle);
	lock_destroy(&pool->lock);
}

/* NULL: the budget is spent. */
static struct intake_block *pool_take(struct intake_pool *pool)
{
	struct intake_block *block = NULL;
	lock_take(&pool->lock);
	bool may = pool->given < POOL_BLOCKS;
	if (may) {
		pool->given++;
		if (pool->idle.n)
			block = pool->idle.items[--pool->idle.n];
	}
	lock_release(&pool->lock);
	if (may && !block) {
		block = malloc(sizeof(*block));
		CHECK(block);
	}
	if (block)
		block->n = 0;
	return block;
}

static void pool_give(struct intake_pool *pool, struct intake_block *block)
{
	lock_take(&pool->lock);
	pool->given--;
	bool keep = pool->idle.n < POOL_IDLE;
	if (keep)
		VEC_PUSH(&pool->idle, block);
	lock_release(&pool->lock);
	if (!keep)
		free(block);
}

static bool pool_hasher(struct intake_pool *pool, bool more)
{
	lock_take(&pool->lock);
	bool may = !more || pool->hashers < pool->processors;
	if (may)
		pool->hashers += more ? 1 : (unsigned)-1;
	lock_release(&pool->lock);
	return may;
}

void intake_init(
	struct intake *intake, struct intake_pool *pool, intake_append append, void *context)
{
	*intake = (struct intake){ .pool = pool, .append = append, .context = context };
	lock_init(&intake->lock, LOCK_LEAF);
	lock_cond_init(&intake->changed);
}

static void hash_waiting(void *argument)
{
	struct intake *intake = argument;
	lock_take(&intake->lock);
	for (;;) {
		while (!intake->waiting_count && !intake->stopping)
			lock_cond_wait(&intake->changed, &intake->lock);
		if (!intake->waiting_count)
			break;
		struct intake_block *block = intake->waiting[0];
		lock_release(&intake->lock);
		digest_update(&intake->digest, block->bytes, block->n);
		lock_take(&intake->lock);
		intake->waiting_count--;
		memmove(intake->waiting, intake->waiting + 1,
			intake->waiting_count * sizeof(struct intake_block *));
		intake->spare[intake->spare_count++] = block;
		lock_cond_broadcast(&intake->changed);
	}
	lock_release(&intake->lock);
}

/* A thread that cannot be had is no failure: the digest is computed here then. */
static void start_thread(struct intake *intake)
{
	if (intake->threaded || intake->taken < threaded_bytes || !pool_hasher(intake->pool, true))
		return;
	if (thread_start("upload-hash", hash_waiting, intake, &intake->thread, NULL) < 0)
		pool_hasher(intake->pool, false);
	else
		intake->threaded = true;
}

static void wait_hashed(struct intake *intake)
{
	if (!intake->threaded)
		return;
	lock_take(&intake->lock);
	while (intake->waiting_count)
		lock_cond_wait(&intake->changed, &intake->lock);
	lock_release(&intake->lock);
}

static struct intake_block *take_spare(struct intake *intake, bool wait)
{
	struct intake_block *block = NULL;
	lock_take(&intake->lock);
	while (wait && !intake->spare_count && intake->waiting_count)
		lock_cond_wait(&intake->changed, &intake->lock);
	if (intake->spare_count)
		block = intake->spare[--intake->spare_count];
	lock_release(&intake->lock);
	if (block)
		block->n = 0;
	return block;
}

/* A block to fill, or NULL: none is to be had. */
static struct intake_block *next_block(struct intake *intake)
{
	struct intake_block *block = take_spare(intake, false);
	if (!block && intake->blocks < INTAKE_BLOCKS) {
		block = pool_take(intake->pool);
		intake->blocks += block != NULL;
	}
	return block ? block : take_spare(intake, true);
}

/* The filled block becomes part of the file and goes to the digest. */
static int seal(struct intake *intake, struct err *err)
{
	struct intake_block *block = intake->filling;
	int result = intake->append(intake->context, block->bytes, block->n, err);
	if (result < 0)
		return err_trace(err, result);
	start_thread(intake);
	if (!intake->threaded) {
		digest_update(&intake->digest, block->bytes, block->n);
		block->n = 0;
		return 0;
	}
	intake->filling = NULL;
	lock_take(&intake->lock);
	intake->waiting[intake->waiting_count++] = block;
	lock_cond_broadcast(&intake->changed);
	lock_release(&intake->lock);
	return 0;
}

static int write_through(struct intake *intake, const void *bytes, size_t n, struct err *err)
{
	int result = intake->append(intake->context, bytes, n, err);
	if (result < 0)
		return err_trace(err, result);
	wait_hashed(intake);
	digest_update(&intake->digest, bytes, n);
	return 0;
}

int intake_write(struct intake *intake, const void *bytes, size_t n, struct err *err)
{
	const unsigned char *at = bytes;
	bool direct = intake->taken < direct_bytes;
	intake->taken += n;
	int result = 0;
	while (n && result == 0) {
		if (!direct && !intake->filling)
			intake->filling = next_block(intake);
		if (!intake->filling)
			return write_through(intake, at, n, err);
		struct intake_block *block = intake->filling;
		size_t room = INTAKE_BLOCK - block->n;
		size_t step = n < room ? n : room;
		memcpy(block->bytes + block->n, at, step);
		block->n += step;
		at += step;
		n -= step;
		if (block->n == INTAKE_BLOCK)
			result = seal(intake, err);
	}
	return result;
}

int intake_settle(struct intake *intake, struct err *err)
{
	int result = 0;
	if (intake->filling && intake->filling->n)
		result = seal(intake, err);
	wait_hashed(intake);
	return result;
}

void intake_end(struct intake *intake)
{
	if (intake->threaded) {
		lock_take(&intake->lock);
		intake->stopping = true;
		lock_cond_broadcast(&intake->changed);
		lock_release(&intake->lock);
		thread_join(intake->thread);
		pool_hasher(intake->pool, false);
	}
	if (intake->filling)
		pool_give(intake->pool, intake->filling);
	for (size_t i = 0; i < intake->spare_count; i++)
		pool_give(intake->pool, intake->spare[i]);
	lock_cond_destroy(&intake->changed);
	lock_destroy(&intake->lock);
}
