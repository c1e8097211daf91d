/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit under many threads, snapshots of readers meanwhile, and a disk that runs full. */
#include "db/db.h"

#include "../temporary.h"
#include "os/fault.h"
#include "os/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { THREADS = 16, WRITES = 200, FAILS_EVERY = 10 };

static char root[TEMPORARY_MAX];
static char path[TEMPORARY_MAX + 16];

/* Two tables that every write changes alike: a reader must never see them differ. */
static const struct db_migration migrations[] = {
	{ "tables", "CREATE TABLE mark (thread INTEGER, number INTEGER, UNIQUE (thread, number));"
		    "CREATE TABLE total (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
		    "INSERT INTO total VALUES (1, 0);"
		    "CREATE TABLE filler (bytes BLOB);" },
};

static int set_up(void **state)
{
	temporary_make(root);
	snprintf(path, sizeof(path), "%s/test.db", root);
	const struct db_settings settings = {
		.path = path, .migrations = migrations, .migration_count = 1, .readers = 3
	};
	struct db *db;
	struct err err = ERR_INIT;
	if (db_open(&settings, &db, &err) != 0)
		fail_msg("%s", err_text(&err));
	*state = db;
	return 0;
}

static int tear_down(void **state)
{
	struct db *db = *state;
	db_close(&db);
	temporary_remove(root);
	return 0;
}

struct writer {
	struct db *db;
	int id;
	int number;
	unsigned done;
	unsigned failed;
	unsigned wrong; /* answers that do not fit the write */
	_Atomic bool *stop;
};

static int add_mark(struct db_conn *conn, void *argument, struct err *err)
{
	struct writer *writer = argument;
	struct db_stmt *stmt = db_stmt(conn, "INSERT INTO mark (thread, number) VALUES (?1, ?2)");
	db_bind_i64(stmt, 1, writer->id);
	db_bind_i64(stmt, 2, writer->number);
	int result = db_step(stmt, err);
	db_done(stmt);
	if (result < 0)
		return err_trace(err, result);
	result = db_exec(conn, "UPDATE total SET n = n + 1", err);
	if (result < 0)
		return err_trace(err, result);
	/* The failure comes after the changes, so there is something to undo. */
	if (writer->number % FAILS_EVERY == 0)
		return err_set(err, EDOM, "thread %d write %d", writer->id, writer->number);
	return writer->number % FAILS_EVERY == 1 ? 4 : 0;
}

static void write_many(void *argument)
{
	struct writer *writer = argument;
	for (writer->number = 0; writer->number < WRITES; writer->number++) {
		struct err err = ERR_INIT;
		char words[64];
		/* Some threads wait for the disk, others do not. */
		int result = writer->id % 4 == 3
				     ? db_write_relaxed(writer->db, add_mark, writer, &err)
				     : db_write(writer->db, add_mark, writer, &err);
		int expected = writer->number % FAILS_EVERY == 0   ? -EDOM
			       : writer->number % FAILS_EVERY == 1 ? 4
								   : 0;
		snprintf(words, sizeof(words), "thread %d write %d", writer->id, writer->number);
		if (result != expected ||
			(result < 0 && !str_eq(str_from(err_text(&err)), str_from(words))))
			writer->wrong++;
		if (result == 0)
			writer->done++;
		else
			writer->failed++;
	}
}

struct snapshot {
	int64_t marks;
	int64_t total;
	int64_t marks_again;
};

static int64_t number_of(struct db_conn *conn, const char *sql)
{
	struct db_stmt *stmt = db_stmt(conn, sql);
	int64_t value = db_step(stmt, NULL) == DB_ROW ? db_col_i64(stmt, 0) : -1;
	db_done(stmt);
	return value;
}

static int look(struct db_conn *conn, void *argument, struct err *err)
{
	(void)err;
	struct snapshot *snapshot = argument;
	snapshot->marks = number_of(conn, "SELECT count(*) FROM mark");
	snapshot->total = number_of(conn, "SELECT n FROM total");
	snapshot->marks_again = number_of(conn, "SELECT count(*) FROM mark");
	return 0;
}

static void read_many(void *argument)
{
	struct writer *reader = argument;
	int64_t before = 0;
	while (!atomic_load(reader->stop)) {
		struct snapshot now;
		if (db_read(reader->db, look, &now, NULL) != 0 || now.marks != now.total ||
			now.marks != now.marks_again || now.marks < before)
			reader->wrong++;
		before = now.marks;
		reader->done++;
	}
}

static void concurrent_writes_fail_alone_and_readers_see_whole_ones(void **state)
{
	struct db *db = *state;
	struct writer writers[THREADS];
	struct writer readers[4];
	pthread_t writer_threads[THREADS];
	pthread_t reader_threads[4];
	_Atomic bool stop = false;
	for (int i = 0; i < 4; i++) {
		readers[i] = (struct writer){ .db = db, .stop = &stop };
		assert_int_equal(
			thread_start("reader", read_many, &readers[i], &reader_threads[i], NULL),
			0);
	}
	for (int i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ .db = db, .id = i };
		assert_int_equal(
			thread_start("writer", write_many, &writers[i], &writer_threads[i], NULL),
			0);
	}
	unsigned done = 0;
	for (int i = 0; i < THREADS; i++) {
		thread_join(writer_threads[i]);
		assert_int_equal(writers[i].wrong, 0);
		assert_int_equal(writers[i].failed, 2 * WRITES / FAILS_EVERY);
		done += writers[i].done;
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 4; i++) {
		thread_join(reader_threads[i]);
		assert_int_equal(readers[i].wrong, 0);
		assert_true(readers[i].done > 0);
	}
	struct snapshot end;
	assert_int_equal(db_read(db, look, &end, NULL), 0);
	assert_int_equal(end.marks, done);
	assert_int_equal(end.total, done);
}

static int limit_pages(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	return db_exec(conn, "PRAGMA max_page_count = 80", err);
}

static int lift_limit(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	return db_exec(conn, "PRAGMA max_page_count = 1000000", err);
}

static int fill(struct db_conn *conn, void *argument, struct err *err)
{
	(void)argument;
	return db_exec(conn, "INSERT INTO filler VALUES (zeroblob(20000))", err);
}

static void a_full_disk_is_an_error_and_passes(void **state)
{
	struct db *db = *state;
	struct err err = ERR_INIT;
	assert_int_equal(db_write(db, limit_pages, NULL, &err), 0);
	int result = 0;
	int64_t stored = -1;
	for (; result == 0; stored++)
		result = db_write(db, fill, NULL, &err);
	assert_int_equal(result, -ENOSPC);
	assert_true(str_contains(str_from(err_text(&err)), STR("disk is full")));
	/* What was told to be stored is there, and the next small write works again. */
	struct writer writer = { .db = db, .number = 2 };
	assert_true(stored > 0);
	assert_int_equal(db_write(db, lift_limit, NULL, &err), 0);
	assert_int_equal(db_write(db, fill, NULL, &err), 0);
	assert_int_equal(db_write(db, add_mark, &writer, &err), 0);
	struct snapshot end;
	assert_int_equal(db_read(db, look, &end, NULL), 0);
	assert_int_equal(end.marks, 1);
}

static int undo_everything(struct db_conn *conn, void *argument, struct err *err)
{
	int *calls = argument;
	(*calls)++;
	/* As the database does by itself when the disk is full. */
	int result = db_exec(conn, "ROLLBACK", err);
	return result < 0 ? result : err_set(err, ENOSPC, "no room");
}

static void a_lost_transaction_is_told_and_the_next_works(void **state)
{
	struct db *db = *state;
	struct err err = ERR_INIT;
	int calls = 0;
	assert_int_equal(db_write(db, undo_everything, &calls, &err), -ENOSPC);
	assert_string_equal(err_text(&err), "no room");
	assert_int_equal(calls, 1);
	struct writer writer = { .db = db, .number = 2 };
	assert_int_equal(db_write(db, add_mark, &writer, &err), 0);
}

struct storm {
	struct writer writer;
	int result;
	bool breaks;
};

static void write_once(void *argument)
{
	struct storm *storm = argument;
	int calls = 0;
	storm->result = storm->breaks ? db_write(storm->writer.db, undo_everything, &calls, NULL)
				      : db_write(storm->writer.db, add_mark, &storm->writer, NULL);
}

static int count_mark(struct db_conn *conn, void *argument, struct err *err)
{
	const struct storm *storm = argument;
	struct db_stmt *stmt =
		db_stmt(conn, "SELECT count(*) FROM mark WHERE thread = ?1 AND number = ?2");
	db_bind_i64(stmt, 1, storm->writer.id);
	db_bind_i64(stmt, 2, storm->writer.number);
	int result = db_step(stmt, err);
	return result == DB_ROW ? (int)db_col_i64(stmt, 0) : -EIO;
}

/* Whatever shares a commit with the write that loses the transaction: the answers stay true. */
static void answers_are_true_when_a_batch_is_lost(void **state)
{
	struct db *db = *state;
	enum { AT_ONCE = 8, TIMES = 30 };
	for (int round = 0; round < TIMES; round++) {
		struct storm storms[AT_ONCE];
		pthread_t threads[AT_ONCE];
		for (int i = 0; i < AT_ONCE; i++) {
			storms[i] = (struct storm){ .breaks = i == AT_ONCE / 2 };
			storms[i].writer =
				(struct writer){ .db = db, .id = i, .number = 10 * round + 2 };
			assert_int_equal(
				thread_start("storm", write_once, &storms[i], &threads[i], NULL),
				0);
		}
		for (int i = 0; i < AT_ONCE; i++)
			thread_join(threads[i]);
		for (int i = 0; i < AT_ONCE; i++) {
			int there = db_read(db, count_mark, &storms[i], NULL);
			assert_true(storms[i].result == 0 || storms[i].result == -ENOSPC);
			assert_int_equal(there, storms[i].result == 0 ? 1 : 0);
		}
	}
}

static void relaxed_writes_do_not_wait_for_the_disk(void **state)
{
	(void)state;
	char other[TEMPORARY_MAX + 16];
	snprintf(other, sizeof(other), "%s/other.db", root);
	const struct db_settings settings = {
		.path = other, .migrations = migrations, .migration_count = 1, .readers = 1
	};
	struct db *db;
	os_fault_set("fsync:EIO:nth=1000000"); /* so that later faults are seen */
	assert_int_equal(db_open(&settings, &db, NULL), 0);
	struct writer writer = { .db = db, .number = 2 };
	assert_int_equal(db_write(db, add_mark, &writer, NULL), 0);
	os_fault_set("fsync:EIO");
	writer.number = 12;
	assert_int_equal(db_write_relaxed(db, add_mark, &writer, NULL), 0);
	struct snapshot now;
	assert_int_equal(db_read(db, look, &now, NULL), 0);
	assert_int_equal(now.marks, 2);
	writer.number = 22;
	assert_int_equal(db_write(db, add_mark, &writer, NULL), -EIO);
	os_fault_set(NULL);
	assert_int_equal(db_write(db, add_mark, &writer, NULL), 0);
	db_close(&db);
	/* The whole log is there again. */
	assert_int_equal(db_open(&settings, &db, NULL), 0);
	assert_int_equal(db_read(db, look, &now, NULL), 0);
	assert_int_equal(now.marks, 3);
	db_close(&db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(concurrent_writes_fail_alone_and_readers_see_whole_ones),
		CASE(a_full_disk_is_an_error_and_passes),
		CASE(a_lost_transaction_is_told_and_the_next_works),
		CASE(answers_are_true_when_a_batch_is_lost),
		CASE(relaxed_writes_do_not_wait_for_the_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
