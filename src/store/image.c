/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables image and image_set (contract in scan_state.h). States are kept by name, so that a row
 * keeps its meaning when the list of states grows.
 */
#include "base/limits.h"
#include "store/image_set.h"
#include "store/snapshot.h"
#include "store/sql.h"

/* A set of the most packages one image can have, each with a path of its own, is far below. */
enum { SET_BYTES_MAX = 256 << 20 };

int store_image_insert_pending(
	struct db_conn *c, struct str digest, int64_t now_us, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_INSERT);
	sql_bind_text(s, 1, digest);
	sql_bind_text(s, 2, image_state_name(IMAGE_PENDING));
	db_bind_i64(s, 3, now_us);
	return sql_run(s, err);
}

static void take_counts(struct db_stmt *s, int column, struct severity_counts *counts)
{
	for (int i = 0; i <= SEVERITY_CRITICAL; i++)
		counts->by_severity[i] = (uint32_t)db_col_i64(s, column + i);
	counts->total = (uint32_t)db_col_i64(s, column + SEVERITY_CRITICAL + 1);
	counts->fixable = (uint32_t)db_col_i64(s, column + SEVERITY_CRITICAL + 2);
}

static void bind_counts(struct db_stmt *s, int index, const struct severity_counts *counts)
{
	for (int i = 0; i <= SEVERITY_CRITICAL; i++)
		db_bind_i64(s, index + i, counts->by_severity[i]);
	db_bind_i64(s, index + SEVERITY_CRITICAL + 1, counts->total);
	db_bind_i64(s, index + SEVERITY_CRITICAL + 2, counts->fixable);
}

int store_image_find(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_image *image, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_FIND);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	enum image_state state;
	if (!image_state_parse(db_col_str(s, 1), &state))
		return err_set(err, EPROTO, "image " STR_FMT " has the unknown state " STR_FMT,
			STR_ARG(digest), STR_ARG(db_col_str(s, 1)));
	*image = (struct store_image){
		.digest = sql_text_column(s, arena, 0),
		.state = state,
		.reason = sql_text_column(s, arena, 2),
		.platform = db_col_i64(s, 3),
		.os = sql_text_column(s, arena, 4),
		.architecture = sql_text_column(s, arena, 5),
		.package_count = (uint32_t)db_col_i64(s, 6),
		.not_evaluated = (uint32_t)db_col_i64(s, 7),
		.snapshot = sql_text_column(s, arena, 15),
		.scanned_us = sql_time_column(s, 16),
		.judged_us = sql_time_column(s, 17),
		.attempts = (uint32_t)db_col_i64(s, 18),
		.layer_digests = sql_text_column(s, arena, 19),
	};
	take_counts(s, 8, &image->counts);
	return 0;
}

int store_image_update(struct db_conn *c, const struct store_image *image, struct err *err)
{
	int64_t snapshot;
	int rc = snapshot_ensure(c, image->snapshot, &snapshot, err);
	if (rc < 0)
		return err_trace(err, rc);
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_UPDATE);
	sql_bind_text(s, 1, image->digest);
	sql_bind_text(s, 2, image_state_name(image->state));
	sql_bind_text(s, 3, image->reason);
	if (image->platform)
		db_bind_i64(s, 4, image->platform);
	else
		db_bind_null(s, 4);
	sql_bind_text(s, 5, image->os);
	sql_bind_text(s, 6, image->architecture);
	db_bind_i64(s, 7, image->package_count);
	db_bind_i64(s, 8, image->not_evaluated);
	bind_counts(s, 9, &image->counts);
	db_bind_i64(s, 16, snapshot);
	sql_bind_time(s, 17, image->scanned_us);
	sql_bind_time(s, 18, image->judged_us);
	db_bind_i64(s, 19, image->attempts);
	sql_bind_text(s, 20, image->layer_digests);
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return db_changes(c) ? 0 : STORE_ABSENT;
}

static int image_id(struct db_conn *c, struct str digest, int64_t *id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_ID);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	return 0;
}

static int delete_by_id(struct db_conn *c, enum sql statement, int64_t image, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, statement);
	db_bind_i64(s, 1, image);
	return sql_run(s, err);
}

int store_image_delete(struct db_conn *c, struct str digest, struct err *err)
{
	int64_t image;
	int rc = image_id(c, digest, &image, err);
	if (rc)
		return rc;
	rc = delete_by_id(c, SQL_IMAGE_SET_DELETE, image, err);
	if (rc == 0)
		rc = delete_by_id(c, SQL_IMAGE_DELETE, image, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int mark_has_set(struct db_conn *c, int64_t image, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_HAS_SET);
	db_bind_i64(s, 1, image);
	return sql_run(s, err);
}

int store_image_set_put(struct db_conn *c, struct str digest, const struct store_set_entry *entries,
	size_t count, struct err *err)
{
	int64_t image;
	int rc = image_id(c, digest, &image, err);
	if (rc)
		return rc;
	AUTO_STRBUF struct strbuf packages = STRBUF(SET_BYTES_MAX);
	image_set_encode(entries, count, &packages);
	if (strbuf_failed(&packages))
		return err_set(err, E2BIG, "the package set of image " STR_FMT " is too large",
			STR_ARG(digest));
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_SET_PUT);
	db_bind_i64(s, 1, image);
	db_bind_blob(s, 2, strbuf_view(&packages));
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	return mark_has_set(c, image, err);
}

int store_image_set_find(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_set_entry **entries, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_SET_FIND);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	return image_set_decode(arena, db_col_blob(s, 0), entries, count, err);
}

int store_image_by_state(struct db_conn *c, struct arena *arena, enum image_state state,
	struct str after, size_t limit, struct str *digests, size_t *count, struct err *err)
{
	int64_t after_id = 0;
	*count = 0;
	if (after.n) {
		int rc = image_id(c, after, &after_id, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_BY_STATE);
	sql_bind_text(s, 1, image_state_name(state));
	db_bind_i64(s, 2, after_id);
	sql_bind_u64(s, 3, limit);
	return sql_texts(s, arena, limit, digests, count, err);
}

static int stale_side(struct db_conn *c, enum sql id, struct arena *arena, int64_t snapshot,
	size_t limit, struct str *digests, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, id);
	size_t more;
	db_bind_i64(s, 1, snapshot);
	sql_bind_u64(s, 2, limit - *count);
	int rc = sql_texts(s, arena, limit - *count, digests + *count, &more, err);
	if (rc < 0)
		return err_trace(err, rc);
	*count += more;
	return 0;
}

/* "Another snapshot" as the two sides of it, because an index answers < and > but not <>. */
int store_image_stale(struct db_conn *c, struct arena *arena, struct str snapshot, size_t limit,
	struct str *digests, size_t *count, struct err *err)
{
	int64_t id;
	*count = 0;
	int rc = snapshot_find(c, snapshot, &id, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (snapshot.n && !id)
		id = INT64_MAX; /* a snapshot nobody was judged by: every image is on the other side
				 */
	rc = stale_side(c, SQL_IMAGE_STALE_OLDER, arena, id, limit, digests, count, err);
	if (rc == 0 && *count < limit)
		rc = stale_side(c, SQL_IMAGE_STALE_NEWER, arena, id, limit, digests, count, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
