/* SPDX-License-Identifier: Apache-2.0 */
/* Table snapshot (contract in snapshot.h). */
#include "store/snapshot.h"

#include "store/sql.h"

int snapshot_find(struct db_conn *c, struct str digest, int64_t *id, struct err *err)
{
	*id = 0;
	if (!digest.n)
		return 0;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_SNAPSHOT_ID);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == 0)
		*id = db_col_i64(s, 0);
	return 0;
}

int snapshot_ensure(struct db_conn *c, struct str digest, int64_t *id, struct err *err)
{
	int rc = snapshot_find(c, digest, id, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (*id || !digest.n)
		return 0;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_SNAPSHOT_INSERT);
	sql_bind_text(s, 1, digest);
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	*id = db_last_id(c);
	return 0;
}
