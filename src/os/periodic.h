/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that does something again and again until it is stopped. */
#ifndef OS_PERIODIC_H
#define OS_PERIODIC_H

#include "base/err.h"

#include <stdint.h>

struct periodic;

/* fn(argument) on a thread of its own: at once, then pause_us after each return. */
int periodic_start(const char *name, void (*fn)(void *argument), void *argument, int64_t pause_us,
	struct periodic **periodic, struct err *err) MUST_CHECK;
/* Waits for a running fn; no later one comes. Nulls *periodic, which may be NULL. */
void periodic_stop(struct periodic **periodic);

#endif
