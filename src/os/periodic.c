/* SPDX-License-Identifier: Apache-2.0 */
/* Contract in periodic.h. The pause is a wait that the stop ends early. */
#include "os/periodic.h"

#include "base/check.h"
#include "os/thread.h"

#include <stdlib.h>

struct periodic {
	void (*fn)(void *argument);
	void *argument;
	int64_t pause_us;
	pthread_t thread;
	struct lock lock;
	struct lock_cond wake;
	bool stopping; /* under lock */
};

/* True: it is time again; false: to stop. */
static bool pause_once(struct periodic *periodic)
{
	lock_take(&periodic->lock);
	while (!periodic->stopping &&
		lock_cond_wait_us(&periodic->wake, &periodic->lock, periodic->pause_us))
		;
	bool again = !periodic->stopping;
	lock_release(&periodic->lock);
	return again;
}

static void run(void *argument)
{
	struct periodic *periodic = argument;
	do {
		periodic->fn(periodic->argument);
	} while (pause_once(periodic));
}

static void destroy(struct periodic *periodic)
{
	lock_cond_destroy(&periodic->wake);
	lock_destroy(&periodic->lock);
	free(periodic);
}

int periodic_start(const char *name, void (*fn)(void *argument), void *argument, int64_t pause_us,
	struct periodic **periodic, struct err *err)
{
	struct periodic *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->fn = fn;
	made->argument = argument;
	made->pause_us = pause_us;
	lock_init(&made->lock, LOCK_LEAF);
	lock_cond_init(&made->wake);
	int result = thread_start(name, run, made, &made->thread, err);
	if (result < 0) {
		destroy(made);
		return err_trace(err, result);
	}
	*periodic = made;
	return 0;
}

void periodic_stop(struct periodic **periodic)
{
	struct periodic *ending = *periodic;
	*periodic = NULL;
	if (!ending)
		return;
	lock_take(&ending->lock);
	ending->stopping = true;
	lock_cond_signal(&ending->wake);
	lock_release(&ending->lock);
	thread_join(ending->thread);
	destroy(ending);
}
