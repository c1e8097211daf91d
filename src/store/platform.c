/* SPDX-License-Identifier: Apache-2.0 */
/* Table platform (contract in scan_state.h): one row per distinct value. */
#include "store/sql.h"

static void bind(struct db_stmt *s, const struct platform *platform)
{
	sql_bind_text(s, 1, platform->release_key);
	sql_bind_text(s, 2, platform->flavours);
	sql_bind_text(s, 3, platform->os_id);
	sql_bind_text(s, 4, platform->os_version);
	sql_bind_text(s, 5, platform->os_name);
}

static int find_id(struct db_conn *c, const struct platform *platform, int64_t *id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PLATFORM_ID);
	bind(s, platform);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	return 0;
}

int store_platform_ensure(
	struct db_conn *c, const struct platform *platform, int64_t *id, struct err *err)
{
	int rc = find_id(c, platform, id, err);
	if (rc != STORE_ABSENT)
		return rc;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PLATFORM_INSERT);
	bind(s, platform);
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	*id = db_last_id(c);
	return 0;
}

int store_platform_find(struct db_conn *c, struct arena *arena, int64_t id,
	struct platform *platform, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PLATFORM_FIND);
	db_bind_i64(s, 1, id);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*platform = (struct platform){
		.release_key = sql_text_column(s, arena, 0),
		.flavours = sql_text_column(s, arena, 1),
		.os_id = sql_text_column(s, arena, 2),
		.os_version = sql_text_column(s, arena, 3),
		.os_name = sql_text_column(s, arena, 4),
	};
	return 0;
}
