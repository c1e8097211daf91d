/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and ranked locks (contract in thread.h). Which ranks a thread holds is one bit each in a
 * thread-local word; taking a lock demands that neither its own bit nor any higher one is set, so
 * two locks of one rank can never be held together and a cycle between ranks cannot form. Waiting
 * on a condition gives the bit back for the wait, as the mutex itself is.
 */
#include "os/thread.h"

#include "base/check.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(LOCK_RANK_COUNT <= 64, "one bit of a 64-bit word per lock rank");

static __thread uint64_t held_ranks;

static uint64_t rank_bit(const struct lock *lock)
{
	CHECK(lock->rank < LOCK_RANK_COUNT);
	return UINT64_C(1) << lock->rank;
}

void lock_init(struct lock *lock, enum lock_rank rank)
{
	CHECK(rank < LOCK_RANK_COUNT);
	lock->rank = rank;
	CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
}

void lock_destroy(struct lock *lock)
{
	CHECK(pthread_mutex_destroy(&lock->mutex) == 0);
}

void lock_take(struct lock *lock)
{
	uint64_t bit = rank_bit(lock);
	CHECK(held_ranks < bit); /* ranks must rise */
	CHECK(pthread_mutex_lock(&lock->mutex) == 0);
	held_ranks |= bit;
}

void lock_release(struct lock *lock)
{
	uint64_t bit = rank_bit(lock);
	CHECK(held_ranks & bit);
	held_ranks &= ~bit;
	CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
}

void lock_cond_init(struct lock_cond *cond)
{
	pthread_condattr_t attributes;
	CHECK(pthread_condattr_init(&attributes) == 0);
	CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_cond_init(&cond->cond, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
}

void lock_cond_destroy(struct lock_cond *cond)
{
	CHECK(pthread_cond_destroy(&cond->cond) == 0);
}

void lock_cond_wait(struct lock_cond *cond, struct lock *lock)
{
	uint64_t bit = rank_bit(lock);
	CHECK(held_ranks & bit);
	held_ranks &= ~bit;
	CHECK(pthread_cond_wait(&cond->cond, &lock->mutex) == 0);
	held_ranks |= bit;
}

bool lock_cond_wait_us(struct lock_cond *cond, struct lock *lock, int64_t us)
{
	uint64_t bit = rank_bit(lock);
	CHECK(held_ranks & bit);
	struct timespec until;
	CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	if (us < 0)
		us = 0;
	until.tv_sec += us / 1000000;
	until.tv_nsec += us % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	held_ranks &= ~bit;
	int result = pthread_cond_timedwait(&cond->cond, &lock->mutex, &until);
	held_ranks |= bit;
	CHECK(result == 0 || result == ETIMEDOUT);
	return result == 0;
}

void lock_cond_signal(struct lock_cond *cond)
{
	CHECK(pthread_cond_signal(&cond->cond) == 0);
}

void lock_cond_broadcast(struct lock_cond *cond)
{
	CHECK(pthread_cond_broadcast(&cond->cond) == 0);
}

struct beginning {
	void (*fn)(void *argument);
	void *argument;
	char name[16]; /* what the kernel keeps of a thread's name, with the NUL */
};

static void *run(void *pointer)
{
	struct beginning beginning = *(struct beginning *)pointer;
	free(pointer);
	pthread_setname_np(pthread_self(), beginning.name);
	beginning.fn(beginning.argument);
	CHECK(held_ranks == 0); /* a lock left behind would block somebody for ever */
	return NULL;
}

int thread_start(const char *name, void (*fn)(void *argument), void *argument, pthread_t *thread,
	struct err *err)
{
	struct beginning *beginning = calloc(1, sizeof(*beginning));
	CHECK(beginning);
	beginning->fn = fn;
	beginning->argument = argument;
	snprintf(beginning->name, sizeof(beginning->name), "%s", name);
	/* The new thread inherits the mask, so no signal can arrive in it even at its first
	 * instruction. */
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	int result = pthread_create(thread, NULL, run, beginning);
	CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (result != 0) {
		free(beginning);
		errno = result;
		return err_sys(err, "starting thread %s", name);
	}
	return 0;
}

void thread_join(pthread_t thread)
{
	CHECK(pthread_join(thread, NULL) == 0);
}

unsigned processor_count(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	int count = CPU_COUNT(&set);
	return count > 0 ? (unsigned)count : 1;
}
