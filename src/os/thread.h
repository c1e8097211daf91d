/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and locks. A lock has a class with a rank: a thread may only take locks of rising rank,
 * checked with CHECK() in every build (a thread-local word), so a possible deadlock dies in tests.
 */
#ifndef OS_THREAD_H
#define OS_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum lock_rank { /* ranks in locks.def order: outer first */
#define LOCK(id, doc) id,
#include "os/locks.def"
#undef LOCK
	LOCK_RANK_COUNT
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank rank;
};
struct lock_cond {
	pthread_cond_t cond; /* on the monotonic clock */
};

void lock_init(struct lock *lock, enum lock_rank rank);
void lock_destroy(struct lock *lock);
void lock_take(struct lock *lock);
void lock_release(struct lock *lock);
void lock_cond_init(struct lock_cond *cond);
void lock_cond_destroy(struct lock_cond *cond);
void lock_cond_wait(struct lock_cond *cond, struct lock *lock);
bool lock_cond_wait_us(
	struct lock_cond *cond, struct lock *lock, int64_t us); /* false: time ran out */
void lock_cond_signal(struct lock_cond *cond);
void lock_cond_broadcast(struct lock_cond *cond);

/* A named thread that is joined later; all signals are blocked in it. */
int thread_start(const char *name, void (*fn)(void *argument), void *argument, pthread_t *thread,
	struct err *err) MUST_CHECK;
void thread_join(pthread_t thread);
unsigned processor_count(void);

#endif
