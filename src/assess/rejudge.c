/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the snapshot pointer and, when it names another snapshot, judges the stored images again
 * from their package sets; no layer is opened. Each (package, platform) pair is judged once,
 * because the first image that holds it stores the judgement for all others. Old verdicts stay in
 * force until they are replaced, image by image.
 *
 * The sweep asks the database for images whose verdict rests on another snapshot until there are
 * none: that, and not a list made beforehand, proves that no push that raced with the switch was
 * missed.
 */
#include "assess/internal.h"

#include "base/log.h"

enum { BATCH = 200, BATCH_MAX = 1 << 20, POLL_MS_DEFAULT = 500 };

/* A sweep that left images unjudged is tried again after 1, 2, 4 … polls, at most this many. */
enum { PAUSE_POLLS_MAX = 128 };

struct batch {
	struct arena *arena;
	struct str snapshot;
	size_t most;
	struct str *digests;
	size_t count;
};

static int read_stale(struct db_conn *c, void *argument, struct err *err)
{
	struct batch *batch = argument;
	return store_image_stale(
		c, batch->arena, batch->snapshot, batch->most, batch->digests, &batch->count, err);
}

bool assess_is_stopping(struct assess *assess)
{
	lock_take(&assess->lock);
	bool stopping = assess->stopping;
	lock_release(&assess->lock);
	return stopping;
}

/* One batch of stale images. *left: how many were stale; *done: how many of them are judged. */
static int sweep_batch(struct assess *assess, const char *snapshot, size_t most, size_t *left,
	size_t *done, struct err *err)
{
	struct arena *arena = arena_new(0);
	struct batch batch = {
		.arena = arena,
		.snapshot = str_from(snapshot),
		.most = most,
		.digests = ARENA_ARRAY(arena, most, struct str),
	};
	int rc = store_read(assess->settings.store, read_stale, &batch, err);
	*left = batch.count;
	*done = 0;
	for (size_t i = 0; rc == 0 && i < batch.count && !assess_is_stopping(assess); i++) {
		struct err one = ERR_INIT;
		if (assess_image(assess, batch.digests[i], &one) == 0)
			(*done)++;
		else
			log_event(EV_STORE_FAILED, F_CSTR("work", "judging an image again"),
				F_STR("digest", batch.digests[i]), F_ERR(&one));
	}
	arena_free(&arena);
	return rc;
}

static void note_settled(struct assess *assess, const char *snapshot, uint64_t images)
{
	bool news;
	lock_take(&assess->lock);
	news = !assess->has_settled || strcmp(assess->settled, snapshot) != 0;
	memccpy(assess->settled, snapshot, '\0', sizeof(assess->settled));
	assess->has_settled = true;
	lock_release(&assess->lock);
	if (news && snapshot[0])
		log_event(EV_REJUDGE_DONE, F_CSTR("snapshot", snapshot), F_U64("images", images));
}

/*
 * Without a snapshot nothing can be stale: an image without verdict waits for its scan. The pointer
 * may move on during a sweep; each batch asks for what is current then, and only a look that finds
 * nothing stale for it ends the sweep. False: some could not be judged; that needs a pause.
 */
static bool sweep(struct assess *assess)
{
	uint64_t images = 0;
	size_t most = BATCH;
	struct err moved = ERR_INIT;
	int rc;
	do {
		rc = assess_move(assess, &images, &moved);
	} while (rc == ASSESS_AGAIN && !assess_is_stopping(assess));
	if (rc < 0) {
		log_event(EV_STORE_FAILED, F_CSTR("work", "judging by new advisories"),
			F_ERR(&moved));
		return false;
	}
	while (!assess_is_stopping(assess)) {
		char snapshot[SNAPSHOT_ID_TEXT];
		struct err err = ERR_INIT;
		size_t left = 0;
		size_t done = 0;
		assess_snapshot_id(assess, snapshot);
		if (snapshot[0] && sweep_batch(assess, snapshot, most, &left, &done, &err) < 0) {
			log_event(EV_STORE_FAILED, F_CSTR("work", "looking for stale verdicts"),
				F_ERR(&err));
			return false;
		}
		images += done;
		if (!left) {
			note_settled(assess, snapshot, images);
			return true;
		}
		/* A batch of nothing but images that cannot be judged hides the others behind it.
		 */
		if (!done && left == most && most < BATCH_MAX)
			most *= 4;
		else if (!done)
			return false;
	}
	return false;
}

static void look(struct assess *assess)
{
	bool switched;
	struct err err = ERR_INIT;
	if (assess_look(assess, &switched, &err) < 0)
		log_event(
			EV_STORE_FAILED, F_CSTR("work", "looking for new advisories"), F_ERR(&err));
}

/* True when there is reason to sweep: another snapshot, or a sweep that did not come to its end. */
static bool wait_for_work(struct assess *assess, int64_t poll_us)
{
	lock_take(&assess->lock);
	if (!assess->stopping)
		(void)lock_cond_wait_us(&assess->wake, &assess->lock, poll_us);
	bool work = !assess->stopping &&
		    (!assess->has_settled || strcmp(assess->current, assess->settled) != 0);
	lock_release(&assess->lock);
	return work;
}

void assess_rejudge_thread(void *argument)
{
	struct assess *assess = argument;
	unsigned ms = assess->settings.poll_ms ? assess->settings.poll_ms : POLL_MS_DEFAULT;
	unsigned pause = 1;
	while (!assess_is_stopping(assess)) {
		char swept[SNAPSHOT_ID_TEXT];
		look(assess);
		assess_snapshot_id(assess, swept);
		pause = sweep(assess) ? 1 : pause < PAUSE_POLLS_MAX ? pause * 2 : pause;
		for (unsigned polls = 1; !assess_is_stopping(assess); polls++) {
			char now[SNAPSHOT_ID_TEXT];
			bool work = wait_for_work(assess, (int64_t)ms * 1000);
			assess_snapshot_id(assess, now);
			if (work && (polls >= pause || strcmp(now, swept) != 0))
				break;
			look(assess);
		}
	}
}

bool assess_settled(struct assess *assess)
{
	bool switched;
	struct err err = ERR_INIT;
	if (assess_look(assess, &switched, &err) < 0)
		return false;
	lock_take(&assess->lock);
	bool settled = assess->has_settled && strcmp(assess->current, assess->settled) == 0;
	lock_release(&assess->lock);
	return settled;
}

void assess_snapshot_id(struct assess *assess, char out[65])
{
	lock_take(&assess->lock);
	memcpy(out, assess->current, sizeof(assess->current));
	lock_release(&assess->lock);
}

/* --- life */

int assess_start(const struct assess_settings *settings, struct assess **out, struct err *err)
{
	struct assess *assess = calloc(1, sizeof(*assess));
	CHECK(assess);
	assess->settings = *settings;
	assess->data_dir = strdup(settings->data_dir);
	CHECK(assess->data_dir);
	lock_init(&assess->lock, LOCK_ASSESS);
	lock_cond_init(&assess->wake);
	int rc = thread_start("rejudge", assess_rejudge_thread, assess, &assess->thread, err);
	if (rc < 0) {
		lock_cond_destroy(&assess->wake);
		lock_destroy(&assess->lock);
		free(assess->data_dir);
		free(assess);
		return err_wrap(err, rc, "starting the assessment");
	}
	*out = assess;
	return 0;
}

void assess_stop(struct assess **slot)
{
	struct assess *assess = *slot;
	if (!assess)
		return;
	lock_take(&assess->lock);
	assess->stopping = true;
	lock_cond_broadcast(&assess->wake);
	lock_release(&assess->lock);
	thread_join(assess->thread);
	assess_snapshots_close(assess);
	lock_cond_destroy(&assess->wake);
	lock_destroy(&assess->lock);
	free(assess->data_dir);
	free(assess);
	*slot = NULL;
}
