/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What assess/ needs to move verdicts from one snapshot to another in bounded steps, and the events
 * that come of it (contract in scan_state.h). Lists go by key, so each step is a read of its own
 * and no transaction is as long as the work.
 */
#include "store/image_set.h"
#include "store/snapshot.h"
#include "store/sql.h"

int store_snapshot_row(struct db_conn *c, struct str snapshot, int64_t *row, struct err *err)
{
	return snapshot_find(c, snapshot, row, err);
}

int store_snapshot_ensure(struct db_conn *c, struct str snapshot, int64_t *row, struct err *err)
{
	return snapshot_ensure(c, snapshot, row, err);
}

int store_snapshot_name(
	struct db_conn *c, struct arena *arena, int64_t row, struct str *snapshot, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_SNAPSHOT_DIGEST);
	db_bind_i64(s, 1, row);
	int rc = sql_one(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	*snapshot = rc == 0 ? sql_text_column(s, arena, 0) : STR("");
	return 0;
}

int store_verdict_snapshot(struct db_conn *c, int64_t after, int64_t *row, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VERDICT_SNAPSHOT);
	db_bind_i64(s, 1, after);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*row = db_col_i64(s, 0);
	return 0;
}

/* --- pairs */

int store_pairs(struct db_conn *c, int64_t after_package, int64_t after_platform,
	struct store_pair *pairs, size_t limit, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_JUDGEMENT_LIST);
	*count = 0;
	db_bind_i64(s, 1, after_package);
	db_bind_i64(s, 2, after_platform);
	sql_bind_u64(s, 3, limit);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW && *count < limit)
		store_pair_take(s, &pairs[(*count)++]);
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_pairs_carry(
	struct db_conn *c, int64_t from, int64_t to, int64_t before, int64_t after, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_JUDGEMENT_CARRY);
	db_bind_i64(s, 1, from);
	db_bind_i64(s, 2, to);
	db_bind_i64(s, 3, before);
	db_bind_i64(s, 4, after);
	return sql_run(s, err);
}

int store_vulnerability_text(struct db_conn *c, struct str vulnerability, struct str title,
	int64_t published_us, int64_t modified_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VULNERABILITY_TEXT);
	sql_bind_text(s, 1, vulnerability);
	sql_bind_text(s, 2, title);
	sql_bind_time(s, 3, published_us);
	sql_bind_time(s, 4, modified_us);
	return sql_run(s, err);
}

/* --- verdicts */

int store_set_packages(
	struct arena *arena, struct str raw, int64_t **packages, size_t *count, struct err *err)
{
	return image_set_packages(arena, raw, packages, count, err);
}

static int take_verdict(
	struct db_stmt *s, struct arena *arena, struct store_verdict *verdict, struct err *err)
{
	*verdict = (struct store_verdict){
		.image = db_col_i64(s, 0),
		.digest = sql_text_column(s, arena, 1),
		.reason = sql_text_column(s, arena, 3),
		.platform = db_col_i64(s, 4),
		.package_count = (uint32_t)db_col_i64(s, 5),
		.not_evaluated = (uint32_t)db_col_i64(s, 6),
		.raw = arena_str(arena, db_col_blob(s, 14)),
	};
	if (!image_state_parse(db_col_str(s, 2), &verdict->state))
		return err_set(err, EPROTO, "image " STR_FMT " has the unknown state " STR_FMT,
			STR_ARG(verdict->digest), STR_ARG(db_col_str(s, 2)));
	for (int i = SEVERITY_UNKNOWN; i <= SEVERITY_CRITICAL; i++)
		verdict->counts.by_severity[i] = (uint32_t)db_col_i64(s, 7 + i);
	verdict->counts.total = (uint32_t)db_col_i64(s, 12);
	verdict->counts.fixable = (uint32_t)db_col_i64(s, 13);
	return 0;
}

int store_verdicts(struct db_conn *c, struct arena *arena, int64_t snapshot, int64_t after,
	struct store_verdict *verdicts, size_t limit, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VERDICT_LIST);
	*count = 0;
	db_bind_i64(s, 1, snapshot);
	db_bind_i64(s, 2, after);
	sql_bind_u64(s, 3, limit);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW && *count < limit) {
		rc = take_verdict(s, arena, &verdicts[*count], err);
		if (rc < 0)
			break;
		(*count)++;
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_verdict_put(struct db_conn *c, const struct store_verdict *verdict, int64_t before,
	int64_t after, int64_t judged_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VERDICT_PUT);
	db_bind_i64(s, 1, verdict->image);
	db_bind_i64(s, 2, before);
	sql_bind_text(s, 3, image_state_name(verdict->state));
	sql_bind_text(s, 4, verdict->reason);
	db_bind_i64(s, 5, verdict->not_evaluated);
	for (int i = SEVERITY_UNKNOWN; i <= SEVERITY_CRITICAL; i++)
		db_bind_i64(s, 6 + i, verdict->counts.by_severity[i]);
	db_bind_i64(s, 11, verdict->counts.total);
	db_bind_i64(s, 12, verdict->counts.fixable);
	db_bind_i64(s, 13, after);
	db_bind_i64(s, 14, judged_us);
	return sql_run(s, err);
}

int store_verdict_carry(
	struct db_conn *c, int64_t image, int64_t before, int64_t after, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VERDICT_CARRY);
	db_bind_i64(s, 1, image);
	db_bind_i64(s, 2, before);
	db_bind_i64(s, 3, after);
	return sql_run(s, err);
}

/* --- events */

int store_image_event_put(struct db_conn *c, const struct store_image_event *event, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_EVENT_PUT);
	db_bind_i64(s, 1, event->at_us);
	sql_bind_text(s, 2, event->digest);
	db_bind_i64(s, 3, event->snapshot_row);
	sql_bind_text(s, 4, image_state_name(event->before));
	sql_bind_text(s, 5, image_state_name(event->after));
	db_bind_i64(s, 6, event->appeared);
	db_bind_i64(s, 7, event->gone);
	return sql_run(s, err);
}

int store_image_events(struct db_conn *c, struct arena *arena, int64_t after,
	struct store_image_event *events, size_t limit, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_EVENT_LIST);
	*count = 0;
	db_bind_i64(s, 1, after);
	sql_bind_u64(s, 2, limit);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW && *count < limit) {
		struct store_image_event *event = &events[*count];
		*event = (struct store_image_event){
			.id = db_col_i64(s, 0),
			.at_us = db_col_i64(s, 1),
			.digest = sql_text_column(s, arena, 2),
			.snapshot_row = db_col_i64(s, 3),
			.snapshot = sql_text_column(s, arena, 4),
			.appeared = (uint32_t)db_col_i64(s, 7),
			.gone = (uint32_t)db_col_i64(s, 8),
		};
		if (!image_state_parse(db_col_str(s, 5), &event->before) ||
			!image_state_parse(db_col_str(s, 6), &event->after))
			return err_set(err, EPROTO, "image event %lld has an unknown state",
				(long long)event->id);
		(*count)++;
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_image_events_forget(
	struct db_conn *c, int64_t before_us, size_t limit, int64_t current, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_EVENT_FORGET);
	db_bind_i64(s, 1, before_us);
	sql_bind_u64(s, 2, limit);
	int rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	AUTO_STMT struct db_stmt *matches = sql_take(c, SQL_MATCH_EVENT_FORGET);
	db_bind_i64(matches, 1, current);
	return sql_run(matches, err);
}

int store_match_events_drop(struct db_conn *c, int64_t snapshot, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_EVENT_DROP);
	db_bind_i64(s, 1, snapshot);
	return sql_run(s, err);
}

int store_match_event_put(struct db_conn *c, int64_t snapshot, int64_t package, int64_t platform,
	struct str vulnerability, bool appeared, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_EVENT_PUT);
	db_bind_i64(s, 1, snapshot);
	db_bind_i64(s, 2, package);
	db_bind_i64(s, 3, platform);
	sql_bind_text(s, 4, vulnerability);
	db_bind_i64(s, 5, appeared);
	return sql_run(s, err);
}

int store_match_deltas(struct db_conn *c, int64_t snapshot, int64_t after_package,
	int64_t after_platform, struct store_match_delta *deltas, size_t limit, size_t *count,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_EVENT_SUMS);
	*count = 0;
	db_bind_i64(s, 1, snapshot);
	db_bind_i64(s, 2, after_package);
	db_bind_i64(s, 3, after_platform);
	sql_bind_u64(s, 4, limit);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW && *count < limit)
		deltas[(*count)++] = (struct store_match_delta){
			.package = db_col_i64(s, 0),
			.platform = db_col_i64(s, 1),
			.appeared = (uint32_t)db_col_i64(s, 2),
			.gone = (uint32_t)db_col_i64(s, 3),
		};
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_match_events(struct db_conn *c, struct arena *arena, int64_t snapshot, int64_t package,
	int64_t platform, struct store_match_event **events, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_EVENT_LIST);
	VEC(struct store_match_event) found = { 0 };
	db_bind_i64(s, 1, snapshot);
	db_bind_i64(s, 2, package);
	db_bind_i64(s, 3, platform);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW) {
		int64_t severity = db_col_i64(s, 2);
		if (severity < SEVERITY_UNKNOWN || severity > SEVERITY_CRITICAL)
			return err_set(err, EPROTO, "a match event has an unknown severity");
		AVEC_PUSH(arena, &found,
			((struct store_match_event){
				.vulnerability = sql_text_column(s, arena, 0),
				.appeared = db_col_i64(s, 1) != 0,
				.severity = (enum severity)severity,
			}));
	}
	*events = found.items;
	*count = found.n;
	return rc < 0 ? err_trace(err, rc) : 0;
}
