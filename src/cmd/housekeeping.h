/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running server does for itself now and then: at present, clearing away uploads that nobody
 * continues. A failure is logged and tried again at the next round; it never stops the server,
 * because a full disk must not keep anybody from pulling.
 */
#ifndef CMD_HOUSEKEEPING_H
#define CMD_HOUSEKEEPING_H

#include "registry/registry.h"

struct housekeeping;

/* The first round begins at once, on a thread of its own. */
int housekeeping_start(
	struct registry *registry, struct housekeeping **keeper, struct err *err) MUST_CHECK;
void housekeeping_stop(struct housekeeping **keeper); /* waits for a running round */

#endif
