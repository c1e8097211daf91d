/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on one image. Reads the package set and what is already known about its packages,
 * judges the others against the snapshot outside any transaction, then writes judgements and, with
 * the last of them, the state of the image.
 *
 * Two things may happen meanwhile: the snapshot is switched, or the image gets another package set.
 * The write notices both (generation, scan time) inside its transaction, refuses, and everything is
 * done again. What is judged after a switch but misses the sweep's first look is caught by the
 * sweep itself, which goes on until no image rests on another snapshot.
 */
#include "assess/internal.h"
#include "assess/verdict.h"

#include "base/log.h"

/* Pairs written in one transaction: other writers wait for no more than that. */
enum { PAIRS_PER_WRITE = 500, TRIES_MAX = 10 };

struct pair { /* a package of the image on its platform */
	int64_t package;
	struct package value; /* read only when it is to be judged */
	bool known;	      /* judged by this snapshot already */
	bool not_evaluated;
	struct severity_counts counts;
	struct match *matches; /* only of one that was judged now */
	size_t match_count;
};

struct judging {
	struct assess *assess;
	struct arena *arena;
	struct snapshot_use use;
	struct store_image image;
	int64_t snapshot_row; /* of use; 0: nothing was judged by it yet */
	struct platform platform;
	struct store_set_entry *entries;
	size_t count;
	struct pair *pairs; /* one per entry */
	size_t from, to;    /* range of the next write */
	int64_t scanned_us; /* of the package set that was read */
};

/* --- reading */

static int read_pair(struct db_conn *c, struct judging *j, size_t i, struct err *err)
{
	struct pair *pair = &j->pairs[i];
	struct store_pair stored = { 0 };
	pair->package = j->entries[i].package;
	/* What does not count is not judged; the reason stands in the package set. */
	pair->known = j->entries[i].suppressed.n > 0;
	if (pair->known)
		return 0;
	int rc = store_pair_find(c, pair->package, j->image.platform, &stored, err);
	if (rc < 0)
		return err_trace(err, rc);
	pair->known = rc == 0 && stored.snapshot == j->snapshot_row;
	if (pair->known) {
		pair->not_evaluated = stored.not_evaluated;
		pair->counts = stored.counts;
		return 0;
	}
	rc = store_package_find(c, j->arena, pair->package, &pair->value, err);
	if (rc == STORE_ABSENT)
		return err_set(err, EIO, "package %lld of image " STR_FMT " is not in the database",
			(long long)pair->package, STR_ARG(j->image.digest));
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int read_judging(struct db_conn *c, void *argument, struct err *err)
{
	struct judging *j = argument;
	struct str digest = j->image.digest;
	int rc = store_image_find(c, j->arena, digest, &j->image, err);
	if (rc == 0)
		rc = store_image_set_find(c, j->arena, digest, &j->entries, &j->count, err);
	if (rc == 0)
		rc = store_platform_find(c, j->arena, j->image.platform, &j->platform, err);
	if (rc == 0)
		rc = store_snapshot_row(c, str_from(j->use.id), &j->snapshot_row, err);
	if (rc != 0)
		return rc;
	j->scanned_us = j->image.scanned_us;
	j->pairs = ARENA_ARRAY(j->arena, j->count, struct pair);
	for (size_t i = 0; i < j->count && j->use.snapshot; i++) {
		rc = read_pair(c, j, i, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- judging */

static int judge_pair(struct judging *j, struct pair *pair, struct err *err)
{
	struct match_list list = { 0 };
	int rc = snapshot_judge(j->use.snapshot, j->arena, &pair->value, &j->platform, &list, err);
	if (rc < 0)
		return err_wrap(err, rc, "judging package " STR_FMT " " STR_FMT,
			STR_ARG(pair->value.name), STR_ARG(pair->value.version));
	pair->matches = list.items.items;
	pair->match_count = list.items.n;
	pair->not_evaluated = list.not_evaluated;
	for (size_t i = 0; i < list.items.n; i++)
		store_count_match(&pair->counts, &list.items.items[i]);
	return 0;
}

static int judge_unknown(struct judging *j, struct err *err)
{
	if (!j->use.snapshot)
		return 0;
	for (size_t i = 0; i < j->count; i++) {
		if (j->pairs[i].known)
			continue;
		int rc = judge_pair(j, &j->pairs[i], err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return 0;
}

/* --- the verdict */

void assess_count(struct severity_counts *sum, const struct severity_counts *counts)
{
	for (int i = SEVERITY_UNKNOWN; i <= SEVERITY_CRITICAL; i++)
		sum->by_severity[i] += counts->by_severity[i];
	sum->total += counts->total;
	sum->fixable += counts->fixable;
}

static void count_findings(struct judging *j)
{
	struct store_image *image = &j->image;
	image->counts = (struct severity_counts){ 0 };
	image->not_evaluated = 0;
	for (size_t i = 0; i < j->count; i++) {
		if (j->entries[i].suppressed.n)
			continue;
		image->not_evaluated += j->pairs[i].not_evaluated;
		assess_count(&image->counts, &j->pairs[i].counts);
	}
}

static void give_state(struct judging *j, struct str *reason)
{
	const struct verdict_input input = {
		.snapshot = j->use.snapshot,
		.platform = &j->platform,
		.package_count = j->image.package_count,
		.not_evaluated = j->image.not_evaluated,
		.counts = &j->image.counts,
		.partial = image_reason_is_partial(j->image.reason),
	};
	j->image.state = verdict_of(j->arena, &input, reason);
}

/* The first line of a reason is the verdict's, the second one what the scan remarked on. */
struct str assess_with_remark(struct arena *arena, struct str verdict, struct str before)
{
	size_t line = str_find(before, '\n');
	if (line == STR_NONE)
		return verdict;
	return arena_printf(
		arena, STR_FMT STR_FMT, STR_ARG(verdict), STR_ARG(str_skip(before, line)));
}

/* --- writing */

static int by_vulnerability(const void *a, const void *b)
{
	return str_cmp(
		((const struct match *)a)->vulnerability, ((const struct match *)b)->vulnerability);
}

/* Both sorted by vulnerability. */
static int note_changes(struct db_conn *c, const struct store_pair *pair, int64_t snapshot,
	const struct match *old, size_t old_count, const struct match *new, size_t new_count,
	struct err *err)
{
	int rc = 0;
	for (size_t o = 0, n = 0; rc == 0 && (o < old_count || n < new_count);) {
		int order = o == old_count   ? 1
			    : n == new_count ? -1
					     : by_vulnerability(&old[o], &new[n]);
		if (order)
			rc = store_match_event_put(c, snapshot, pair->package, pair->platform,
				order < 0 ? old[o].vulnerability : new[n].vulnerability, order > 0,
				err);
		o += order <= 0;
		n += order >= 0;
	}
	return rc;
}

int assess_put_judgement(struct db_conn *c, struct arena *arena, int64_t package, int64_t platform,
	struct str snapshot, bool not_evaluated, const struct match *matches, size_t count,
	struct err *err)
{
	struct store_pair stored = { 0 };
	struct match *old = NULL;
	size_t old_count = 0;
	bool ignored;
	int64_t row = 0;
	int found = store_pair_find(c, package, platform, &stored, err);
	int rc = found < 0 ? found : store_snapshot_ensure(c, snapshot, &row, err);
	if (rc == 0 && found == 0 && stored.snapshot == row)
		return 0;
	if (rc == 0 && found == 0)
		rc = store_matches(c, arena, package, platform, &old, &old_count, &ignored, err);
	if (rc == 0)
		rc = store_judgement_put(
			c, package, platform, snapshot, not_evaluated, matches, count, err);
	if (rc < 0 || found != 0)
		return rc < 0 ? err_trace(err, rc) : 0;
	if (old_count)
		qsort(old, old_count, sizeof(*old), by_vulnerability);
	rc = note_changes(c, &stored, row, old, old_count, matches, count, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int check_unchanged(struct db_conn *c, struct judging *j, struct err *err)
{
	struct store_image now = { 0 };
	if (atomic_load(&j->assess->generation) != j->use.generation)
		return ASSESS_AGAIN;
	int rc = store_image_find(c, j->arena, j->image.digest, &now, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT || now.scanned_us != j->scanned_us)
		return ASSESS_AGAIN;
	return 0;
}

static int write_range(struct db_conn *c, void *argument, struct err *err)
{
	struct judging *j = argument;
	int rc = check_unchanged(c, j, err);
	for (size_t i = j->from; rc == 0 && i < j->to; i++) {
		const struct pair *pair = &j->pairs[i];
		if (!pair->known && j->use.snapshot)
			rc = assess_put_judgement(c, j->arena, pair->package, j->image.platform,
				str_from(j->use.id), pair->not_evaluated, pair->matches,
				pair->match_count, err);
	}
	if (rc == 0 && j->to == j->count)
		rc = store_image_update(c, &j->image, err);
	return rc;
}

static int write_all(struct judging *j, struct err *err)
{
	int rc = 0;
	j->to = 0;
	do {
		j->from = j->to;
		size_t unknown = 0;
		while (j->to < j->count && unknown < PAIRS_PER_WRITE)
			unknown += !j->pairs[j->to++].known;
		rc = store_write(j->assess->settings.store, write_range, j, err);
	} while (rc == 0 && j->to < j->count);
	if (rc < 0)
		return err_wrap(
			err, rc, "storing the verdict on image " STR_FMT, STR_ARG(j->image.digest));
	return rc;
}

static int judge_once(struct judging *j, struct err *err)
{
	struct str reason;
	int rc = store_read(j->assess->settings.store, read_judging, j, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT)
		return 0; /* deleted meanwhile */
	rc = judge_unknown(j, err);
	if (rc < 0)
		return err_trace(err, rc);
	enum image_state before = j->image.state;
	uint32_t findings_before = j->image.counts.total;
	count_findings(j);
	give_state(j, &reason);
	j->image.reason = assess_with_remark(j->arena, reason, j->image.reason);
	j->image.snapshot = str_from(j->use.id);
	j->image.judged_us = clock_wall(j->assess->settings.clock);
	rc = write_all(j, err);
	bool news = before != j->image.state || findings_before != j->image.counts.total;
	if (rc == 0 && news)
		log_event(EV_IMAGE_VERDICT, F_STR("digest", j->image.digest),
			F_STR("state", image_state_name(j->image.state)),
			F_STR("before", image_state_name(before)), F_U64("packages", j->count),
			F_U64("findings", j->image.counts.total),
			F_STR("snapshot", str_sub(j->image.snapshot, 0, 12)));
	return rc;
}

int assess_image(struct assess *assess, struct str manifest_digest, struct err *err)
{
	int rc = ASSESS_AGAIN;
	for (unsigned i = 0; i < TRIES_MAX && rc == ASSESS_AGAIN; i++) {
		struct arena *arena = arena_new(0);
		struct judging j = { .assess = assess, .arena = arena };
		j.image.digest = manifest_digest;
		rc = assess_snapshot_take(assess, &j.use, err);
		if (rc == 0)
			rc = judge_once(&j, err);
		assess_snapshot_give(assess, &j.use);
		arena_free(&arena);
	}
	if (rc == ASSESS_AGAIN)
		return err_set(err, EAGAIN, "image " STR_FMT " changed every time it was judged",
			STR_ARG(manifest_digest));
	return rc;
}
