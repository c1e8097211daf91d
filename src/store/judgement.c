/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables judgement, package_match and vulnerability (contract in scan_state.h). A judgement
 * replaces all matches of its pair. The row of a vulnerability is shared by all matches and follows
 * the record that was modified last; it is compared before it is written, since most judgements
 * find it as it is.
 */
#include "store/snapshot.h"
#include "store/sql.h"

void store_pair_take(struct db_stmt *s, struct store_pair *pair)
{
	*pair = (struct store_pair){
		.package = db_col_i64(s, 0),
		.platform = db_col_i64(s, 1),
		.snapshot = db_col_i64(s, 2),
		.not_evaluated = db_col_i64(s, 3) != 0,
	};
	for (int i = SEVERITY_UNKNOWN; i <= SEVERITY_CRITICAL; i++) {
		pair->counts.by_severity[i] = (uint32_t)db_col_i64(s, 4 + i);
		pair->counts.total += pair->counts.by_severity[i];
	}
	pair->counts.fixable = (uint32_t)db_col_i64(s, 9);
}

int store_pair_find(struct db_conn *c, int64_t package, int64_t platform, struct store_pair *pair,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_JUDGEMENT_FIND);
	db_bind_i64(s, 1, package);
	db_bind_i64(s, 2, platform);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	store_pair_take(s, pair);
	return 0;
}

void store_count_match(struct severity_counts *counts, const struct match *match)
{
	counts->by_severity[match->severity]++;
	counts->total++;
	counts->fixable += match->fix_state == FIX_AVAILABLE;
}

static void bind_vulnerability(struct db_stmt *s, const struct match *match)
{
	sql_bind_text(s, 1, match->vulnerability);
	sql_bind_text(s, 2, match->title);
	db_bind_i64(s, 3, match->severity);
	sql_bind_text(s, 4, match->severity_source);
	db_bind_i64(s, 5, match->cvss_score_tenths);
	sql_bind_text(s, 6, match->cvss_vector);
	sql_bind_text(s, 7, match->cvss_version);
	sql_bind_time(s, 8, match->published_us);
	sql_bind_time(s, 9, match->modified_us);
}

static bool row_says_the_same(struct db_stmt *row, const struct match *match)
{
	return str_eq(db_col_str(row, 1), match->title) &&
	       db_col_i64(row, 2) == (int64_t)match->severity &&
	       str_eq(db_col_str(row, 3), match->severity_source) &&
	       db_col_i64(row, 4) == match->cvss_score_tenths &&
	       str_eq(db_col_str(row, 5), match->cvss_vector) &&
	       str_eq(db_col_str(row, 6), match->cvss_version) &&
	       sql_time_column(row, 7) == match->published_us;
}

/* STORE_ABSENT: no row. *follow: the match comes from a record at least as new and differs. */
static int find_vulnerability(
	struct db_conn *c, const struct match *match, int64_t *id, bool *follow, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_VULNERABILITY_FIND);
	sql_bind_text(s, 1, match->vulnerability);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	int64_t modified = sql_time_column(s, 8);
	bool newer = match->modified_us > modified;
	bool worse = match->modified_us == modified && (int64_t)match->severity > db_col_i64(s, 2);
	*follow = newer || (worse && !row_says_the_same(s, match));
	return 0;
}

static int ensure_vulnerability(
	struct db_conn *c, const struct match *match, int64_t *id, struct err *err)
{
	bool follow = false;
	int rc = find_vulnerability(c, match, id, &follow, err);
	if (rc < 0 || (rc == 0 && !follow))
		return rc;
	AUTO_STMT struct db_stmt *s =
		sql_take(c, rc == 0 ? SQL_VULNERABILITY_UPDATE : SQL_VULNERABILITY_INSERT);
	bind_vulnerability(s, match);
	bool insert = rc == STORE_ABSENT;
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (insert)
		*id = db_last_id(c);
	return 0;
}

static int insert_match(struct db_conn *c, int64_t package, int64_t platform,
	const struct match *match, struct err *err)
{
	int64_t vulnerability = 0;
	int rc = ensure_vulnerability(c, match, &vulnerability, err);
	if (rc < 0)
		return err_trace(err, rc);
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_INSERT);
	db_bind_i64(s, 1, package);
	db_bind_i64(s, 2, platform);
	db_bind_i64(s, 3, vulnerability);
	db_bind_i64(s, 4, match->severity);
	sql_bind_text(s, 5, match->severity_source);
	db_bind_i64(s, 6, match->cvss_score_tenths);
	sql_bind_text(s, 7, match->cvss_vector);
	sql_bind_text(s, 8, match->cvss_version);
	sql_bind_text(s, 9, fix_state_name(match->fix_state));
	sql_bind_text(s, 10, match->fixed_version);
	sql_bind_text(s, 11, match->advisories);
	sql_bind_text(s, 12, match->explanation);
	return sql_run(s, err);
}

static int delete_matches(struct db_conn *c, int64_t package, int64_t platform, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_DELETE);
	db_bind_i64(s, 1, package);
	db_bind_i64(s, 2, platform);
	return sql_run(s, err);
}

int store_judgement_put(struct db_conn *c, int64_t package, int64_t platform, struct str snapshot,
	bool not_evaluated, const struct match *matches, size_t count, struct err *err)
{
	int64_t snapshot_id;
	int rc = snapshot_ensure(c, snapshot, &snapshot_id, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (!snapshot_id)
		return err_set(err, EINVAL, "a judgement without a snapshot");
	rc = delete_matches(c, package, platform, err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = insert_match(c, package, platform, &matches[i], err);
	if (rc < 0)
		return err_trace(err, rc);
	struct severity_counts counts = { 0 };
	for (size_t i = 0; i < count; i++)
		store_count_match(&counts, &matches[i]);
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_JUDGEMENT_PUT);
	db_bind_i64(s, 1, package);
	db_bind_i64(s, 2, platform);
	db_bind_i64(s, 3, snapshot_id);
	db_bind_i64(s, 4, not_evaluated);
	for (int i = SEVERITY_UNKNOWN; i <= SEVERITY_CRITICAL; i++)
		db_bind_i64(s, 5 + i, counts.by_severity[i]);
	db_bind_i64(s, 10, counts.fixable);
	return sql_run(s, err);
}

static int take_match(struct db_stmt *s, struct arena *arena, struct match *match, struct err *err)
{
	int64_t severity = db_col_i64(s, 3);
	enum fix_state fix_state;
	if (severity < SEVERITY_UNKNOWN || severity > SEVERITY_CRITICAL ||
		!fix_state_parse(db_col_str(s, 8), &fix_state))
		return err_set(err, EPROTO, "a match row has an unknown severity or fix state");
	*match = (struct match){
		.vulnerability = sql_text_column(s, arena, 0),
		.advisories = sql_text_column(s, arena, 1),
		.title = sql_text_column(s, arena, 2),
		.severity = (enum severity)severity,
		.severity_source = sql_text_column(s, arena, 4),
		.cvss_vector = sql_text_column(s, arena, 5),
		.cvss_score_tenths = (int)db_col_i64(s, 6),
		.cvss_version = sql_text_column(s, arena, 7),
		.fix_state = fix_state,
		.fixed_version = sql_text_column(s, arena, 9),
		.explanation = sql_text_column(s, arena, 10),
		.published_us = sql_time_column(s, 11),
		.modified_us = sql_time_column(s, 12),
	};
	return 0;
}

/* One statement for the judgement and its matches, because this runs once per package of an image:
 * a judgement without a match is one row without a vulnerability. */
int store_matches(struct db_conn *c, struct arena *arena, int64_t package, int64_t platform,
	struct match **matches, size_t *count, bool *not_evaluated, struct err *err)
{
	*matches = NULL;
	*count = 0;
	*not_evaluated = false;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MATCH_LIST);
	VEC(struct match) found = { 0 };
	db_bind_i64(s, 1, package);
	db_bind_i64(s, 2, platform);
	int rc = db_step(s, err);
	for (; rc == DB_ROW; rc = db_step(s, err)) {
		*not_evaluated = db_col_i64(s, 13) != 0;
		if (db_col_null(s, 0))
			continue;
		struct match match;
		rc = take_match(s, arena, &match, err);
		if (rc < 0)
			break;
		AVEC_PUSH(arena, &found, match);
	}
	if (rc < 0)
		return err_trace(err, rc);
	*matches = found.items;
	*count = found.n;
	return 0;
}
