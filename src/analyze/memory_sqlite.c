/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See memory_sqlite.h. SQLite's in-memory files cannot be in WAL mode, so what a write-ahead log
 * holds is put into the pages first (SQLite file format, §4: frames count up to the last commit
 * whose salts and checksums hold) and the two bytes that name the mode are changed.
 *
 * The file is hostile: its schema may hold views, triggers and virtual tables, so everything but
 * reading tables is denied, the file's own size bounds what may be read from it, and a count of
 * virtual machine steps ends queries that loop.
 */
#include "analyze/memory_sqlite.h"

#include "base/limits.h"

#include <string.h>

enum {
	DATABASE_HEAD = 100,
	PAGE_SIZE_AT = 16,
	CHANGES_AT = 24,
	PAGES_AT = 28,
	SIZE_IS_OF_CHANGE_AT = 92,
	WRITE_VERSION = 18,
	READ_VERSION = 19,
	MODE_LEGACY = 1,
	MODE_WAL = 2,
	WAL_HEAD = 32,
	WAL_FRAME = 24,
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
	STEPS_PER_CALL = 100000,
	CALLS_MAX = 10000, /* 10^9 steps: some seconds; a database of 60,000 packages takes 10^6 */
};
#define WAL_MAGIC 0x377f0682u /* with the lowest bit: checksums over big-endian words */

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static uint32_t le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[3] << 24 | (uint32_t)u[2] << 16 | (uint32_t)u[1] << 8 | u[0];
}

/* --- the write-ahead log */

struct wal {
	struct str bytes;
	size_t page_size;
	bool big_endian;
	uint32_t sums[2];
};

static void add_sums(struct wal *wal, const char *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		uint32_t a = wal->big_endian ? be32(p + i) : le32(p + i);
		uint32_t b = wal->big_endian ? be32(p + i + 4) : le32(p + i + 4);
		wal->sums[0] += a + wal->sums[1];
		wal->sums[1] += b + wal->sums[0];
	}
}

static bool wal_open(struct wal *wal, struct str bytes)
{
	if (bytes.n < WAL_HEAD || (be32(bytes.p) & ~1u) != WAL_MAGIC)
		return false;
	*wal = (struct wal){
		.bytes = bytes, .page_size = be32(bytes.p + 8), .big_endian = be32(bytes.p) & 1
	};
	if (wal->page_size < PAGE_SIZE_MIN || wal->page_size > PAGE_SIZE_MAX)
		return false;
	add_sums(wal, bytes.p, 24);
	return wal->sums[0] == be32(bytes.p + 24) && wal->sums[1] == be32(bytes.p + 28);
}

static const char *wal_frame(const struct wal *wal, size_t i)
{
	size_t at = WAL_HEAD + i * (WAL_FRAME + wal->page_size);
	return at + WAL_FRAME + wal->page_size <= wal->bytes.n ? wal->bytes.p + at : NULL;
}

/* How many frames count, and how many pages the database has after the last of them. */
static size_t wal_committed(struct wal *wal, uint32_t *pages)
{
	size_t committed = 0;
	const char *frame;
	for (size_t i = 0; (frame = wal_frame(wal, i)) != NULL; i++) {
		if (memcmp(frame + 8, wal->bytes.p + 16, 8) != 0)
			break;
		add_sums(wal, frame, 8);
		add_sums(wal, frame + WAL_FRAME, wal->page_size);
		if (wal->sums[0] != be32(frame + 16) || wal->sums[1] != be32(frame + 20))
			break;
		if (!be32(frame + 4))
			continue;
		committed = i + 1;
		*pages = be32(frame + 4);
	}
	return committed;
}

/* Puts the committed pages of the log into the database. */
static int wal_apply(struct str log, struct strbuf *database, struct err *err)
{
	struct wal wal;
	uint32_t pages = 0;
	/* A log of no use is one that SQLite would start anew. */
	if (!wal_open(&wal, log))
		return 0;
	size_t frames = wal_committed(&wal, &pages);
	if (!frames)
		return 0;
	if ((uint64_t)pages * wal.page_size > database->ceiling)
		return err_set(
			err, E2BIG, "its write-ahead log makes it larger than a database may be");
	size_t size = pages * wal.page_size;
	if (size > database->n) {
		size_t more = size - database->n;
		char *room = strbuf_reserve(database, more);
		CHECK(room);
		memset(room, 0, more);
		strbuf_commit(database, more);
	}
	const char *frame;
	for (size_t i = 0; i < frames && (frame = wal_frame(&wal, i)) != NULL; i++) {
		uint32_t number = be32(frame);
		if (number && number <= pages)
			memcpy(database->p + (number - 1) * wal.page_size, frame + WAL_FRAME,
				wal.page_size);
	}
	database->n = size;
	return 0;
}

/* --- SQLite */

static int count_calls(void *context)
{
	unsigned *calls = context;
	return ++*calls > CALLS_MAX;
}

/* Reading tables and nothing else: no functions, no pragmas, no virtual tables. */
static int only_reading(void *context, int action, const char *a, const char *b,
	const char *database, const char *trigger)
{
	(void)context;
	(void)a;
	(void)b;
	(void)database;
	(void)trigger;
	return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static int complain(sqlite3 *db, struct err *err)
{
	int code = sqlite3_errcode(db);
	if (code == SQLITE_INTERRUPT)
		return err_set(err, E2BIG, "reading it takes more work than it may");
	return err_set(err, EINVAL, "it is no SQLite database of the expected form: %s",
		sqlite3_errmsg(db));
}

static int open_bytes(struct strbuf *bytes, unsigned *calls, sqlite3 **db, struct err *err)
{
	if (sqlite3_open_v2(":memory:", db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return err_set(err, EIO, "SQLite does not start: %s", sqlite3_errmsg(*db));
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, (int)LIMIT_DATABASE_BYTES);
	sqlite3_limit(*db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_progress_handler(*db, STEPS_PER_CALL, count_calls, calls);
	unsigned flags = SQLITE_DESERIALIZE_READONLY;
	if (sqlite3_deserialize(*db, "main", (unsigned char *)bytes->p, (sqlite3_int64)bytes->n,
		    (sqlite3_int64)bytes->n, flags) != SQLITE_OK)
		return complain(*db, err);
	sqlite3_set_authorizer(*db, only_reading, NULL);
	return 0;
}

/* SQLite reads what it needs and would not notice that pages at the end are missing. */
static bool is_cut(struct str file)
{
	uint64_t page_size = be32(file.p + PAGE_SIZE_AT) >> 16;
	if (be32(file.p + CHANGES_AT) != be32(file.p + SIZE_IS_OF_CHANGE_AT))
		return false; /* written by a version that did not keep the size */
	return be32(file.p + PAGES_AT) * (page_size == 1 ? PAGE_SIZE_MAX : page_size) > file.n;
}

int memory_sqlite_open(
	struct memory_sqlite *m, struct str database, struct str log, struct err *err)
{
	*m = (struct memory_sqlite){ .bytes = STRBUF(LIMIT_DATABASE_BYTES) };
	strbuf_add_str(&m->bytes, database);
	if (strbuf_failed(&m->bytes))
		return err_set(err, E2BIG, "it is larger than a database may be");
	if (m->bytes.n < DATABASE_HEAD)
		return err_set(err, EINVAL, "it is no SQLite database");
	int r = wal_apply(log, &m->bytes, err);
	if (r < 0)
		return err_trace(err, r);
	char *head = m->bytes.p;
	if (m->bytes.n < DATABASE_HEAD || is_cut(strbuf_view(&m->bytes)))
		return err_set(err, EINVAL, "it is shorter than it says");
	if (head[READ_VERSION] == MODE_WAL)
		head[WRITE_VERSION] = head[READ_VERSION] = MODE_LEGACY;
	r = open_bytes(&m->bytes, &m->calls, &m->db, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int memory_sqlite_each(struct memory_sqlite *m, const char *query, memory_sqlite_row *row,
	void *context, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(m->db, query, -1, &statement, NULL) != SQLITE_OK)
		return complain(m->db, err);
	int r = 0;
	int step = SQLITE_DONE;
	uint64_t bytes = 0;
	while (r == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		const void *p = sqlite3_column_blob(statement, 0);
		struct str value = { p, (size_t)sqlite3_column_bytes(statement, 0) };
		bytes += value.n;
		/* Overflow chains that share pages would multiply them. */
		if (bytes > m->bytes.n)
			r = err_set(err, E2BIG, "its records are larger than the file");
		else
			r = row(value, context, err);
	}
	if (r == 0 && step != SQLITE_DONE)
		r = complain(m->db, err);
	sqlite3_finalize(statement);
	return r < 0 ? err_trace(err, r) : 0;
}

void memory_sqlite_close(struct memory_sqlite *m)
{
	sqlite3_close(m->db);
	strbuf_free(&m->bytes);
}
