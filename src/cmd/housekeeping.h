/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running server does for itself now and then: rounds of the garbage collector. A failure is
 * logged and tried again at the next round; it never stops the server, because a full disk must not
 * keep anybody from pulling.
 */
#ifndef CMD_HOUSEKEEPING_H
#define CMD_HOUSEKEEPING_H

#include "cmd/config.h"
#include "registry/gc.h"

struct housekeeping;

struct registry_gc_policy housekeeping_policy(const struct config *config);
/* The first round begins at once, on a thread of its own. */
int housekeeping_start(struct registry *registry, const struct config *config,
	struct housekeeping **keeper, struct err *err) MUST_CHECK;
void housekeeping_stop(struct housekeeping **keeper); /* waits for a running round */

#endif
