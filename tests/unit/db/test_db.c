/* SPDX-License-Identifier: Apache-2.0 */
/* The database front over SQLite: statements, outcomes, opening, owner lock, migrations. */
#include "db/db.h"

#include "../temporary.h"
#include "base/strbuf.h"
#include "os/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static char root[TEMPORARY_MAX];
static char path[TEMPORARY_MAX + 16];

static const struct db_migration migrations[] = {
	{ "first", "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes BLOB);" },
	{ "second", "ALTER TABLE item ADD COLUMN size INTEGER NOT NULL DEFAULT 7;"
		    "UPDATE item SET size = 8 WHERE name = 'old';" },
	{ "third", "CREATE INDEX item_size ON item (size);" },
};

static int set_up(void **state)
{
	(void)state;
	temporary_make(root);
	snprintf(path, sizeof(path), "%s/test.db", root);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	os_fault_set(NULL);
	temporary_remove(root);
	return 0;
}

static int open_at(size_t version, struct db **db, struct err *err)
{
	const struct db_settings settings = {
		.path = path, .migrations = migrations, .migration_count = version, .readers = 2
	};
	return db_open(&settings, db, err);
}

static struct db *open_newest(void)
{
	struct db *db = NULL;
	struct err err = ERR_INIT;
	if (open_at(3, &db, &err) != 0)
		fail_msg("%s", err_text(&err));
	return db;
}

/* A call of one statement; its result code and a column of its first row. */
struct one {
	const char *sql;
	int64_t value;
	int outcome; /* returned by fn when the SQL went well */
};

static int run_one(struct db_conn *conn, void *argument, struct err *err)
{
	struct one *one = argument;
	struct db_stmt *stmt = db_stmt(conn, one->sql);
	int result = db_step(stmt, err);
	if (result == DB_ROW)
		one->value = db_col_i64(stmt, 0);
	db_done(stmt);
	return result < 0 ? err_trace(err, result) : one->outcome;
}

static int64_t ask(struct db *db, const char *sql)
{
	struct one one = { .sql = sql, .value = -1 };
	struct err err = ERR_INIT;
	if (db_read(db, run_one, &one, &err) != 0)
		fail_msg("%s", err_text(&err));
	return one.value;
}

static int write_sql(struct db *db, const char *sql, int outcome, struct err *err)
{
	struct one one = { .sql = sql, .outcome = outcome };
	return db_write(db, run_one, &one, err);
}

static int every_type(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	struct db_stmt *stmt =
		db_stmt(conn, "INSERT INTO item (id, name, bytes, size) VALUES (?1, ?2, ?3, ?4)");
	db_bind_i64(stmt, 1, INT64_MIN);
	db_bind_str(stmt, 2, STR("a\0b"));
	db_bind_blob(stmt, 3, STR(""));
	db_bind_i64(stmt, 4, INT64_MAX);
	assert_int_equal(db_step(stmt, err), DB_DONE);
	db_done(stmt);
	assert_int_equal(db_changes(conn), 1);
	assert_true(db_last_id(conn) == INT64_MIN);
	stmt = db_stmt(conn, "INSERT INTO item (id, name, bytes) VALUES (1, ?1, ?2)");
	db_bind_str(stmt, 1, STR(""));
	db_bind_blob(stmt, 2, STR_NULL);
	assert_int_equal(db_step(stmt, err), DB_DONE);
	db_done(stmt);
	stmt = db_stmt(conn, "SELECT id, name, bytes, size FROM item ORDER BY id");
	assert_int_equal(db_step(stmt, err), DB_ROW);
	assert_true(db_col_i64(stmt, 0) == INT64_MIN);
	assert_true(str_eq(db_col_str(stmt, 1), STR("a\0b")));
	assert_true(db_col_blob(stmt, 2).p && db_col_blob(stmt, 2).n == 0);
	assert_true(db_col_i64(stmt, 3) == INT64_MAX);
	assert_int_equal(db_step(stmt, err), DB_ROW);
	assert_true(db_col_str(stmt, 1).p && db_col_str(stmt, 1).n == 0);
	assert_true(db_col_null(stmt, 2));
	assert_null(db_col_blob(stmt, 2).p);
	assert_null(db_col_str(stmt, 2).p);
	assert_int_equal(db_col_i64(stmt, 2), 0);
	assert_int_equal(db_step(stmt, err), DB_DONE);
	db_done(stmt);
	return 0;
}

static void values_come_back_as_they_went_in(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct err err = ERR_INIT;
	assert_int_equal(db_write(db, every_type, NULL, &err), 0);
	db_close(&db);
	assert_null(db);
}

/* The same SQL inside itself; statements left open; SQL built in one reused buffer. */
static int odd_statements(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	const char *sql = "SELECT value FROM json_each('[1,2,3]')";
	struct db_stmt *outer = db_stmt(conn, sql);
	int sum = 0;
	while (db_step(outer, err) == DB_ROW) {
		struct db_stmt *inner = db_stmt(conn, sql);
		assert_true(inner != outer);
		while (db_step(inner, err) == DB_ROW)
			sum += (int)(db_col_i64(outer, 0) * db_col_i64(inner, 0));
		db_done(inner);
	}
	assert_int_equal(sum, 36);
	char buffer[64];
	for (int i = 0; i < 500; i++) {
		snprintf(buffer, sizeof(buffer), "SELECT %d", i);
		struct db_stmt *stmt = db_stmt(conn, buffer);
		assert_int_equal(db_step(stmt, err), DB_ROW);
		assert_int_equal(db_col_i64(stmt, 0), i);
		if (i % 2)
			db_done(stmt); /* the others are given back when the call ends */
	}
	return 0;
}

static void statements_are_cached_without_mixing_up(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct err err = ERR_INIT;
	for (int i = 0; i < 3; i++)
		assert_int_equal(db_read(db, odd_statements, NULL, &err), 0);
	db_close(&db);
}

static int broken_statements(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	static const char *const broken[] = { "SELEKT 1", "SELECT 1; SELECT 2", "",
		"SELECT absent FROM item" };
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct db_stmt *stmt = db_stmt(conn, broken[i]);
		db_bind_i64(stmt, 1, 1);
		*err = ERR_INIT;
		assert_true(db_step(stmt, err) < 0);
		assert_true(err->text[0]);
		db_done(stmt);
	}
	struct db_stmt *stmt = db_stmt(conn, "SELECT ?1");
	db_bind_i64(stmt, 2, 1);
	assert_int_equal(db_step(stmt, err), -EINVAL);
	db_done(stmt);
	stmt = db_stmt(conn, "SELECT ?1"); /* the failure did not stay in the cache */
	db_bind_i64(stmt, 1, 5);
	assert_int_equal(db_step(stmt, err), DB_ROW);
	assert_int_equal(db_col_i64(stmt, 0), 5);
	return 0;
}

static void broken_sql_is_told_by_the_step(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct err err = ERR_INIT;
	assert_int_equal(db_read(db, broken_statements, NULL, &err), 0);
	db_close(&db);
}

static void outcomes_and_failures_undo_only_themselves(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct err err = ERR_INIT;
	assert_int_equal(write_sql(db, "INSERT INTO item (name) VALUES ('kept')", 0, &err), 0);
	assert_int_equal(write_sql(db, "INSERT INTO item (name) VALUES ('outcome')", 5, &err), 5);
	assert_int_equal(
		write_sql(db, "INSERT INTO item (name) VALUES ('kept')", 0, &err), -EEXIST);
	assert_true(str_contains(str_from(err_text(&err)), STR("UNIQUE")));
	assert_int_equal(write_sql(db, "INSERT INTO nowhere VALUES (1)", 0, NULL), -EINVAL);
	assert_int_equal(ask(db, "SELECT count(*) FROM item"), 1);
	struct one one = { .sql = "SELECT 1", .outcome = 3 };
	assert_int_equal(db_read(db, run_one, &one, &err), 3);
	db_close(&db);
}

static void readers_cannot_write(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct err err = ERR_INIT;
	struct one one = { .sql = "INSERT INTO item (name) VALUES ('x')" };
	assert_true(db_read(db, run_one, &one, &err) < 0);
	assert_int_equal(ask(db, "SELECT count(*) FROM item"), 0);
	db_close(&db);
}

static void migrations_run_forward_and_keep_data(void **state)
{
	(void)state;
	struct db *db = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(open_at(1, &db, &err), 0);
	assert_int_equal(write_sql(db, "INSERT INTO item (name) VALUES ('old')", 0, &err), 0);
	db_close(&db);
	db = open_newest();
	assert_int_equal(ask(db, "SELECT size FROM item WHERE name = 'old'"), 8);
	assert_int_equal(ask(db, "SELECT max(version) FROM schema_version"), 3);
	db_close(&db);
	db = open_newest();
	assert_int_equal(ask(db, "SELECT count(*) FROM schema_version"), 3);
	db_close(&db);
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	struct db *db = open_newest();
	db_close(&db);
	struct err err = ERR_INIT;
	assert_int_equal(open_at(2, &db, &err), -EPROTO);
	assert_null(db);
	assert_true(str_contains(str_from(err_text(&err)), STR("schema version 3")));
	assert_true(str_contains(str_from(err_text(&err)), STR("up to 2")));
	db = open_newest(); /* untouched, and its owner lock was given back */
	db_close(&db);
}

static void a_failing_migration_leaves_the_step_before(void **state)
{
	(void)state;
	static const struct db_migration broken[] = {
		{ "good", "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes "
			  "BLOB);" },
		{ "bad", "CREATE TABLE half (id INTEGER); CREATE TABLE item (id INTEGER);" },
	};
	const struct db_settings settings = {
		.path = path, .migrations = broken, .migration_count = 2
	};
	struct db *db = NULL;
	struct err err = ERR_INIT;
	assert_true(db_open(&settings, &db, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("version 2 (bad)")));
	assert_int_equal(open_at(1, &db, &err), 0);
	assert_int_equal(ask(db, "SELECT count(*) FROM sqlite_master WHERE name = 'half'"), 0);
	db_close(&db);
}

static void a_second_open_is_refused(void **state)
{
	(void)state;
	struct db *db = open_newest();
	struct db *second = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(open_at(3, &second, &err), -EBUSY);
	char pid[32];
	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	assert_true(str_contains(str_from(err_text(&err)), STR("another lazaret server")));
	assert_true(str_contains(str_from(err_text(&err)), str_from(pid)));
	db_close(&db);
	db = open_newest();
	db_close(&db);
}

static void a_killed_owner_leaves_no_lock_and_its_commits(void **state)
{
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct db *db = NULL;
		if (open_at(3, &db, NULL) != 0 ||
			write_sql(db, "INSERT INTO item (name) VALUES ('durable')", 0, NULL) != 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	struct db *db = open_newest();
	assert_int_equal(ask(db, "SELECT count(*) FROM item WHERE name = 'durable'"), 1);
	db_close(&db);
}

static void a_directory_that_cannot_be_written_says_so(void **state)
{
	(void)state;
	struct db *db = NULL;
	struct err err = ERR_INIT;
	os_fault_set("open:EROFS:nth=1");
	assert_int_equal(open_at(3, &db, &err), -EROFS);
	assert_true(str_contains(str_from(err_text(&err)), STR("cannot be written")));
	os_fault_set(NULL);
	snprintf(path, sizeof(path), "%s/absent/x", root);
	assert_int_equal(open_at(3, &db, &err), -ENOENT);
}

static void a_foreign_file_is_refused(void **state)
{
	(void)state;
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	struct db *db = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(open_at(3, &db, &err), -EIO);
	assert_true(str_contains(str_from(err_text(&err)), STR("not a lazaret database")));
}

/* Opens, writes two rows, closes; notes which of the writes were told to be durable. */
static int write_two(unsigned *told)
{
	struct db *db = NULL;
	*told = 0;
	int result = open_at(3, &db, NULL);
	if (result < 0)
		return result;
	for (int i = 1; i <= 2 && result == 0; i++) {
		char sql[80];
		snprintf(sql, sizeof(sql), "INSERT INTO item (id, name) VALUES (%d, 'row %d')", i,
			i);
		result = write_sql(db, sql, 0, NULL);
		if (result == 0)
			*told |= 1u << i;
	}
	db_close(&db);
	return result;
}

/* Fails the n-th operation of one kind, for n = 1, 2, … until all of it succeeds. */
static unsigned sweep_faults(const char *point)
{
	unsigned failures = 0;
	int result = -1;
	for (unsigned n = 1; result != 0 && n < 500; n++) {
		char specification[64];
		unsigned told;
		struct db *db = open_newest();
		assert_int_equal(write_sql(db, "DELETE FROM item", 0, NULL), 0);
		db_close(&db);
		snprintf(specification, sizeof(specification), "%s:nth=%u", point, n);
		os_fault_set(specification);
		result = write_two(&told);
		os_fault_set(NULL);
		failures += result < 0;
		db = open_newest();
		assert_int_equal(ask(db, "SELECT count(*) FROM pragma_integrity_check "
					 "WHERE integrity_check = 'ok'"),
			1);
		if (told & 2)
			assert_int_equal(ask(db, "SELECT count(*) FROM item WHERE id = 1"), 1);
		if (told & 4)
			assert_int_equal(ask(db, "SELECT count(*) FROM item WHERE id = 2"), 1);
		db_close(&db);
	}
	assert_int_equal(result, 0);
	return failures;
}

static void what_was_told_to_be_stored_survives_every_disk_fault(void **state)
{
	(void)state;
	assert_true(sweep_faults("write:ENOSPC") >= 3);
	assert_true(sweep_faults("short-write:EIO") >= 3);
	assert_true(sweep_faults("fsync:EIO") >= 3);
	assert_true(sweep_faults("open:EMFILE") >= 3);
}

static void a_full_disk_has_its_words(void **state)
{
	(void)state;
	struct db *db = open_newest();
	db_close(&db);
	os_fault_set("write:ENOSPC:from=3"); /* the owner's pid and the log's header pass */
	struct err err = ERR_INIT;
	assert_int_equal(open_at(3, &db, &err), 0);
	assert_int_equal(
		write_sql(db, "INSERT INTO item (name) VALUES ('no room')", 0, &err), -ENOSPC);
	assert_true(str_contains(str_from(err_text(&err)), STR("free some space")));
	assert_int_equal(ask(db, "SELECT count(*) FROM item"), 0); /* reading goes on */
	db_close(&db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_come_back_as_they_went_in),
		CASE(statements_are_cached_without_mixing_up),
		CASE(broken_sql_is_told_by_the_step),
		CASE(outcomes_and_failures_undo_only_themselves),
		CASE(readers_cannot_write),
		CASE(migrations_run_forward_and_keep_data),
		CASE(a_newer_schema_is_refused),
		CASE(a_failing_migration_leaves_the_step_before),
		CASE(a_second_open_is_refused),
		CASE(a_killed_owner_leaves_no_lock_and_its_commits),
		CASE(a_directory_that_cannot_be_written_says_so),
		CASE(a_foreign_file_is_refused),
		CASE(what_was_told_to_be_stored_survives_every_disk_fault),
		CASE(a_full_disk_has_its_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
