/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests by their subject (contract in content.h). A page is bounded by the bytes of its
 * manifests, too, because annotations may make each of them as large as a manifest can be.
 */
#include "store/sql.h"

int store_referrers(struct db_conn *c, struct arena *arena,
	const struct store_referrer_query *query, struct store_referrer *rows, size_t *count,
	bool *more, struct err *err)
{
	AUTO_STMT struct db_stmt *s =
		sql_take(c, query->type.p ? SQL_REFERRERS_OF_TYPE : SQL_REFERRERS);
	db_bind_i64(s, 1, query->repository);
	sql_bind_text(s, 2, query->subject);
	sql_bind_text(s, 3, query->after);
	sql_bind_u64(s, 4, query->limit + 1);
	if (query->type.p)
		sql_bind_text(s, 5, query->type);
	size_t bytes = 0;
	*count = 0;
	*more = false;
	for (;;) {
		int rc = db_step(s, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (rc == DB_DONE)
			return 0;
		if (*count == query->limit || bytes >= query->byte_limit) {
			*more = true;
			return 0;
		}
		struct store_referrer *row = &rows[(*count)++];
		*row = (struct store_referrer){
			.digest = sql_text_column(s, arena, 0),
			.media_type = sql_text_column(s, arena, 1),
			.type = sql_text_column(s, arena, 2),
			.bytes = arena_str(arena, db_col_blob(s, 3)),
		};
		bytes += row->bytes.n;
	}
}
