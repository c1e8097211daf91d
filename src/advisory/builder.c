/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshot builder; contract in builder.h, tables in schema.h.
 *
 * The file is made under a temporary name without journal and without syncs: until it is published
 * nobody can see it, and after a crash it is swept. Everything happens in one transaction. The
 * snapshot's id is the SHA-256 over (id, source, content digest, withdrawn) of all records in order
 * of id and source, so the same advisories give the same id whatever the order of imports.
 *
 * A record whose bytes are the same as before is not written again, so importing a feed of which
 * little changed costs little more than parsing it. Withdrawal is decided here, against the clock:
 * a snapshot never changes its mind while it is in force.
 */
#include "advisory/builder.h"

#include "advisory/ecosystem.h"
#include "advisory/place.h"
#include "advisory/schema.h"
#include "advisory/snapdb.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/timefmt.h"
#include "crypto/digest.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum statement {
	ST_FIND,
	ST_SEEN,
	ST_RECORD,
	ST_UPDATE,
	ST_WITHDRAWN,
	ST_TEXT,
	ST_LINK,
	ST_AFFECTED,
	ST_DROP_LINKS,
	ST_DROP_AFFECTED,
	ST_ECOSYSTEM,
	ST_BAD,
	ST_COUNT
};

static const char *const statements[ST_COUNT] = {
	[ST_FIND] = "SELECT id, digest, withdrawn FROM record WHERE name = ?1 AND source = ?2",
	[ST_SEEN] = "INSERT OR IGNORE INTO temp.seen(record) VALUES (?1)",
	[ST_RECORD] = "INSERT INTO record(source, kind, name, digest, withdrawn, published_us, "
		      "modified_us, title, word, rated_by, vector, score) VALUES (?1, ?2, ?3, ?4, "
		      "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[ST_UPDATE] = "UPDATE record SET source = ?1, kind = ?2, name = ?3, digest = ?4, "
		      "withdrawn = ?5, published_us = ?6, modified_us = ?7, title = ?8, word = ?9, "
		      "rated_by = ?10, vector = ?11, score = ?12 WHERE id = ?13",
	[ST_WITHDRAWN] = "UPDATE record SET withdrawn = ?2 WHERE id = ?1",
	[ST_TEXT] = "INSERT OR REPLACE INTO record_text(record, details, refs, weaknesses) VALUES "
		    "(?1, ?2, ?3, ?4)",
	[ST_LINK] = "INSERT OR IGNORE INTO link(record, kind, target) VALUES (?1, ?2, ?3)",
	[ST_AFFECTED] = "INSERT INTO affected(record, ecosystem, package, word, wont_fix, vector, "
			"score, ranges) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[ST_DROP_LINKS] = "DELETE FROM link WHERE record = ?1",
	[ST_DROP_AFFECTED] = "DELETE FROM affected WHERE record = ?1",
	[ST_ECOSYSTEM] = "INSERT INTO ecosystem(id, name, base, release) VALUES (?1, ?2, ?3, ?4)",
	[ST_BAD] = "INSERT INTO bad(source, place, reason) VALUES (?1, ?2, ?3)",
};

struct builder {
	int directory;
	int lock;
	int64_t now_us;
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT];
	struct map *ecosystems; /* name → (intptr_t) row id */
	int64_t last_ecosystem;
	struct arena *scratch;
	char name[32]; /* of the unfinished file, in directory; empty: none */
	char path[PATH_MAX];
};

static int copy_current(struct builder *builder, const char *data_dir, struct err *err)
{
	char id[65];
	bool found;
	int r = place_current(data_dir, id, &found, err);
	if (r < 0)
		return err_trace(err, r);
	char name[PATH_MAX];
	snprintf(name, sizeof(name), "%s.snapshot", found ? id : "none");
	AUTO_CLOSE int from = openat(builder->directory, name, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int to = openat(
		builder->directory, builder->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (to < 0)
		return err_sys(err, "cannot write %s", builder->path);
	if (from < 0)
		return found ? err_sys(err, "the snapshot in force cannot be read") : 0;
	ssize_t n;
	while ((n = sendfile(to, from, NULL, 1 << 24)) > 0)
		;
	return n < 0 ? err_sys(err, "cannot copy the snapshot in force") : 0;
}

static int check_format(struct builder *builder, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(
		builder->db, "SELECT value FROM meta WHERE key = 'format'", &st, err);
	if (r < 0)
		return err_trace(err, r);
	r = advisory_sql_row(st, err);
	int64_t format = r > 0 ? advisory_sql_int(st, 0, 0) : SNAPSHOT_FORMAT;
	sqlite3_finalize(st);
	if (r >= 0 && format != SNAPSHOT_FORMAT)
		r = err_set(err, EPROTO,
			"the snapshot in force has format %lld, this program knows %d: remove "
			"DIR/advisories and import everything again",
			(long long)format, SNAPSHOT_FORMAT);
	return r < 0 ? err_trace(err, r) : 0;
}

static int open_database(struct builder *builder, struct err *err)
{
	if (sqlite3_open_v2(builder->path, &builder->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return advisory_sql_fail(builder->db, builder->path, err);
	int r = advisory_sql_run(builder->db,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -48000;"
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; "
		"BEGIN;" SNAPSHOT_TABLES "CREATE TEMP TABLE seen(record INTEGER PRIMARY KEY);",
		err);
	if (r == 0)
		r = check_format(builder, err);
	for (int i = 0; i < ST_COUNT && r == 0; i++)
		r = advisory_sql_prepare(builder->db, statements[i], &builder->st[i], err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int load_ecosystems(struct builder *builder, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(builder->db, "SELECT id, name FROM ecosystem", &st, err);
	while (r == 0 && (r = advisory_sql_row(st, err)) > 0) {
		builder->last_ecosystem = advisory_sql_int(st, 0, 0) > builder->last_ecosystem
						  ? advisory_sql_int(st, 0, 0)
						  : builder->last_ecosystem;
		map_put(builder->ecosystems, advisory_sql_text(st, 1),
			(void *)(intptr_t)advisory_sql_int(st, 0, 0));
		r = 0;
	}
	sqlite3_finalize(st);
	return r < 0 ? err_trace(err, r) : 0;
}

int builder_open(
	const char *data_dir, const struct clock *clock, struct builder **out, struct err *err)
{
	int directory;
	int lock;
	int r = place_lock(data_dir, &directory, &lock, err);
	if (r < 0)
		return err_trace(err, r);
	place_sweep(directory);
	struct builder *builder = calloc(1, sizeof(*builder));
	CHECK(builder);
	builder->directory = directory;
	builder->lock = lock;
	builder->now_us = clock_wall(clock);
	builder->ecosystems = map_new();
	builder->scratch = arena_new(0);
	snprintf(builder->name, sizeof(builder->name), "building-%d", (int)getpid());
	snprintf(builder->path, sizeof(builder->path), "%s/advisories/%s", data_dir, builder->name);
	r = copy_current(builder, data_dir, err);
	if (r == 0)
		r = open_database(builder, err);
	if (r == 0)
		r = load_ecosystems(builder, err);
	if (r < 0) {
		builder_close(&builder);
		return err_trace(err, r);
	}
	*out = builder;
	return 0;
}

void builder_close(struct builder **pointer)
{
	struct builder *builder = *pointer;
	if (!builder)
		return;
	for (int i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(builder->st[i]);
	sqlite3_close(builder->db);
	if (*builder->name)
		unlinkat(builder->directory, builder->name, 0);
	map_free(&builder->ecosystems);
	arena_free(&builder->scratch);
	close(builder->directory);
	close(builder->lock);
	free(builder);
	*pointer = NULL;
}

int builder_source(struct builder *builder, struct str name, int64_t *source, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(builder->db,
		"INSERT INTO source(name, imported_us) VALUES (?1, ?2) ON CONFLICT(name) "
		"DO UPDATE SET imported_us = ?2 RETURNING id",
		&st, err);
	if (r == 0) {
		advisory_sql_bind(st, 1, name);
		advisory_sql_bind_int(st, 2, builder->now_us);
		r = advisory_sql_row(st, err);
	}
	if (r > 0)
		*source = advisory_sql_int(st, 0, 0);
	sqlite3_finalize(st);
	if (r < 0)
		return err_trace(err, r);
	char text[128];
	snprintf(text, sizeof(text),
		"DELETE FROM bad WHERE source = %1$lld; UPDATE source SET bad = 0 WHERE id = "
		"%1$lld",
		(long long)*source);
	r = advisory_sql_run(builder->db, text, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int ecosystem_id(struct builder *builder, struct str name, int64_t *id, struct err *err)
{
	void *known = map_get(builder->ecosystems, name);
	*id = (intptr_t)known;
	if (known)
		return 0;
	struct str base;
	struct str release;
	ecosystem_split(builder->scratch, name, &base, &release);
	sqlite3_stmt *st = builder->st[ST_ECOSYSTEM];
	*id = ++builder->last_ecosystem;
	map_put(builder->ecosystems, name, (void *)(intptr_t)*id);
	advisory_sql_bind_int(st, 1, *id);
	advisory_sql_bind(st, 2, name);
	advisory_sql_bind(st, 3, base);
	advisory_sql_bind(st, 4, release);
	int r = advisory_sql_done(st, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static void bind_time(sqlite3_stmt *st, int at, int64_t us)
{
	if (us == TIME_NONE)
		sqlite3_bind_null(st, at);
	else
		advisory_sql_bind_int(st, at, us);
}

static void bind_cvss(sqlite3_stmt *st, int at, const struct cvss *cvss)
{
	advisory_sql_bind(st, at, cvss->vector);
	advisory_sql_bind_int(st, at + 1, cvss->score_tenths);
}

/* id 0: a new record; its row id is returned in *id. */
static int write_record(struct builder *builder, int64_t source, struct str digest, bool withdrawn,
	const struct record *record, int64_t *id, struct err *err)
{
	sqlite3_stmt *st = builder->st[*id ? ST_UPDATE : ST_RECORD];
	advisory_sql_bind_int(st, 1, source);
	advisory_sql_bind_int(st, 2, record->kind);
	advisory_sql_bind(st, 3, record->name);
	advisory_sql_bind(st, 4, digest);
	advisory_sql_bind_int(st, 5, withdrawn);
	bind_time(st, 6, record->published_us);
	bind_time(st, 7, record->modified_us);
	advisory_sql_bind(st, 8, record->title);
	advisory_sql_bind_int(st, 9, record->rating.word);
	advisory_sql_bind(st, 10, record->rating.source);
	bind_cvss(st, 11, &record->rating.cvss);
	if (*id)
		advisory_sql_bind_int(st, 13, *id);
	int r = advisory_sql_done(st, err);
	if (r == 0 && !*id)
		*id = sqlite3_last_insert_rowid(builder->db);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Names are compared in one spelling; see ecosystem.h. */
static struct str compared_name(struct builder *builder, const struct record_affected *affected)
{
	struct str key = affected->ecosystem;
	struct str base = STR("");
	str_cut(&key, ':', &base);
	return ecosystem_spell(builder->scratch, ecosystem_find(base), affected->package);
}

static int write_affected(
	struct builder *builder, int64_t id, const struct record *record, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < record->affected.n && r == 0; i++) {
		const struct record_affected *affected = &record->affected.items[i];
		int64_t ecosystem;
		/* What the distribution does not count as a vulnerability matches nothing. */
		if (affected->unimportant)
			continue;
		r = ecosystem_id(builder, affected->ecosystem, &ecosystem, err);
		if (r < 0)
			break;
		sqlite3_stmt *st = builder->st[ST_AFFECTED];
		advisory_sql_bind_int(st, 1, id);
		advisory_sql_bind_int(st, 2, ecosystem);
		advisory_sql_bind(st, 3, compared_name(builder, affected));
		advisory_sql_bind_int(st, 4, affected->rating.word);
		advisory_sql_bind_int(st, 5, affected->wont_fix);
		bind_cvss(st, 6, &affected->rating.cvss);
		advisory_sql_bind(st, 8, affected->ranges.p ? affected->ranges : STR(""));
		r = advisory_sql_done(st, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static int write_links(
	struct builder *builder, int64_t id, const struct record *record, struct err *err)
{
	sqlite3_stmt *st = builder->st[ST_LINK];
	int r = 0;
	for (size_t i = 0; i < record->links.n && r == 0; i++) {
		advisory_sql_bind_int(st, 1, id);
		advisory_sql_bind_int(st, 2, record->links.items[i].kind);
		advisory_sql_bind(st, 3, record->links.items[i].target);
		r = advisory_sql_done(st, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static struct str join(struct strbuf *lines, const struct str *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			strbuf_add_char(lines, '\n');
		strbuf_add_str(lines, items[i]);
	}
	return strbuf_view(lines);
}

static int write_text(
	struct builder *builder, int64_t id, const struct record *record, struct err *err)
{
	AUTO_STRBUF struct strbuf references = STRBUF(LIMIT_ADVISORY_BYTES);
	AUTO_STRBUF struct strbuf weaknesses = STRBUF(LIMIT_ADVISORY_BYTES);
	sqlite3_stmt *st = builder->st[ST_TEXT];
	advisory_sql_bind_int(st, 1, id);
	advisory_sql_bind(st, 2, record->details);
	advisory_sql_bind(st, 3, join(&references, record->references.items, record->references.n));
	advisory_sql_bind(st, 4, join(&weaknesses, record->weaknesses.items, record->weaknesses.n));
	int r = advisory_sql_done(st, err);
	sqlite3_clear_bindings(st);
	return r < 0 ? err_trace(err, r) : 0;
}

static int drop_parts(struct builder *builder, int64_t id, struct err *err)
{
	static const enum statement drops[] = { ST_DROP_LINKS, ST_DROP_AFFECTED };
	int r = 0;
	for (size_t i = 0; i < 2 && r == 0; i++) {
		advisory_sql_bind_int(builder->st[drops[i]], 1, id);
		r = advisory_sql_done(builder->st[drops[i]], err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

/* *before: this import has seen it already. */
static int mark_seen(struct builder *builder, int64_t id, bool *before, struct err *err)
{
	advisory_sql_bind_int(builder->st[ST_SEEN], 1, id);
	int r = advisory_sql_done(builder->st[ST_SEEN], err);
	*before = r == 0 && sqlite3_changes(builder->db) == 0;
	return r < 0 ? err_trace(err, r) : 0;
}

static int set_withdrawn(struct builder *builder, int64_t id, bool withdrawn, struct err *err)
{
	advisory_sql_bind_int(builder->st[ST_WITHDRAWN], 1, id);
	advisory_sql_bind_int(builder->st[ST_WITHDRAWN], 2, withdrawn);
	int r = advisory_sql_done(builder->st[ST_WITHDRAWN], err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* What is known of the record: *id 0 nothing. */
static int find_record(struct builder *builder, int64_t source, const struct record *record,
	struct str digest, int64_t *id, bool *same, bool *was_withdrawn, struct err *err)
{
	sqlite3_stmt *find = builder->st[ST_FIND];
	advisory_sql_bind(find, 1, record->name);
	advisory_sql_bind_int(find, 2, source);
	int r = advisory_sql_row(find, err);
	*id = 0;
	if (r > 0) {
		*id = advisory_sql_int(find, 0, 0);
		*same = str_eq(advisory_sql_text(find, 1), digest);
		*was_withdrawn = advisory_sql_int(find, 2, 0) != 0;
		sqlite3_reset(find);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static int write_all(struct builder *builder, int64_t source, struct str digest, bool withdrawn,
	const struct record *record, int64_t *id, struct err *err)
{
	int r = *id ? drop_parts(builder, *id, err) : 0;
	if (r == 0)
		r = write_record(builder, source, digest, withdrawn, record, id, err);
	if (r == 0)
		r = write_links(builder, *id, record, err);
	if (r == 0)
		r = write_affected(builder, *id, record, err);
	if (r == 0)
		r = write_text(builder, *id, record, err);
	arena_reset(builder->scratch);
	return r < 0 ? err_trace(err, r) : 0;
}

int builder_add(struct builder *builder, int64_t source, struct str digest,
	const struct record *record, struct err *err)
{
	bool withdrawn =
		record->withdrawn_us != TIME_NONE && record->withdrawn_us <= builder->now_us;
	int64_t id;
	bool same = false;
	bool was = false;
	bool before = false;
	int r = find_record(builder, source, record, digest, &id, &same, &was, err);
	if (r == 0 && !same)
		r = write_all(builder, source, digest, withdrawn, record, &id, err);
	else if (r == 0 && withdrawn != was)
		r = set_withdrawn(builder, id, withdrawn, err);
	if (r == 0)
		r = mark_seen(builder, id, &before, err);
	if (r < 0)
		return err_trace(err, r);
	return before && !same ? BUILDER_TWICE : 0;
}

int builder_bad(struct builder *builder, int64_t source, struct str place, struct str reason,
	struct err *err)
{
	char text[96];
	snprintf(text, sizeof(text), "UPDATE source SET bad = bad + 1 WHERE id = %lld",
		(long long)source);
	int r = advisory_sql_run(builder->db, text, err);
	sqlite3_stmt *st = builder->st[ST_BAD];
	if (r == 0 && place.p) {
		advisory_sql_bind_int(st, 1, source);
		advisory_sql_bind(st, 2, place);
		advisory_sql_bind(st, 3, reason);
		r = advisory_sql_done(st, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

int builder_source_end(struct builder *builder, int64_t source, bool complete, struct err *err)
{
	if (!complete)
		return 0;
	char text[512];
	snprintf(text, sizeof(text),
		"CREATE TEMP TABLE gone AS SELECT id FROM record WHERE source = %lld AND id NOT IN "
		"temp.seen; DELETE FROM link WHERE record IN temp.gone; DELETE FROM affected WHERE "
		"record IN temp.gone; DELETE FROM record_text WHERE record IN temp.gone; DELETE "
		"FROM record WHERE id IN temp.gone; DROP TABLE temp.gone;",
		(long long)source);
	int r = advisory_sql_run(builder->db, text, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int compute_id(struct builder *builder, char id[65], struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(builder->db,
		"SELECT r.name, s.name, r.digest, r.withdrawn FROM record r JOIN source s ON s.id "
		"= r.source ORDER BY r.name, s.name",
		&st, err);
	struct digest digest;
	digest_init(&digest, DIGEST_SHA256);
	char head[32];
	digest_update(&digest, head,
		(size_t)snprintf(head, sizeof(head), "format %d\n", SNAPSHOT_FORMAT));
	while (r == 0 && (r = advisory_sql_row(st, err)) > 0) {
		for (int i = 0; i < 4; i++) {
			struct str part = advisory_sql_text(st, i);
			digest_update(&digest, part.p, part.n);
			digest_update(&digest, "\n", 1);
		}
		r = 0;
	}
	sqlite3_finalize(st);
	char text[DIGEST_TEXT_MAX];
	digest_final(&digest, text);
	snprintf(id, 65, "%.64s", text + sizeof("sha256:") - 1);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Counts what each release has, so that readers need not. */
#define COUNT_RELEASES                                                                             \
	"UPDATE ecosystem SET records = (SELECT count(DISTINCT a.record) FROM affected a JOIN "    \
	"record r ON r.id = a.record WHERE a.ecosystem = ecosystem.id AND NOT r.withdrawn);"

static int finish_database(struct builder *builder, const char *id, struct err *err)
{
	char text[1024];
	snprintf(text, sizeof(text),
		SNAPSHOT_INDEXES
		"CREATE INDEX temp_counting ON affected(ecosystem, record);" COUNT_RELEASES
		"DROP INDEX temp_counting;"
		"DELETE FROM ecosystem WHERE records = 0 AND id NOT IN (SELECT ecosystem FROM "
		"affected);"
		"INSERT OR REPLACE INTO meta VALUES ('format', %d), ('id', '%s'), ('built_us', "
		"%lld); COMMIT;",
		SNAPSHOT_FORMAT, id, (long long)builder->now_us);
	int r = advisory_sql_run(builder->db, text, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int builder_publish(struct builder *builder, char id[65], struct err *err)
{
	int r = compute_id(builder, id, err);
	if (r == 0)
		r = finish_database(builder, id, err);
	if (r < 0)
		return err_trace(err, r);
	for (int i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(builder->st[i]);
		builder->st[i] = NULL;
	}
	if (sqlite3_close(builder->db) != SQLITE_OK)
		return advisory_sql_fail(builder->db, "closing the new snapshot", err);
	builder->db = NULL;
	r = place_publish(builder->directory, builder->name, id, err);
	if (r < 0)
		return err_trace(err, r);
	*builder->name = '\0';
	return 0;
}
