/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of image lists (contract in content.h). A page after (repository, digest) is the rest of
 * that repository and then the repositories behind it: two statements, each a walk along indexes
 * from its start, so a page costs the same wherever it lies. Tags are read per row.
 */
#include "store/sql.h"

static void take_row(struct db_stmt *s, struct arena *arena, struct store_image_row *row)
{
	*row = (struct store_image_row){
		.repository = sql_text_column(s, arena, 0),
		.digest = sql_text_column(s, arena, 1),
		.media_type = sql_text_column(s, arena, 2),
		.artifact_type = sql_text_column(s, arena, 3),
		.kind = (enum store_manifest_kind)db_col_i64(s, 4),
		.pushed_us = db_col_i64(s, 5),
		.manifest = db_col_i64(s, 6),
		.size = sql_u64_column(s, 7),
	};
}

/* Appends rows until limit. */
static int take_rows(struct db_stmt *s, struct arena *arena, size_t limit,
	struct store_image_row *rows, size_t *count, struct err *err)
{
	while (*count < limit) {
		int rc = db_step(s, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			break;
		take_row(s, arena, &rows[(*count)++]);
	}
	return 0;
}

static int rows_within(struct db_conn *c, struct arena *arena, struct str repository,
	struct str after_digest, size_t limit, struct store_image_row *rows, size_t *count,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_ROWS_WITHIN);
	sql_bind_text(s, 1, repository);
	sql_bind_text(s, 2, after_digest);
	sql_bind_u64(s, 3, limit - *count);
	return take_rows(s, arena, limit, rows, count, err);
}

static int rows_after(struct db_conn *c, struct arena *arena, struct str repository, size_t limit,
	struct store_image_row *rows, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_IMAGE_ROWS_AFTER);
	sql_bind_text(s, 1, repository);
	sql_bind_u64(s, 2, limit - *count);
	return take_rows(s, arena, limit, rows, count, err);
}

int store_image_rows(struct db_conn *c, struct arena *arena, struct str only_repository,
	const struct store_image_cursor *after, size_t limit, struct store_image_row *rows,
	size_t *count, struct err *err)
{
	static const struct store_image_cursor beginning = { 0 };
	if (!after)
		after = &beginning;
	*count = 0;
	int rc = 0;
	if (only_repository.p) {
		int order = after->repository.n ? str_cmp(after->repository, only_repository) : -1;
		if (order <= 0)
			rc = rows_within(c, arena, only_repository,
				order == 0 ? after->digest : STR(""), limit, rows, count, err);
	} else {
		if (after->repository.n)
			rc = rows_within(c, arena, after->repository, after->digest, limit, rows,
				count, err);
		if (rc == 0 && *count < limit)
			rc = rows_after(c, arena, after->repository, limit, rows, count, err);
	}
	for (size_t i = 0; rc == 0 && i < *count; i++)
		rc = store_tags_of(c, arena, rows[i].manifest, &rows[i].tags, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}
