/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to store/ and its tests: the statements by name and small helpers to run them. A
 * statement is taken with AUTO_STMT, so every way out of a function gives it back. The same
 * statement must not be taken twice at a time on one connection.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "db/db.h"
#include "store/store.h"

enum sql {
#define STATEMENT(id, text) id,
#include "store/statements.def"
#undef STATEMENT
	SQL_COUNT
};

const char *sql_text(enum sql id);
struct db_stmt *sql_take(struct db_conn *c, enum sql id);

static inline void sql_give_back(struct db_stmt **stmt)
{
	db_done(*stmt);
}
#define AUTO_STMT __attribute__((cleanup(sql_give_back)))

/* Binds text to a NOT NULL column: the null text counts as empty. */
void sql_bind_text(struct db_stmt *stmt, int index, struct str text);
void sql_bind_u64(struct db_stmt *stmt, int index, uint64_t value);
void sql_bind_time(struct db_stmt *stmt, int index, int64_t us); /* TIME_NONE is NULL */
/* Copies of columns; never the null text. */
struct str sql_text_column(struct db_stmt *stmt, struct arena *arena, int column);
uint64_t sql_u64_column(struct db_stmt *stmt, int column);
int64_t sql_time_column(struct db_stmt *stmt, int column);

/* Runs a statement that gives no rows. */
int sql_run(struct db_stmt *stmt, struct err *err) MUST_CHECK;
/* Steps to the only row: 0, or STORE_ABSENT. */
int sql_one(struct db_stmt *stmt, struct err *err) MUST_CHECK;
/* Reads column 0 of at most limit rows; *count says how many. */
int sql_texts(struct db_stmt *stmt, struct arena *arena, size_t limit, struct str *texts,
	size_t *count, struct err *err) MUST_CHECK;

/* Row of JUDGEMENT_COLUMNS. */
void store_pair_take(struct db_stmt *stmt, struct store_pair *pair);

/* Row of JUDGEMENT_COLUMNS. */
void store_pair_take(struct db_stmt *stmt, struct store_pair *pair);

#endif
