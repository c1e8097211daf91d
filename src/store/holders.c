/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs on a digest: repositories, manifests (contract in content.h). For people who must know
 * what a lost blob costs them, and for a check that reads every manifest. */
#include "store/sql.h"

int store_blob_holders(struct db_conn *c, struct arena *arena, struct str digest,
	struct store_holder **holders, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_BLOB_HOLDERS);
	sql_bind_text(s, 1, digest);
	VEC(struct store_holder) found = { 0 };
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW) {
		struct store_holder holder = {
			.repository = db_col_i64(s, 0),
			.name = sql_text_column(s, arena, 1),
		};
		AVEC_PUSH(arena, &found, holder);
	}
	*holders = found.items;
	*count = found.n;
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_manifests_naming(struct db_conn *c, struct arena *arena, int64_t repository,
	struct str digest, struct store_namer **namers, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_NAMED_BY);
	db_bind_i64(s, 1, repository);
	sql_bind_text(s, 2, digest);
	VEC(struct store_namer) found = { 0 };
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW) {
		struct store_namer namer = { .manifest = db_col_i64(s, 0) };
		/* A manifest that names it twice has its rows side by side. */
		if (found.n && found.items[found.n - 1].manifest == namer.manifest)
			continue;
		namer.digest = sql_text_column(s, arena, 1);
		AVEC_PUSH(arena, &found, namer);
	}
	*namers = found.items;
	*count = found.n;
	return rc < 0 ? err_trace(err, rc) : 0;
}

int store_manifests_after(struct db_conn *c, struct arena *arena, int64_t after, size_t limit,
	struct store_stored_manifest *rows, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_MANIFESTS_AFTER);
	db_bind_i64(s, 1, after);
	sql_bind_u64(s, 2, limit);
	*count = 0;
	int rc = DB_DONE;
	while (*count < limit && (rc = db_step(s, err)) == DB_ROW)
		rows[(*count)++] = (struct store_stored_manifest){
			.id = db_col_i64(s, 0),
			.digest = sql_text_column(s, arena, 1),
			.repository = db_col_i64(s, 2),
			.repository_name = sql_text_column(s, arena, 3),
			.bytes = arena_str(arena, db_col_blob(s, 4)),
		};
	return rc < 0 ? err_trace(err, rc) : 0;
}
