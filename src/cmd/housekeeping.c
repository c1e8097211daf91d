/* SPDX-License-Identifier: Apache-2.0 */
/* The housekeeping thread (contract in housekeeping.h): a round, then an hour's wait that a stop
 * ends early. */
#include "cmd/housekeeping.h"

#include "base/log.h"
#include "os/thread.h"

#include <stdlib.h>

static const int64_t pause_us = (int64_t)3600 * 1000000;

struct housekeeping {
	struct registry *registry;
	pthread_t thread;
	struct lock lock;
	struct lock_cond wake;
	bool stopping; /* under lock */
};

static void do_round(struct housekeeping *keeper)
{
	struct err err = ERR_INIT;
	if (registry_sweep(keeper->registry, &err) < 0)
		log_event(EV_SWEEP_FAILED, F_ERR(&err));
}

/* True: it is time for the next round; false: to stop. */
static bool pause_round(struct housekeeping *keeper)
{
	lock_take(&keeper->lock);
	while (!keeper->stopping && lock_cond_wait_us(&keeper->wake, &keeper->lock, pause_us))
		;
	bool again = !keeper->stopping;
	lock_release(&keeper->lock);
	return again;
}

static void keep_house(void *argument)
{
	struct housekeeping *keeper = argument;
	do {
		do_round(keeper);
	} while (pause_round(keeper));
}

static void destroy(struct housekeeping *keeper)
{
	lock_cond_destroy(&keeper->wake);
	lock_destroy(&keeper->lock);
	free(keeper);
}

int housekeeping_start(struct registry *registry, struct housekeeping **keeper, struct err *err)
{
	struct housekeeping *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->registry = registry;
	lock_init(&made->lock, LOCK_LEAF);
	lock_cond_init(&made->wake);
	int r = thread_start("housekeeping", keep_house, made, &made->thread, err);
	if (r < 0) {
		destroy(made);
		return err_trace(err, r);
	}
	*keeper = made;
	return 0;
}

void housekeeping_stop(struct housekeeping **keeper)
{
	struct housekeeping *ending = *keeper;
	*keeper = NULL;
	if (!ending)
		return;
	lock_take(&ending->lock);
	ending->stopping = true;
	lock_cond_signal(&ending->wake);
	lock_release(&ending->lock);
	thread_join(ending->thread);
	destroy(ending);
}
