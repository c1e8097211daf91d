/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time is injected: code that needs the time gets a const struct clock *, never asks the system.
 * os/clock.h has the real one; tests make their own. Any thread (implementations must be safe).
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t (*wall_us)(void *context);	/* microseconds since 1970-01-01 UTC; may jump */
	int64_t (*monotonic_us)(void *context); /* for durations; never goes back */
	void *context;
};

static inline int64_t clock_wall(const struct clock *clock)
{
	return clock->wall_us(clock->context);
}

static inline int64_t clock_monotonic(const struct clock *clock)
{
	return clock->monotonic_us(clock->context);
}

#endif
