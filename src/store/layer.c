/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table layer (contract in scan_state.h). Inventories are JSON with much repetition: zstd makes a
 * tenth of them. The length inside the frame is checked against the limit before memory is asked
 * for, because a database can be damaged too.
 */
#include "base/cleanup.h"
#include "base/limits.h"
#include "store/sql.h"

#include <zstd.h>

enum { COMPRESSION_LEVEL = 3 };

int store_layer_put(
	struct db_conn *c, struct str digest, struct str wire, int64_t now_us, struct err *err)
{
	if (wire.n > LIMIT_INVENTORY_BYTES)
		return err_set(err, E2BIG, "a layer inventory of %zu bytes", wire.n);
	size_t bound = ZSTD_compressBound(wire.n);
	AUTO_FREE char *compressed = malloc(bound);
	CHECK(compressed);
	size_t n = ZSTD_compress(compressed, bound, wire.p, wire.n, COMPRESSION_LEVEL);
	if (ZSTD_isError(n))
		return err_set(err, EIO, "compressing a layer inventory: %s", ZSTD_getErrorName(n));
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_LAYER_PUT);
	sql_bind_text(s, 1, digest);
	db_bind_i64(s, 2, now_us);
	db_bind_blob(s, 3, (struct str){ compressed, n });
	return sql_run(s, err);
}

int store_layer_find(struct db_conn *c, struct arena *arena, struct str digest, struct str *wire,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_LAYER_FIND);
	sql_bind_text(s, 1, digest);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	struct str compressed = db_col_blob(s, 0);
	unsigned long long size = ZSTD_getFrameContentSize(compressed.p, compressed.n);
	if (size > LIMIT_INVENTORY_BYTES) /* also the marks for "unknown" and "broken" */
		return err_set(err, EPROTO, "the inventory of layer " STR_FMT " is damaged",
			STR_ARG(digest));
	char *text = arena_alloc(arena, (size_t)size + 1);
	size_t n = ZSTD_decompress(text, (size_t)size, compressed.p, compressed.n);
	if (ZSTD_isError(n) || n != size)
		return err_set(err, EPROTO, "the inventory of layer " STR_FMT " is damaged",
			STR_ARG(digest));
	*wire = (struct str){ text, n };
	return 0;
}

int store_layer_delete(struct db_conn *c, struct str digest, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_LAYER_DELETE);
	sql_bind_text(s, 1, digest);
	return sql_run(s, err);
}
