/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real clock (contract in clock.h): CLOCK_REALTIME plus the test offset, and CLOCK_MONOTONIC,
 * both through the vDSO, so reading the time costs no system call. The offset is read once; one
 * that is not a whole number of seconds counts as 0.
 */
#include "os/clock.h"

#include "base/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static int64_t offset_us;
static pthread_once_t offset_once = PTHREAD_ONCE_INIT;

static int64_t read_us(clockid_t id)
{
	struct timespec now;
	CHECK(clock_gettime(id, &now) == 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void read_offset(void)
{
	const char *text = getenv("LAZARET_CLOCK_OFFSET");
	if (!text || !*text)
		return;
	char *end;
	errno = 0;
	long long seconds = strtoll(text, &end, 10);
	int64_t us;
	if (errno || *end || __builtin_mul_overflow(seconds, 1000000, &us))
		return;
	offset_us = us;
}

static int64_t wall_us(void *context)
{
	(void)context;
	pthread_once(&offset_once, read_offset);
	return read_us(CLOCK_REALTIME) + offset_us;
}

static int64_t monotonic_us(void *context)
{
	(void)context;
	return read_us(CLOCK_MONOTONIC);
}

const struct clock *os_clock(void)
{
	static const struct clock clock = { .wall_us = wall_us, .monotonic_us = monotonic_us };
	return &clock;
}
