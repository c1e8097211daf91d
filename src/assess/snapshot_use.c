/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which snapshot is in force, and open handles on it. A handle belongs to one thread at a time, so
 * idle ones are kept in a small pool and given out; when the pointer moves on, the idle ones are
 * closed and those in use are closed on their return.
 *
 * The pointer file is the truth: it is read on every take (some bytes), so a new image is judged by
 * a new snapshot at once, without waiting for the watching thread.
 */
#include "assess/internal.h"

#include "base/log.h"

static const size_t idle_max = 8;

static void close_idle_locked(struct assess *assess)
{
	for (size_t i = 0; i < assess->idle.n; i++)
		snapshot_close(&assess->idle.items[i]);
	assess->idle.n = 0;
}

void assess_snapshots_close(struct assess *assess)
{
	lock_take(&assess->lock);
	close_idle_locked(assess);
	VEC_FREE(&assess->idle);
	lock_release(&assess->lock);
}

static void note_current(struct assess *assess, const char *id, bool *switched)
{
	char before[SNAPSHOT_ID_TEXT];
	lock_take(&assess->lock);
	*switched = strcmp(assess->current, id) != 0;
	memcpy(before, assess->current, sizeof(before));
	if (*switched) {
		memccpy(assess->current, id, '\0', sizeof(assess->current));
		atomic_fetch_add(&assess->generation, 1);
		close_idle_locked(assess);
		lock_cond_broadcast(&assess->wake);
	}
	lock_release(&assess->lock);
	if (*switched)
		log_event(EV_SNAPSHOT_SWITCH, F_CSTR("from", before), F_CSTR("to", id));
}

int assess_look(struct assess *assess, bool *switched, struct err *err)
{
	char id[SNAPSHOT_ID_TEXT] = "";
	int rc = snapshot_current_id(assess->data_dir, id, err);
	if (rc < 0)
		return err_wrap(err, rc, "reading which advisories are current");
	if (rc == SNAPSHOT_NONE)
		id[0] = '\0';
	note_current(assess, id, switched);
	return 0;
}

int assess_snapshot_take(struct assess *assess, struct snapshot_use *use, struct err *err)
{
	bool switched;
	*use = (struct snapshot_use){ 0 };
	int rc = assess_look(assess, &switched, err);
	if (rc < 0)
		return err_trace(err, rc);
	lock_take(&assess->lock);
	use->generation = atomic_load(&assess->generation);
	memcpy(use->id, assess->current, sizeof(use->id));
	if (assess->idle.n)
		use->snapshot = assess->idle.items[--assess->idle.n];
	lock_release(&assess->lock);
	if (use->snapshot || !use->id[0])
		return 0;
	rc = snapshot_open_current(assess->data_dir, &use->snapshot, err);
	if (rc < 0)
		return err_wrap(err, rc, "opening the current advisories");
	if (rc == SNAPSHOT_NONE)
		return err_set(err, EAGAIN, "the current advisories have gone while being opened");
	/* The pointer may have moved between the look and the open: the judgement is by what is
	 * open, and the generation then refuses its write. */
	struct str id = snapshot_id(use->snapshot);
	CHECK(id.n < sizeof(use->id));
	memcpy(use->id, id.p, id.n);
	use->id[id.n] = '\0';
	return 0;
}

void assess_snapshot_give(struct assess *assess, struct snapshot_use *use)
{
	if (!use->snapshot)
		return;
	lock_take(&assess->lock);
	if (!assess->stopping && assess->idle.n < idle_max &&
		strcmp(assess->current, use->id) == 0) {
		VEC_PUSH(&assess->idle, use->snapshot);
		use->snapshot = NULL;
	}
	lock_release(&assess->lock);
	snapshot_close(&use->snapshot);
}
