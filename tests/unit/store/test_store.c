/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, the schema and the plan of every statement. */
#include "fixture.h"

#include "store/migrations.h"
#include "store/sql.h"

#include <stdlib.h>
#include <unistd.h>

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

#define SUBJECT                                                                                    \
	"sha256:"                                                                                  \
	"00000000000000000000000000000000000000000000000000000000000000aa"

static int insert_old_manifests(struct db_conn *c, void *argument, struct err *err)
{
	(void)argument;
	static const char *const statements[] = {
		"INSERT INTO repository (id, registry_id, name, created_us) VALUES (1, 1, 'app', "
		"1)",
#define OLD(digest, subject, text)                                                                 \
	"INSERT INTO manifest (repository_id, digest, media_type, kind, artifact_type, subject,"   \
	" total_bytes, pushed_us, bytes) VALUES (1, '" digest "', 't', 2, '', '" subject           \
	"', 0, 1, CAST('" text "' AS BLOB))"
		OLD("1", SUBJECT, "{\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"c/d\"}}"),
		OLD("2", SUBJECT, "{\"artifactType\":\"\",\"config\":{\"mediaType\":\"c/d\"}}"),
		OLD("3", SUBJECT, "{\"manifests\":[],\"artifactType\":null}"),
		OLD("4", SUBJECT, "not JSON"),
		OLD("5", "", "{\"artifactType\":\"a/b\"}"),
#undef OLD
	};
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		AUTO_STMT struct db_stmt *s = db_stmt(c, statements[i]);
		int rc = sql_run(s, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int list_referrers(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	static const char *const types[] = { "a/b", "c/d", "", "" };
	struct store_referrer rows[5];
	size_t count;
	bool more;
	struct store_referrer_query query = {
		.repository = 1, .subject = STR(SUBJECT), .limit = 5, .byte_limit = 1 << 20
	};
	assert_int_equal(store_referrers(c, f->arena, &query, rows, &count, &more, err), 0);
	assert_int_equal(count, 4);
	assert_false(more);
	for (size_t i = 0; i < count; i++)
		assert_str(rows[i].type, str_from(types[i]));
	query.type = STR("c/d");
	assert_int_equal(store_referrers(c, f->arena, &query, rows, &count, &more, err), 0);
	assert_true(count == 1 && str_eq(rows[0].digest, STR("2")));
	return 0;
}

static int list_attributes(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	struct store_manifest_row rows[6];
	size_t count;
	struct store_page page = { .order = STORE_BY_TIME, .limit = 6 };
	assert_int_equal(store_manifest_rows(c, f->arena, 1, &page, rows, &count, err), 0);
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++)
		assert_true(rows[i].created_us == 1 && rows[i].updated_us == 1 && !rows[i].locks);
	struct store_repository_row repository;
	assert_int_equal(store_repository_row(c, STR("app"), &repository, err), 0);
	assert_true(repository.created_us == 1 && repository.updated_us == 1);
	return 0;
}

/* Starts again with a database of the first schema that was filled by fill. */
static void open_first_schema(
	struct fixture *f, int (*fill)(struct db_conn *c, void *argument, struct err *err))
{
	store_close(&f->store);
	char path[96];
	snprintf(path, sizeof(path), "%s/lazaret.db", f->directory);
	assert_int_equal(unlink(path), 0);
	struct db_settings settings = {
		.path = path, .migrations = store_migrations, .migration_count = 1
	};
	struct db *db;
	assert_int_equal(db_open(&settings, &db, &f->err), 0);
	assert_int_equal(db_write(db, fill, NULL, &f->err), 0);
	db_close(&db);
	assert_int_equal(reopen(f), 0);
}

/* A database of the first schema: what refers to a subject in it is listed after the next start. */
static void referrers_of_the_first_schema_are_found(void **state)
{
	struct fixture *f = *state;
	open_first_schema(f, insert_old_manifests);
	in_read(f, list_referrers);
	in_read(f, list_attributes);
}

static int insert_old_packages(struct db_conn *c, void *argument, struct err *err)
{
	(void)argument;
	static const char *const steps[] = {
		"INSERT INTO package VALUES (7, 'deb', 'x', '1', 'x', '1', 'amd64', 'MIT', 'S')",
		"INSERT INTO platform VALUES (1, 'Debian:12', '', 'debian', '12', 'Debian 12')",
		"INSERT INTO snapshot VALUES (1, 's')",
		"INSERT INTO judgement VALUES (7, 1, 1, 1)",
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_int_equal(db_exec(c, steps[i], err), 0);
	return 0;
}

static int find_old_package(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	struct package package;
	struct str snapshot;
	struct store_pair pair;
	assert_int_equal(store_package_find(c, f->arena, 7, &package, err), 0);
	assert_str(package.name, STR("x"));
	assert_str(package.supplier, STR("S"));
	assert_str(package.module, STR(""));
	assert_int_equal(store_pair_find(c, 7, 1, &pair, err), 0);
	assert_int_equal(store_snapshot_name(c, f->arena, pair.snapshot, &snapshot, err), 0);
	assert_str(snapshot, STR("s"));
	return 0;
}

/* The table of packages is made again by a later schema: rows keep their ids, so that judgements
 * and package sets still mean the same packages. */
static void packages_of_the_first_schema_keep_their_ids(void **state)
{
	struct fixture *f = *state;
	open_first_schema(f, insert_old_packages);
	in_read(f, find_old_package);
}

static int run_all(struct db_conn *c, const char *const *statements, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_STMT struct db_stmt *s = db_stmt(c, statements[i]);
		int rc = sql_run(s, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A manifest names one blob; another has a link nobody needs, a third none; an image and a layer of
 * what was deleted. */
static int insert_old_garbage(struct db_conn *c, void *argument, struct err *err)
{
	(void)argument;
	static const char *const statements[] = {
		"INSERT INTO repository (id, registry_id, name, created_us) VALUES (1, 1, 'app', "
		"1), (2, 1, 'copy', 1)",
		"INSERT INTO blob (id, digest, size, created_us) VALUES (1, 'named', 1, 1),"
		" (2, 'unnamed', 2, 1), (3, 'unlinked', 3, 1)",
		"INSERT INTO repository_blob (repository_id, blob_id, linked_us) VALUES (1, 1, 1),"
		" (1, 2, 1), (2, 1, 1)",
		"INSERT INTO manifest (id, repository_id, digest, media_type, kind, artifact_type,"
		" subject, total_bytes, pushed_us, bytes) VALUES (1, 1, 'm', 't', 1, '', '', 0, 1,"
		" CAST('{}' AS BLOB))",
		"INSERT INTO manifest_reference (manifest_id, position, kind, digest, media_type,"
		" size, os, architecture, variant) VALUES (1, 0, 2, 'named', 't', 1, '', '', '')",
#define IMAGE(id, digest)                                                                          \
	"INSERT INTO image (id, digest, state, reason, os, architecture, package_count,"           \
	" not_evaluated, unknown_count, low_count, medium_count, high_count, critical_count,"      \
	" total_count, fixable_count, snapshot_id, has_set, created_us, attempts, layer_digests)"  \
	" VALUES (" id ", '" digest "', 'Healthy', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0,"         \
	" 0, 1, 1, 0, '')"
		IMAGE("1", "m"),
		IMAGE("2", "deleted"),
#undef IMAGE
		"INSERT INTO image_set (image_id, packages) VALUES (2, x'01')",
		"INSERT INTO layer (digest, read_us, wire) VALUES ('named', 1, x'01'),"
		" ('gone', 1, x'01')",
	};
	return run_all(c, statements, sizeof(statements) / sizeof(statements[0]), err);
}

static int check_garbage(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	struct store_gc_candidate rows[4];
	size_t count;
	assert_int_equal(store_gc_after(c, f->arena, STORE_GC_LINK, NULL, 4, rows, &count, err), 0);
	assert_int_equal(count, 2);
	assert_true(rows[0].repository == 1 && str_eq(rows[0].digest, STR("unnamed")));
	assert_true(rows[1].repository == 2 && str_eq(rows[1].digest, STR("named")));
	/* The grace begins with the upgrade. */
	assert_true(rows[0].since_us > (int64_t)1700000000 * 1000000);
	assert_int_equal(store_gc_after(c, f->arena, STORE_GC_BLOB, NULL, 4, rows, &count, err), 0);
	assert_true(count == 1 && str_eq(rows[0].digest, STR("unlinked")));
	assert_int_equal(store_gc_named(c, 1, STR("named"), err), 0);
	assert_int_equal(store_gc_named(c, 2, STR("named"), err), STORE_ABSENT);
	/* Migration 3: whether anybody holds a blob. */
	uint64_t size;
	assert_int_equal(store_blob_held(c, STR("named"), &size, err), 0);
	assert_int_equal(size, 1);
	assert_int_equal(store_blob_held(c, STR("unlinked"), &size, err), STORE_ABSENT);
	struct store_image image;
	struct str state;
	AUTO_STMT struct db_stmt *s = db_stmt(c, "SELECT group_concat(digest) FROM image");
	assert_int_equal(sql_one(s, err), 0);
	state = sql_text_column(s, f->arena, 0);
	assert_str(state, STR("m"));
	assert_int_equal(store_image_find(c, f->arena, STR("deleted"), &image, err), STORE_ABSENT);
	AUTO_STMT struct db_stmt *left = db_stmt(c, "SELECT (SELECT count(*) FROM image_set), "
						    "(SELECT group_concat(digest) FROM layer)");
	assert_int_equal(sql_one(left, err), 0);
	assert_int_equal(db_col_i64(left, 0), 0);
	assert_str(sql_text_column(left, f->arena, 1), STR("named"));
	return 0;
}

/* Databases from before the garbage collector, of the schema with and without the index of holders:
 * what nobody needs in them is found. */
static void garbage_of_earlier_schemas_is_found(void **state)
{
	struct fixture *f = *state;
	for (size_t version = 2; version <= 3; version++) {
		store_close(&f->store);
		char path[96];
		snprintf(path, sizeof(path), "%s/lazaret.db", f->directory);
		assert_int_equal(unlink(path), 0);
		struct db_settings settings = {
			.path = path, .migrations = store_migrations, .migration_count = version
		};
		struct db *db;
		assert_int_equal(db_open(&settings, &db, &f->err), 0);
		assert_int_equal(db_write(db, insert_old_garbage, NULL, &f->err), 0);
		db_close(&db);
		assert_int_equal(reopen(f), 0);
		in_read(f, check_garbage);
	}
}

/* True when a step of the plan walks a whole table instead of a part of an index. */
static bool is_whole_walk(struct str step)
{
	return str_starts(step, STR("SCAN")) && !str_eq(step, STR("SCAN CONSTANT ROW"));
}

/* The few rows that a recursive statement has found itself ("h" in it) are walked and kept apart.
 */
static bool is_own_rows(struct str step)
{
	return str_eq(step, STR("SCAN h")) || str_eq(step, STR("UNION USING TEMP B-TREE"));
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
			if (id == SQL_LOCK_HOLDS && is_own_rows(step))
				continue;
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
		TEST(referrers_of_the_first_schema_are_found),
		TEST(packages_of_the_first_schema_keep_their_ids),
		TEST(garbage_of_earlier_schemas_is_found),
		TEST(no_statement_walks_a_whole_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
