/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves what is known by an older snapshot to the current one (architecture §4): judge the packages
 * that the difference of the two snapshots may touch, once each; let all other judgements rest on
 * the new snapshot as they are; then add up every image again from the counts of its packages and
 * write those verdicts that came out otherwise. The work is that of the changed packages and one
 * pass over the package sets, whatever the number of images that hold a package.
 *
 * Each step is a bounded transaction, so pushes and reads go on in between; old verdicts stay in
 * force until replaced. Every write looks at the generation first: after another switch nothing
 * more is written by this snapshot and the move is begun anew. A push that judges a package first
 * leaves the same traces (judge.c writes through the same function), and a move that was
 * interrupted goes on from the database: what it had found is in match_event.
 *
 * Memory: about 100 bytes for each (package, platform). One thread: that of rejudge.c.
 */
#include "advisory/diff.h"
#include "assess/internal.h"
#include "assess/verdict.h"

#include "base/log.h"

enum {
	PAIRS_PER_READ = 5000,
	PACKAGES_PER_READ = 2000,
	PAIRS_PER_WRITE = 200,
	PACKAGES_PER_CARRY = 20000,
	TEXTS_PER_WRITE = 500,
	IMAGES_PER_STEP = 500,
	EVENTS_PER_FORGET = 100000,
};

/* Long enough for whoever reads them to come back after a holiday. */
static const int64_t EVENTS_KEPT_US = (int64_t)30 * 24 * 3600 * 1000000;

struct known_pair {
	struct store_pair stored;
	struct package *package; /* set for those to be judged */
	bool failed;		 /* could not be judged: its images are left as they are */
	uint32_t appeared, gone; /* by the current snapshot */
};

struct known_platform {
	int64_t id;
	struct platform value;
};

struct move {
	struct assess *assess;
	struct snapshot_use use;
	struct arena *arena; /* of the whole move */
	struct arena *step;  /* emptied after each step */
	int64_t after;	     /* row of the current snapshot */
	int64_t before;	     /* row of the snapshot the difference is taken to; 0: none */
	bool everything;     /* no difference is known */
	struct snapshot_diff diff;
	VEC(struct known_pair) pairs; /* by (package, platform) */
	VEC(struct known_platform) platforms;
	uint64_t judged, failed, images, changed;

	/* the step at hand */
	size_t from, to; /* pairs or texts */
	int64_t low, high, cursor;
	struct match_list *lists;
	struct store_verdict *verdicts;
	bool *put;
	struct store_image_event *events;
	size_t count;
};

static int check_current(const struct move *m)
{
	return atomic_load(&m->assess->generation) == m->use.generation ? 0 : ASSESS_AGAIN;
}

static int run_read(struct move *m, db_fn fn, struct err *err)
{
	return store_read(m->assess->settings.store, fn, m, err);
}

static int run_write(struct move *m, db_fn fn, struct err *err)
{
	return store_write(m->assess->settings.store, fn, m, err);
}

/* --- what is known */

static int ensure_row(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int rc = check_current(m);
	return rc ? rc : store_snapshot_ensure(c, str_from(m->use.id), &m->after, err);
}

static int read_pairs(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	struct store_pair *page = ARENA_ARRAY(m->step, PAIRS_PER_READ, struct store_pair);
	const struct store_pair *last = m->pairs.n ? &m->pairs.items[m->pairs.n - 1].stored : NULL;
	int rc = store_pairs(c, last ? last->package : 0, last ? last->platform : 0, page,
		PAIRS_PER_READ, &m->count, err);
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		AVEC_PUSH(m->arena, &m->pairs, ((struct known_pair){ .stored = page[i] }));
	return rc;
}

static int drop_events(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int rc = check_current(m);
	return rc ? rc : store_match_events_drop(c, m->after, err);
}

/* All pairs; the difference is taken to the newest snapshot that any of them was judged by. */
static int load_pairs(struct move *m, struct err *err)
{
	int rc;
	do {
		rc = run_read(m, read_pairs, err);
		arena_reset(m->step);
	} while (rc == 0 && m->count == PAIRS_PER_READ && !assess_is_stopping(m->assess));
	bool begun = false;
	for (size_t i = 0; i < m->pairs.n; i++) {
		int64_t row = m->pairs.items[i].stored.snapshot;
		begun |= row == m->after;
		if (row != m->after && row > m->before)
			m->before = row;
	}
	/* A snapshot that was in force before left events that are not those of this move. */
	if (rc == 0 && !begun)
		rc = run_write(m, drop_events, err);
	return rc;
}

static int read_before(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	struct str id = STR("");
	int rc = store_snapshot_name(c, m->arena, m->before, &id, err);
	if (rc < 0)
		return rc;
	struct snapshot *before = NULL;
	struct err why = ERR_INIT;
	m->everything = true;
	/* Gone, damaged or of an older format: then everything is judged again. */
	if (!id.n || snapshot_open(m->assess->data_dir, id, &before, &why) != 0)
		return 0;
	rc = snapshot_diff(before, m->use.snapshot, m->arena, &m->diff, err);
	snapshot_close(&before);
	m->everything = rc != 0;
	return rc;
}

static struct known_platform *platform_known(struct move *m, int64_t id)
{
	for (size_t i = 0; i < m->platforms.n; i++)
		if (m->platforms.items[i].id == id)
			return &m->platforms.items[i];
	return NULL;
}

static int platform_load(struct db_conn *c, struct move *m, int64_t id, struct err *err)
{
	if (platform_known(m, id))
		return 0;
	struct known_platform platform = { .id = id };
	int rc = store_platform_find(c, m->arena, id, &platform.value, err);
	if (rc == STORE_ABSENT)
		return err_set(err, EIO, "platform %lld is not in the database", (long long)id);
	if (rc == 0)
		AVEC_PUSH(m->arena, &m->platforms, platform);
	return rc;
}

/* --- which pairs are judged again */

static bool is_touched(struct move *m, const struct known_pair *pair, const struct package *p)
{
	if (pair->stored.snapshot == m->after)
		return false;
	return m->everything || pair->stored.snapshot != m->before ||
	       snapshot_diff_touches(&m->diff, m->step, p);
}

static struct package *package_copy(struct arena *arena, const struct package *package)
{
	struct package *copy = ARENA_NEW(arena, struct package);
	*copy = *package;
	struct str *const texts[] = { &copy->name, &copy->version, &copy->source_name,
		&copy->source_version, &copy->arch, &copy->module, &copy->licence,
		&copy->supplier };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = arena_str(arena, *texts[i]);
	return copy;
}

/* One page of packages, merged with the pairs, which stand in the same order. */
static int choose_page(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	struct package *packages = ARENA_ARRAY(m->step, PACKAGES_PER_READ, struct package);
	int64_t *ids = ARENA_ARRAY(m->step, PACKAGES_PER_READ, int64_t);
	int rc = store_packages(
		c, m->step, m->cursor, packages, ids, PACKAGES_PER_READ, &m->count, err);
	for (size_t i = 0; rc == 0 && i < m->count; i++) {
		struct package *copy = NULL;
		m->cursor = ids[i];
		for (; m->from < m->pairs.n && m->pairs.items[m->from].stored.package <= ids[i];
			m->from++) {
			struct known_pair *pair = &m->pairs.items[m->from];
			pair->failed = pair->stored.package != ids[i]; /* no such package */
			if (pair->failed || !is_touched(m, pair, &packages[i]))
				continue;
			if (!copy)
				copy = package_copy(m->arena, &packages[i]);
			pair->package = copy;
			rc = platform_load(c, m, pair->stored.platform, err);
			if (rc < 0)
				return rc;
		}
	}
	return rc;
}

static int choose(struct move *m, struct err *err)
{
	int rc;
	m->from = 0;
	m->cursor = 0;
	do {
		rc = run_read(m, choose_page, err);
		arena_reset(m->step);
	} while (rc == 0 && m->count == PACKAGES_PER_READ && !assess_is_stopping(m->assess));
	return rc;
}

/* --- judging them */

static int write_judged(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int rc = check_current(m);
	for (size_t i = m->from; rc == 0 && i < m->to; i++) {
		struct known_pair *pair = &m->pairs.items[i];
		const struct match_list *list = &m->lists[i - m->from];
		if (pair->package && !pair->failed)
			rc = assess_put_judgement(c, m->step, pair->stored.package,
				pair->stored.platform, str_from(m->use.id), list->not_evaluated,
				list->items.items, list->items.n, err);
	}
	return rc;
}

static void judge_one(struct move *m, struct known_pair *pair, struct match_list *list)
{
	struct err err = ERR_INIT;
	const struct platform *platform = &platform_known(m, pair->stored.platform)->value;
	m->judged++;
	if (snapshot_judge(m->use.snapshot, m->step, pair->package, platform, list, &err) == 0) {
		pair->stored.not_evaluated = list->not_evaluated;
		pair->stored.counts = (struct severity_counts){ 0 };
		for (size_t i = 0; i < list->items.n; i++)
			store_count_match(&pair->stored.counts, &list->items.items[i]);
		return;
	}
	pair->failed = true;
	m->failed++;
	log_event(EV_STORE_FAILED, F_CSTR("work", "judging a package again"),
		F_STR("package", pair->package->name), F_STR("version", pair->package->version),
		F_ERR(&err));
}

static int judge_touched(struct move *m, struct err *err)
{
	int rc = 0;
	for (m->to = 0; rc == 0 && m->to < m->pairs.n && !assess_is_stopping(m->assess);) {
		size_t most = m->pairs.n - m->to;
		size_t touched = 0;
		m->from = m->to;
		m->lists = ARENA_ARRAY(m->step, most < 4096 ? most : 4096, struct match_list);
		for (; m->to < m->pairs.n && m->to - m->from < 4096 && touched < PAIRS_PER_WRITE;
			m->to++) {
			struct known_pair *pair = &m->pairs.items[m->to];
			if (!pair->package || pair->failed)
				continue;
			judge_one(m, pair, &m->lists[m->to - m->from]);
			touched++;
		}
		if (touched)
			rc = run_write(m, write_judged, err);
		arena_reset(m->step);
	}
	return rc;
}

/* --- carrying the others */

static int write_carry(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int rc = check_current(m);
	return rc ? rc : store_pairs_carry(c, m->low, m->high, m->before, m->after, err);
}

/* Packages low <= id < high, in bounded steps. */
static int carry_range(struct move *m, int64_t low, int64_t high, struct err *err)
{
	int rc = 0;
	for (; rc == 0 && low < high; low = m->high) {
		m->low = low;
		m->high = high - low > PACKAGES_PER_CARRY ? low + PACKAGES_PER_CARRY : high;
		rc = run_write(m, write_carry, err);
	}
	return rc;
}

static int carry(struct move *m, struct err *err)
{
	int rc = 0;
	int64_t low = 0;
	for (size_t i = 0; rc == 0 && i < m->pairs.n; i++) {
		int64_t package = m->pairs.items[i].stored.package;
		if (!m->pairs.items[i].failed)
			continue;
		if (low < package)
			rc = carry_range(m, low, package, err);
		low = package + 1;
	}
	if (rc == 0 && m->pairs.n)
		rc = carry_range(m, low, m->pairs.items[m->pairs.n - 1].stored.package + 1, err);
	return rc;
}

static int write_texts(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int rc = check_current(m);
	for (size_t i = m->from; rc == 0 && i < m->to; i++) {
		const struct diff_text *text = &m->diff.texts.items[i];
		rc = store_vulnerability_text(c, text->vulnerability, text->title,
			text->published_us, text->modified_us, err);
	}
	return rc;
}

static int refresh_texts(struct move *m, struct err *err)
{
	int rc = 0;
	for (m->to = 0; rc == 0 && m->to < m->diff.texts.n;) {
		m->from = m->to;
		m->to += m->diff.texts.n - m->from > TEXTS_PER_WRITE ? TEXTS_PER_WRITE
								     : m->diff.texts.n - m->from;
		rc = run_write(m, write_texts, err);
	}
	return rc;
}

/* --- adding up the images */

static int compare_pair(int64_t package, int64_t platform, const struct store_pair *pair)
{
	if (package != pair->package)
		return package < pair->package ? -1 : 1;
	return platform < pair->platform ? -1 : platform > pair->platform;
}

static struct known_pair *pair_known(struct move *m, int64_t package, int64_t platform)
{
	size_t low = 0;
	size_t high = m->pairs.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct known_pair *pair = &m->pairs.items[middle];
		int order = compare_pair(package, platform, &pair->stored);
		if (order == 0)
			return pair;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int read_deltas(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	struct store_match_delta *page =
		ARENA_ARRAY(m->step, PAIRS_PER_READ, struct store_match_delta);
	int rc = store_match_deltas(
		c, m->after, m->low, m->high, page, PAIRS_PER_READ, &m->count, err);
	for (size_t i = 0; rc == 0 && i < m->count; i++) {
		struct known_pair *pair = pair_known(m, page[i].package, page[i].platform);
		m->low = page[i].package;
		m->high = page[i].platform;
		if (!pair)
			continue;
		pair->appeared = page[i].appeared;
		pair->gone = page[i].gone;
	}
	return rc;
}

static int load_deltas(struct move *m, struct err *err)
{
	int rc;
	m->low = 0;
	m->high = 0;
	do {
		rc = run_read(m, read_deltas, err);
		arena_reset(m->step);
	} while (rc == 0 && m->count == PAIRS_PER_READ);
	return rc;
}

/* False: a package of it is not judged by the current snapshot; the sweep sees to the image. */
static int add_up(struct move *m, size_t i, bool *whole, struct err *err)
{
	struct store_verdict *verdict = &m->verdicts[i];
	struct store_image_event *event = &m->events[i];
	struct store_verdict new = *verdict;
	int64_t *packages = NULL;
	size_t count = 0;
	*whole = false;
	*event = (struct store_image_event){
		.digest = verdict->digest, .snapshot_row = m->after, .before = verdict->state
	};
	int rc = store_set_packages(m->step, verdict->raw, &packages, &count, err);
	if (rc < 0)
		return err_wrap(err, rc, "image " STR_FMT, STR_ARG(verdict->digest));
	new.counts = (struct severity_counts){ 0 };
	new.not_evaluated = 0;
	for (size_t p = 0; p < count; p++) {
		const struct known_pair *pair = pair_known(m, packages[p], verdict->platform);
		if (!pair || pair->failed)
			return 0;
		assess_count(&new.counts, &pair->stored.counts);
		new.not_evaluated += pair->stored.not_evaluated;
		event->appeared += pair->appeared;
		event->gone += pair->gone;
	}
	const struct verdict_input input = {
		.snapshot = m->use.snapshot,
		.platform = &platform_known(m, verdict->platform)->value,
		.package_count = verdict->package_count,
		.not_evaluated = new.not_evaluated,
		.counts = &new.counts,
		.partial = image_reason_is_partial(verdict->reason),
	};
	struct str reason;
	new.state = verdict_of(m->step, &input, &reason);
	new.reason = assess_with_remark(m->step, reason, verdict->reason);
	m->put[i] = new.state != verdict->state || new.not_evaluated != verdict->not_evaluated ||
		    memcmp(&new.counts, &verdict->counts, sizeof(new.counts)) != 0 ||
		    !str_eq(new.reason, verdict->reason);
	event->after = new.state;
	*verdict = new;
	*whole = true;
	return 0;
}

static int read_images(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	m->verdicts = ARENA_ARRAY(m->step, IMAGES_PER_STEP, struct store_verdict);
	int rc = store_verdicts(
		c, m->step, m->low, m->cursor, m->verdicts, IMAGES_PER_STEP, &m->count, err);
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		rc = platform_load(c, m, m->verdicts[i].platform, err);
	return rc;
}

static int write_images(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int64_t now = clock_wall(m->assess->settings.clock);
	int rc = check_current(m);
	for (size_t i = 0; rc == 0 && i < m->count; i++) {
		struct store_image_event *event = &m->events[i];
		rc = m->put[i]
			     ? store_verdict_put(c, &m->verdicts[i], m->low, m->after, now, err)
			     : store_verdict_carry(c, m->verdicts[i].image, m->low, m->after, err);
		event->at_us = now;
		if (rc == 0 && (event->appeared || event->gone || event->before != event->after))
			rc = store_image_event_put(c, event, err);
	}
	return rc;
}

/* One step; m->count tells whether it was a full one. */
static int move_step(struct move *m, struct err *err)
{
	int rc = run_read(m, read_images, err);
	size_t read = m->count;
	size_t kept = 0;
	m->put = ARENA_ARRAY(m->step, read, bool);
	m->events = ARENA_ARRAY(m->step, read, struct store_image_event);
	for (size_t i = 0; rc == 0 && i < read; i++) {
		bool whole;
		m->cursor = m->verdicts[i].image;
		m->verdicts[kept] = m->verdicts[i];
		rc = add_up(m, kept, &whole, err);
		m->changed += rc == 0 && whole && m->put[kept];
		kept += rc == 0 && whole;
	}
	m->count = kept;
	if (rc == 0 && kept)
		rc = run_write(m, write_images, err);
	m->images += kept;
	m->count = read;
	arena_reset(m->step);
	return rc;
}

/* Row of the next snapshot that verdicts rest on, after m->low. */
static int next_row(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	return store_verdict_snapshot(c, m->low, &m->low, err);
}

static int move_images(struct move *m, struct err *err)
{
	int rc = load_deltas(m, err);
	m->low = 0;
	while (rc == 0 && (rc = run_read(m, next_row, err)) == 0) {
		m->cursor = 0;
		m->count = m->low == m->after ? 0 : IMAGES_PER_STEP;
		while (rc == 0 && m->count == IMAGES_PER_STEP && !assess_is_stopping(m->assess))
			rc = move_step(m, err);
	}
	return rc == STORE_ABSENT ? 0 : rc;
}

static int forget(struct db_conn *c, void *argument, struct err *err)
{
	struct move *m = argument;
	int64_t now = clock_wall(m->assess->settings.clock);
	int rc = check_current(m);
	return rc ? rc
		  : store_image_events_forget(
			    c, now - EVENTS_KEPT_US, EVENTS_PER_FORGET, m->after, err);
}

static int move(struct move *m, struct err *err)
{
	int rc = run_write(m, ensure_row, err);
	if (rc == 0)
		rc = load_pairs(m, err);
	if (rc == 0 && m->before)
		rc = run_read(m, read_before, err);
	if (rc == 0 && m->before)
		rc = choose(m, err);
	if (rc == 0 && m->before)
		rc = judge_touched(m, err);
	if (rc == 0 && m->before && !assess_is_stopping(m->assess))
		rc = carry(m, err);
	if (rc == 0 && m->diff.names)
		rc = refresh_texts(m, err);
	if (rc == 0 && !assess_is_stopping(m->assess))
		rc = move_images(m, err);
	if (rc == 0 && m->images)
		rc = run_write(m, forget, err);
	return rc;
}

int assess_move(struct assess *assess, uint64_t *images, struct err *err)
{
	struct move m = { .assess = assess, .arena = arena_new(0), .step = arena_new(0) };
	int rc = assess_snapshot_take(assess, &m.use, err);
	if (rc == 0 && m.use.snapshot)
		rc = move(&m, err);
	if (rc >= 0 && (m.judged || m.images))
		log_event(EV_REJUDGE_MOVED, F_CSTR("snapshot", m.use.id),
			F_U64("packages", m.pairs.n), F_U64("judged", m.judged),
			F_U64("failed", m.failed), F_U64("images", m.images),
			F_U64("changed", m.changed));
	*images = m.images;
	assess_snapshot_give(assess, &m.use);
	if (m.diff.names)
		snapshot_diff_free(&m.diff);
	arena_free(&m.step);
	arena_free(&m.arena);
	return rc < 0 ? err_wrap(err, rc, "moving verdicts to the current advisories") : rc;
}
