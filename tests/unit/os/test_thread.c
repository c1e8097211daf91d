/* SPDX-License-Identifier: Apache-2.0 */
/* Locks: mutual exclusion, conditions with a time limit, and death on a falling rank. */
#include "os/thread.h"

#include "os/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 8, ROUNDS = 2000 };

struct counter {
	struct lock lock;
	struct lock_cond changed;
	unsigned value;
	sigset_t mask;
};

static void count_up(void *argument)
{
	struct counter *counter = argument;
	for (int i = 0; i < ROUNDS; i++) {
		lock_take(&counter->lock);
		counter->value++;
		lock_cond_signal(&counter->changed);
		lock_release(&counter->lock);
	}
}

static void counter_init(struct counter *counter)
{
	*counter = (struct counter){ .value = 0 };
	lock_init(&counter->lock, LOCK_LEAF);
	lock_cond_init(&counter->changed);
}

static void counter_destroy(struct counter *counter)
{
	lock_cond_destroy(&counter->changed);
	lock_destroy(&counter->lock);
}

static void a_lock_excludes(void **state)
{
	(void)state;
	struct counter counter;
	counter_init(&counter);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(thread_start("count", count_up, &counter, &threads[i], NULL), 0);
	lock_take(&counter.lock);
	while (counter.value < THREADS * ROUNDS)
		lock_cond_wait(&counter.changed, &counter.lock);
	lock_release(&counter.lock);
	for (int i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	assert_int_equal(counter.value, THREADS * ROUNDS);
	counter_destroy(&counter);
}

static void waiting_ends_with_its_time(void **state)
{
	(void)state;
	struct counter counter;
	counter_init(&counter);
	int64_t began = clock_monotonic(os_clock());
	lock_take(&counter.lock);
	while (lock_cond_wait_us(&counter.changed, &counter.lock, 20000))
		; /* woken without reason */
	lock_release(&counter.lock);
	assert_true(clock_monotonic(os_clock()) - began >= 20000);
	counter_destroy(&counter);
}

static void note_mask(void *argument)
{
	struct counter *counter = argument;
	pthread_sigmask(SIG_SETMASK, NULL, &counter->mask);
}

static void threads_get_no_signals(void **state)
{
	(void)state;
	struct counter counter;
	counter_init(&counter);
	pthread_t thread;
	assert_int_equal(
		thread_start("a name that is far too long", note_mask, &counter, &thread, NULL), 0);
	thread_join(thread);
	assert_true(sigismember(&counter.mask, SIGTERM));
	sigset_t mine;
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	assert_false(sigismember(&mine, SIGTERM));
	counter_destroy(&counter);
}

/* Runs fn in a child and tells whether it was aborted. */
static int aborts(void (*fn)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL); /* cmocka has its own handler */
		close(STDERR_FILENO);
		fn();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static struct lock outer;
static struct lock inner;

static void take_in_order(void)
{
	lock_take(&outer);
	lock_take(&inner);
	lock_release(&outer);
	lock_release(&inner);
	lock_take(&outer);
	lock_release(&outer);
}

static void take_against_order(void)
{
	lock_take(&inner);
	lock_take(&outer);
}

static void take_twice(void)
{
	lock_take(&outer);
	lock_take(&outer);
}

static void release_what_is_not_held(void)
{
	lock_release(&outer);
}

static void a_falling_rank_aborts(void **state)
{
	(void)state;
	lock_init(&outer, LOCK_DB_WRITER);
	lock_init(&inner, LOCK_LEAF);
	assert_false(aborts(take_in_order));
	assert_true(aborts(take_against_order));
	assert_true(aborts(take_twice));
	assert_true(aborts(release_what_is_not_held));
	lock_destroy(&inner);
	lock_destroy(&outer);
}

static void the_clock_has_its_offset(void **state)
{
	(void)state;
	int64_t real = (int64_t)time(NULL) * 1000000;
	int64_t shifted = clock_wall(os_clock());
	assert_true(shifted - real > 86399 * INT64_C(1000000));
	assert_true(shifted - real < 86402 * INT64_C(1000000));
	int64_t before = clock_monotonic(os_clock());
	assert_true(clock_monotonic(os_clock()) >= before);
	assert_true(processor_count() >= 1);
}

int main(void)
{
	setenv("LAZARET_CLOCK_OFFSET", "86400", 1); /* before anything reads the clock */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_excludes),
		cmocka_unit_test(waiting_ends_with_its_time),
		cmocka_unit_test(threads_get_no_signals),
		cmocka_unit_test(a_falling_rank_aborts),
		cmocka_unit_test(the_clock_has_its_offset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
