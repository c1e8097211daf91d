/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few SQLite calls that builder and snapshot share: errors become struct err here and travel no
 * further, and text goes in and out as struct str. Private to advisory/. A connection belongs to
 * one thread.
 */
#ifndef ADVISORY_SNAPDB_H
#define ADVISORY_SNAPDB_H

#include "base/err.h"
#include "base/str.h"

#include <sqlite3.h>

/* err from the last failure of db; returns a negative errno. */
int advisory_sql_fail(sqlite3 *db, const char *doing, struct err *err) MUST_CHECK;
int advisory_sql_run(sqlite3 *db, const char *text, struct err *err) MUST_CHECK;
int advisory_sql_prepare(
	sqlite3 *db, const char *text, sqlite3_stmt **st, struct err *err) MUST_CHECK;
/* Next row: 1 there is one, 0 the end (and the statement is reset). */
int advisory_sql_row(sqlite3_stmt *st, struct err *err) MUST_CHECK;
/* For statements without rows: runs and resets. */
int advisory_sql_done(sqlite3_stmt *st, struct err *err) MUST_CHECK;

void advisory_sql_bind(
	sqlite3_stmt *st, int at, struct str text); /* borrowed until reset; null stays null */
void advisory_sql_bind_int(sqlite3_stmt *st, int at, int64_t value);
struct str advisory_sql_text(sqlite3_stmt *st, int column); /* valid until the next step */
int64_t advisory_sql_int(sqlite3_stmt *st, int column, int64_t when_null);

#endif
