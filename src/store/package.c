/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table package (contract in scan_state.h): one row per identity, looked up before it is inserted,
 * because nearly every package of a new image is known already. Licence and supplier are those of
 * the first image that brought the package.
 */
#include "store/sql.h"

static void bind_identity(struct db_stmt *s, const struct package *package)
{
	sql_bind_text(s, 1, package_type_name(package->type));
	sql_bind_text(s, 2, package->name);
	sql_bind_text(s, 3, package->version);
	sql_bind_text(s, 4, package->source_name);
	sql_bind_text(s, 5, package->source_version);
	sql_bind_text(s, 6, package->arch);
	sql_bind_text(s, 7, package->module);
}

static int find_id(struct db_conn *c, const struct package *package, int64_t *id, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PACKAGE_ID);
	bind_identity(s, package);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	*id = db_col_i64(s, 0);
	return 0;
}

int store_package_ensure(
	struct db_conn *c, const struct package *package, int64_t *id, struct err *err)
{
	int rc = find_id(c, package, id, err);
	if (rc != STORE_ABSENT)
		return rc;
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PACKAGE_INSERT);
	bind_identity(s, package);
	sql_bind_text(s, 8, package->licence);
	sql_bind_text(s, 9, package->supplier);
	rc = sql_run(s, err);
	if (rc < 0)
		return err_trace(err, rc);
	*id = db_last_id(c);
	return 0;
}

static int take_package(
	struct db_stmt *s, struct arena *arena, struct package *package, struct err *err)
{
	enum package_type type;
	if (!package_type_parse(db_col_str(s, 0), &type))
		return err_set(err, EPROTO, "a package row has the unknown type " STR_FMT,
			STR_ARG(db_col_str(s, 0)));
	*package = (struct package){
		.type = type,
		.name = sql_text_column(s, arena, 1),
		.version = sql_text_column(s, arena, 2),
		.source_name = sql_text_column(s, arena, 3),
		.source_version = sql_text_column(s, arena, 4),
		.arch = sql_text_column(s, arena, 5),
		.licence = sql_text_column(s, arena, 6),
		.supplier = sql_text_column(s, arena, 7),
		.module = sql_text_column(s, arena, 8),
	};
	return 0;
}

int store_package_find(struct db_conn *c, struct arena *arena, int64_t id, struct package *package,
	struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PACKAGE_FIND);
	db_bind_i64(s, 1, id);
	int rc = sql_one(s, err);
	if (rc)
		return rc;
	rc = take_package(s, arena, package, err);
	return rc < 0 ? err_wrap(err, rc, "package %lld", (long long)id) : 0;
}

int store_packages(struct db_conn *c, struct arena *arena, int64_t after, struct package *packages,
	int64_t *ids, size_t limit, size_t *count, struct err *err)
{
	AUTO_STMT struct db_stmt *s = sql_take(c, SQL_PACKAGE_LIST);
	*count = 0;
	db_bind_i64(s, 1, after);
	sql_bind_u64(s, 2, limit);
	int rc;
	while ((rc = db_step(s, err)) == DB_ROW && *count < limit) {
		ids[*count] = db_col_i64(s, 9);
		rc = take_package(s, arena, &packages[*count], err);
		if (rc < 0)
			return err_wrap(err, rc, "package %lld", (long long)ids[*count]);
		(*count)++;
	}
	return rc < 0 ? err_trace(err, rc) : 0;
}
