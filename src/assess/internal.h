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

enum { ASSESS_AGAIN = 1 }; /* outcome: what was judged by is no longer current */

/* --- judging (judge.c) */
/* Inside a write: stores a judgement, unless it was stored by this snapshot meanwhile, and notes
 * what changed against an older one. */
int assess_put_judgement(struct db_conn *c, struct arena *arena, int64_t package, int64_t platform,
	struct str snapshot, bool not_evaluated, const struct match *matches, size_t count,
	struct err *err) MUST_CHECK;
void assess_count(struct severity_counts *sum, const struct severity_counts *counts);
/* The verdict's sentence, then what the scan remarked on, which stands behind a line break. */
struct str assess_with_remark(struct arena *arena, struct str verdict, struct str before);

/*
 * Moves the judgements and verdicts that rest on other snapshots to the current one, package by
 * package (move.c). What it leaves, because it could not be judged or came in between, is found as
 * stale by the sweep. *images: verdicts that were looked at.
 */
int assess_move(struct assess *assess, uint64_t *images, struct err *err) MUST_CHECK;

/* --- the thread (rejudge.c) */
bool assess_is_stopping(struct assess *assess);
void assess_rejudge_thread(void *assess);

#endif
