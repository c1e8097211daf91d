/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, the schema and the plan of every statement. */
#include "fixture.h"

#include "store/migrations.h"
#include "store/sql.h"

#include <stdlib.h>

static void the_identity_is_fixed(void **state)
{
	struct fixture *f = *state;
	const struct store_identity *identity = store_identity(f->store);
	assert_str(identity->subscription_id, STR("00000000-0000-0000-0000-000000000001"));
	assert_str(identity->resource_group, STR("default"));
	assert_str(identity->registry_name, STR("lazaret"));
}

static int reopen(struct fixture *f)
{
	store_close(&f->store);
	return store_open(f->directory, NULL, &f->store, &f->err);
}

static void a_second_opener_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *second = NULL;
	assert_int_equal(store_open(f->directory, NULL, &second, &f->err), -EBUSY);
	assert_null(second);
	assert_int_equal(reopen(f), 0);
}

/* A database that a later version has opened: one step more than this version knows. */
static void a_newer_schema_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;
	store_close(&f->store);
	struct db_migration *steps = calloc(store_migration_count + 1, sizeof(*steps));
	for (size_t i = 0; i < store_migration_count; i++)
		steps[i] = store_migrations[i];
	steps[store_migration_count] =
		(struct db_migration){ "later", "CREATE TABLE later (id INTEGER);" };
	char path[96];
	snprintf(path, sizeof(path), "%s/lazaret.db", f->directory);
	struct db_settings settings = {
		.path = path, .migrations = steps, .migration_count = store_migration_count + 1
	};
	struct db *db;
	assert_int_equal(db_open(&settings, &db, &f->err), 0);
	db_close(&db);
	assert_int_equal(reopen(f), -EPROTO);
	assert_null(f->store);
	assert_int_equal(db_open(&settings, &db, &f->err), 0); /* nothing was harmed */
	db_close(&db);
	free(steps);
}

/* True when a step of the plan walks a whole table instead of a part of an index. */
static bool is_whole_walk(struct str step)
{
	return str_starts(step, STR("SCAN")) && !str_eq(step, STR("SCAN CONSTANT ROW"));
}

static int check_plans(struct db_conn *c, void *argument, struct err *err)
{
	(void)argument;
	for (enum sql id = 0; id < SQL_COUNT; id++) {
		char text[4096];
		snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql_text(id));
		AUTO_STMT struct db_stmt *s = db_stmt(c, text);
		int rc = db_step(s, err);
		for (; rc == DB_ROW; rc = db_step(s, err)) {
			struct str step = db_col_str(s, 3);
			if (is_whole_walk(step) || str_contains(step, STR("TEMP B-TREE")))
				fail_msg("%s: " STR_FMT, sql_text(id), STR_ARG(step));
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void no_statement_walks_a_whole_table(void **state)
{
	in_write(*state, check_plans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_identity_is_fixed),
		TEST(a_second_opener_is_refused),
		TEST(a_newer_schema_is_refused_and_kept),
		TEST(no_statement_walks_a_whole_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
