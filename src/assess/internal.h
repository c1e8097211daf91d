/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share. The generation counts switches of the snapshot pointer as
 * this process has seen them: whoever judges notes it first, and a write that finds another one in
 * its transaction is refused, so that judgements by an older snapshot never come after newer ones.
 */
#ifndef ASSESS_INTERNAL_H
#define ASSESS_INTERNAL_H

#include "assess/assess.h"
#include "base/vec.h"
#include "os/thread.h"

#include <stdatomic.h>

enum { SNAPSHOT_ID_TEXT = 65 };

struct assess {
	struct assess_settings settings;
	char *data_dir;
	struct lock lock; /* LOCK_ASSESS */
	struct lock_cond wake;
	char current[SNAPSHOT_ID_TEXT]; /* empty: none yet; under lock */
	char settled[SNAPSHOT_ID_TEXT]; /* the sweep found nothing stale for this one; under lock */
	bool has_settled;		/* settled is set, possibly to "none" */
	char built_for[SNAPSHOT_ID_TEXT]; /* built_us is of this snapshot; under lock */
	int64_t built_us;
	bool stopping;		     /* under lock */
	VEC(struct snapshot *) idle; /* open, all of the current snapshot; under lock */
	atomic_uint_fast64_t generation;
	pthread_t thread;
};

/* --- the snapshot in use (snapshot_use.c) */
struct snapshot_use {
	struct snapshot *snapshot; /* NULL: nothing was imported yet */
	char id[SNAPSHOT_ID_TEXT]; /* empty: none */
	uint64_t generation;
};
/* Looks at the pointer; true when it names another snapshot than before. */
int assess_look(struct assess *assess, bool *switched, struct err *err) MUST_CHECK;
int assess_snapshot_take(
	struct assess *assess, struct snapshot_use *use, struct err *err) MUST_CHECK;
void assess_snapshot_give(struct assess *assess, struct snapshot_use *use);
void assess_snapshots_close(struct assess *assess);

/* --- the thread (rejudge.c) */
void assess_rejudge_thread(void *assess);

#endif
