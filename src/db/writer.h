/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: one thread, one connection, a queue of waiting writes and one commit for all that
 * came together (group commit). Private to db/.
 */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include "db/driver.h"

struct db_writer;

/* Takes the connection over, also when it fails. */
int db_writer_start(struct db_conn *conn, struct db_writer **writer, struct err *err) MUST_CHECK;
/* Also the order of the label values in metrics.def. */
enum db_write_kind { DB_WRITE_RELAXED, DB_WRITE_DURABLE, DB_WRITE_KINDS };
/* Contracts of db_write_relaxed() and db_write(). */
int db_writer_run(struct db_writer *writer, enum db_write_kind kind, db_fn fn, void *argument,
	struct err *err) MUST_CHECK;
void db_writer_stop(struct db_writer **writer); /* runs what is queued first */

#endif
