/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile SQLite database read from memory, because nothing can be opened in the sandbox: also
 * one in WAL mode, together with its write-ahead log. Inside analyze/ only.
 */
#ifndef ANALYZE_MEMORY_SQLITE_H
#define ANALYZE_MEMORY_SQLITE_H

#include "base/err.h"
#include "base/str.h"
#include "base/strbuf.h"

#include <sqlite3.h>

struct memory_sqlite {
	sqlite3 *db;
	struct strbuf bytes; /* the database, which SQLite reads where it is */
	unsigned calls;
};

/* log: content of the file "-wal", or empty. Close it also after a failure. */
int memory_sqlite_open(
	struct memory_sqlite *m, struct str database, struct str log, struct err *err) MUST_CHECK;
void memory_sqlite_close(struct memory_sqlite *m);

/* The first column of a row; valid during the call. */
typedef int memory_sqlite_row(struct str value, void *context, struct err *err);
/* Calls row for every row of the query, which may only read tables. */
int memory_sqlite_each(struct memory_sqlite *m, const char *query, memory_sqlite_row *row,
	void *context, struct err *err) MUST_CHECK;

#endif
