/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's present database, rpmdb.sqlite: a table Packages (hnum, blob) of header blobs. It is often
 * in WAL mode, and the log that lies beside it may hold packages that the file does not.
 */
#include "analyze/memory_sqlite.h"
#include "analyze/rpm_header.h"

static int take_row(struct str value, void *context, struct err *err)
{
	return rpm_header_read(value, context, err);
}

int analyze_rpm_sqlite(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct memory_sqlite m;
	int r = memory_sqlite_open(&m, text, sink->log, err);
	if (r == 0)
		r = memory_sqlite_each(&m, "SELECT blob FROM Packages", take_row, sink, err);
	memory_sqlite_close(&m);
	return r < 0 ? err_trace(err, r) : 0;
}
