/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker process as the pool sees it. Inside scan/ only. A worker_process belongs to the thread
 * that has it; only worker_process_disturb() may come from another one, under the pool's lock.
 */
#ifndef SCAN_WORKER_PROCESS_H
#define SCAN_WORKER_PROCESS_H

#include "base/strbuf.h"
#include "inventory/protocol.h"
#include "scan/worker_pool.h"

#include <sys/types.h>

enum { WORKER_WORDS_MAX = 256 };

struct worker_process {
	pid_t pid;  /* 0: not running */
	int socket; /* -1: not running */
	int words;  /* reading end of its stderr; -1: not running */
	unsigned requests;
	char sandbox[WORKER_WORDS_MAX]; /* what it said in its hello */
};

int worker_process_start(struct worker_process *process, const char *program,
	const struct worker_budget *budget, struct err *err) MUST_CHECK;
/* Ends it at once. reason (WORKER_WORDS_MAX) gets what ended it if it had ended by itself. */
void worker_process_end(
	struct worker_process *process, const struct worker_budget *budget, char *reason);
/* Makes a conversation that waits for this worker fail soon. */
void worker_process_disturb(struct worker_process *process);
/* Starts counting processor time and wall clock from now. */
struct frame_deadline worker_process_allow(
	const struct worker_process *process, const struct worker_budget *budget);

#endif
