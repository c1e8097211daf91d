/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a snapshot and asking it for status and texts; contract in snapshot.h, judging in
 * match.c. The file is opened immutable and mapped: SQLite takes no locks and looks for no journal.
 * One thread at a time per object.
 */
#include "advisory/snapshot_private.h"

#include "advisory/ecosystem.h"
#include "advisory/place.h"
#include "advisory/record.h"
#include "advisory/schema.h"
#include "base/strbuf.h"
#include "base/timefmt.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { OPEN_ATTEMPTS = 5, TEXTS_MAX = 100 };

static const char *const statements[ST_COUNT] = {
	[ST_AFFECTED] = "SELECT r.id, r.name, r.title, r.published_us, r.modified_us, r.word, "
			"r.vector, a.word, a.vector, a.wont_fix, a.ranges FROM affected a JOIN "
			"record r ON r.id = a.record WHERE a.package = ?1 AND a.ecosystem = ?2 AND "
			"NOT r.withdrawn ORDER BY r.name, r.id, a.id",
	[ST_LINKS] = "SELECT target FROM link WHERE record = ?1 AND kind = ?2 ORDER BY target",
	[ST_NAMED] = "SELECT id FROM record WHERE name = ?1 AND kind = 0 AND NOT withdrawn",
	[ST_ALIASED] = "SELECT r.name FROM link l JOIN record r ON r.id = l.record WHERE l.target "
		       "= ?1 AND l.kind = 0 AND NOT r.withdrawn ORDER BY r.name",
	/* OSV records of the vulnerability before the CVE record, GitHub's first among them. */
	[ST_RATED] =
		"SELECT kind, name, word, rated_by, vector, score, title, published_us FROM "
		"record WHERE NOT withdrawn AND (name = ?1 OR id IN (SELECT record FROM link "
		"WHERE target = ?1 AND kind = 0)) ORDER BY kind, name NOT LIKE 'GHSA-%', name, "
		"source",
	[ST_TEXTS] = "SELECT r.title, t.details, t.refs, t.weaknesses FROM record r JOIN "
		     "record_text t ON t.record = r.id WHERE NOT r.withdrawn AND (r.name = ?1 OR "
		     "r.id IN (SELECT record FROM link WHERE target = ?1 AND kind < 2)) ORDER BY "
		     "r.name <> ?1, r.kind DESC, r.name NOT LIKE 'GHSA-%', r.name LIMIT 20",
};

static int load_meta(struct snapshot *snapshot, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(snapshot->db,
		"SELECT (SELECT value FROM meta WHERE key = 'format'), (SELECT value FROM meta "
		"WHERE key = 'built_us')",
		&st, err);
	if (r == 0)
		r = advisory_sql_row(st, err);
	int64_t format = r > 0 ? advisory_sql_int(st, 0, 0) : 0;
	if (r > 0)
		snapshot->built_us = advisory_sql_int(st, 1, 0);
	sqlite3_finalize(st);
	if (r < 0)
		return err_trace(err, r);
	if (format != SNAPSHOT_FORMAT)
		return err_set(err, EPROTO,
			"the advisory snapshot has format %lld, this program reads %d: import the "
			"advisories again",
			(long long)format, SNAPSHOT_FORMAT);
	return 0;
}

static int load_scopes(struct snapshot *snapshot, struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(snapshot->db,
		"SELECT id, name, base, release, records FROM ecosystem ORDER BY name", &st, err);
	while (r == 0 && (r = advisory_sql_row(st, err)) > 0) {
		struct scope scope = {
			.id = advisory_sql_int(st, 0, 0),
			.name = arena_str(snapshot->arena, advisory_sql_text(st, 1)),
			.base = arena_str(snapshot->arena, advisory_sql_text(st, 2)),
			.release = arena_str(snapshot->arena, advisory_sql_text(st, 3)),
			.records = advisory_sql_int(st, 4, 0),
		};
		AVEC_PUSH(snapshot->arena, &snapshot->scopes, scope);
		r = 0;
	}
	sqlite3_finalize(st);
	return r < 0 ? err_trace(err, r) : 0;
}

/* A path as part of a URI: SQLite takes "%", "?" and "#" apart. */
static struct str file_uri(struct arena *arena, const char *data_dir, const char *id)
{
	AUTO_STRBUF struct strbuf uri = STRBUF(PATH_MAX * 3 + 128);
	strbuf_add_cstr(&uri, "file:");
	for (const char *c = data_dir; *c; c++) {
		if (*c == '%' || *c == '?' || *c == '#')
			strbuf_addf(&uri, "%%%02X", (unsigned)*c);
		else
			strbuf_add_char(&uri, *c);
	}
	strbuf_addf(&uri, "/advisories/%s.snapshot?immutable=1", id);
	return arena_str(arena, strbuf_view(&uri));
}

static int open_file(struct snapshot *snapshot, const char *data_dir, struct err *err)
{
	struct str uri = file_uri(snapshot->arena, data_dir, snapshot->id);
	if (sqlite3_open_v2(uri.p, &snapshot->db,
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return advisory_sql_fail(snapshot->db, "opening the advisory snapshot", err);
	int r = advisory_sql_run(snapshot->db,
		"PRAGMA mmap_size = 8589934592; PRAGMA cache_size = -2000; PRAGMA query_only = 1",
		err);
	if (r == 0)
		r = load_meta(snapshot, err);
	if (r == 0)
		r = load_scopes(snapshot, err);
	for (int i = 0; i < ST_COUNT && r == 0; i++)
		r = advisory_sql_prepare(snapshot->db, statements[i], &snapshot->st[i], err);
	return r < 0 ? err_trace(err, r) : 0;
}

void snapshot_close(struct snapshot **pointer)
{
	struct snapshot *snapshot = *pointer;
	if (!snapshot)
		return;
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	for (int i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(snapshot->st[i]);
	sqlite3_close(snapshot->db);
	arena_free(&snapshot->arena);
	snapshot->magic = 0;
	free(snapshot);
	*pointer = NULL;
}

int snapshot_current_id(const char *data_dir, char out[65], struct err *err)
{
	bool found;
	int r = place_current(data_dir, out, &found, err);
	if (r < 0)
		return err_trace(err, r);
	return found ? 0 : SNAPSHOT_NONE;
}

static struct snapshot *snapshot_new(void)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	CHECK(snapshot);
	snapshot->magic = SNAPSHOT_MAGIC;
	snapshot->arena = arena_new(0);
	return snapshot;
}

int snapshot_open(const char *data_dir, struct str id, struct snapshot **out, struct err *err)
{
	char path[PATH_MAX];
	struct snapshot *snapshot = snapshot_new();
	snprintf(snapshot->id, sizeof(snapshot->id), STR_FMT, STR_ARG(id));
	snprintf(path, sizeof(path), "%s/advisories/%s.snapshot", data_dir, snapshot->id);
	int r = access(path, F_OK) < 0 && errno == ENOENT ? SNAPSHOT_NONE
							  : open_file(snapshot, data_dir, err);
	if (r != 0) {
		snapshot_close(&snapshot);
		return r < 0 ? err_trace(err, r) : r;
	}
	*out = snapshot;
	return 0;
}

int snapshot_open_current(const char *data_dir, struct snapshot **out, struct err *err)
{
	int r = 0;
	char before[65] = "";
	/* The file may be replaced and removed between reading its name and opening it. */
	for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
		struct snapshot *snapshot = snapshot_new();
		r = snapshot_current_id(data_dir, snapshot->id, err);
		bool again = r == 0 && !str_eq(str_from(before), str_from(snapshot->id));
		snprintf(before, sizeof(before), "%s", snapshot->id);
		if (r == 0)
			r = open_file(snapshot, data_dir, err);
		if (r == 0) {
			*out = snapshot;
			return 0;
		}
		snapshot_close(&snapshot);
		if (r > 0 || !again)
			break;
	}
	return r > 0 ? SNAPSHOT_NONE : err_trace(err, r);
}

struct str snapshot_id(const struct snapshot *snapshot)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	return str_from(snapshot->id);
}

int64_t snapshot_built_at(const struct snapshot *snapshot)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	return snapshot->built_us;
}

bool snapshot_has_release(struct snapshot *snapshot, struct str release_key)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	struct arena *arena = arena_new(0);
	struct str base;
	struct str release;
	bool found = false;
	ecosystem_split(arena, release_key, &base, &release);
	for (size_t i = 0; i < snapshot->scopes.n && base.n && !found; i++) {
		const struct scope *scope = &snapshot->scopes.items[i];
		found = scope->records && str_eq(scope->base, base) &&
			(!scope->release.n || str_eq(scope->release, release));
	}
	arena_free(&arena);
	return found;
}

static bool has(const struct str *items, size_t n, struct str text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(items[i], text))
			return true;
	return false;
}

int snapshot_describe(struct snapshot *snapshot, struct arena *arena, struct str vulnerability,
	struct vulnerability_text *text, struct err *err)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	*text = (struct vulnerability_text){ .title = STR(""), .description = STR("") };
	sqlite3_stmt *st = snapshot->st[ST_TEXTS];
	advisory_sql_bind(st, 1, vulnerability);
	int r;
	while ((r = advisory_sql_row(st, err)) > 0) {
		struct str part;
		struct str lines = advisory_sql_text(st, 2);
		if (!text->title.n)
			text->title = arena_str(arena, advisory_sql_text(st, 0));
		if (!text->description.n)
			text->description = arena_str(arena, advisory_sql_text(st, 1));
		while (str_cut(&lines, '\n', &part))
			if (part.n && text->references.n < TEXTS_MAX &&
				!has(text->references.items, text->references.n, part))
				AVEC_PUSH(arena, &text->references, arena_str(arena, part));
		lines = advisory_sql_text(st, 3);
		while (str_cut(&lines, '\n', &part))
			if (part.n && text->weaknesses.n < TEXTS_MAX &&
				!has(text->weaknesses.items, text->weaknesses.n, part))
				AVEC_PUSH(arena, &text->weaknesses, arena_str(arena, part));
	}
	return r < 0 ? err_trace(err, r) : 0;
}

static void add_source(json_t *list, sqlite3_stmt *st)
{
	json_t *source = json_add_object(list);
	json_put(source, "name", advisory_sql_text(st, 0));
	json_put_time(source, "imported", advisory_sql_int(st, 1, TIME_NONE));
	json_put_int(source, "records", advisory_sql_int(st, 2, 0));
	json_put_int(source, "withdrawn", advisory_sql_int(st, 3, 0));
	json_put_int(source, "cveRecords", advisory_sql_int(st, 4, 0));
	json_put_time(source, "newest", advisory_sql_int(st, 5, TIME_NONE));
	json_put_int(source, "bad", advisory_sql_int(st, 6, 0));
}

static void add_bad(json_t *list, sqlite3_stmt *st)
{
	json_t *bad = json_add_object(list);
	json_put(bad, "where", advisory_sql_text(st, 0));
	json_put(bad, "reason", advisory_sql_text(st, 1));
}

static int add_rows(struct snapshot *snapshot, json_t *list, const char *query,
	void (*add)(json_t *list, sqlite3_stmt *st), struct err *err)
{
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(snapshot->db, query, &st, err);
	while (r == 0 && (r = advisory_sql_row(st, err)) > 0) {
		add(list, st);
		r = 0;
	}
	sqlite3_finalize(st);
	return r < 0 ? err_trace(err, r) : 0;
}

static void add_totals(json_t *status)
{
	static const char *const members[] = { "records", "withdrawn", "cveRecords", "bad" };
	for (size_t m = 0; m < sizeof(members) / sizeof(*members); m++) {
		int64_t total = 0;
		const json_t *source;
		size_t i;
		json_array_foreach (json_list(status, "sources"), i, source) {
			total += json_int(source, members[m], 0);
		}
		json_put_int(status, members[m], total);
	}
}

static void add_releases(const struct snapshot *snapshot, json_t *list)
{
	for (size_t i = 0; i < snapshot->scopes.n; i++) {
		const struct scope *scope = &snapshot->scopes.items[i];
		json_t *release = json_add_object(list);
		json_put(release, "name", scope->name);
		json_put_int(release, "records", scope->records);
		json_put_bool(release, "matched", ecosystem_find(scope->base) != NULL);
	}
}

int snapshot_status(
	struct snapshot *snapshot, const struct clock *clock, json_t **out, struct err *err)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	json_t *status = json_object();
	int64_t age_us = clock_wall(clock) - snapshot->built_us;
	json_put(status, "id", snapshot_id(snapshot));
	json_put_time(status, "built", snapshot->built_us);
	json_put_int(status, "ageSeconds", age_us > 0 ? age_us / 1000000 : 0);
	json_put_int(status, "format", SNAPSHOT_FORMAT);
	int r = add_rows(snapshot, json_put_list(status, "sources"),
		"SELECT s.name, s.imported_us, sum(r.kind = 0), sum(r.kind = 0 AND r.withdrawn), "
		"sum(r.kind = 1), max(r.modified_us), s.bad FROM source s LEFT JOIN record r ON "
		"r.source = s.id GROUP BY s.id ORDER BY s.name",
		add_source, err);
	if (r == 0)
		r = add_rows(snapshot, json_put_list(status, "badRecords"),
			"SELECT place, reason FROM bad ORDER BY place, reason LIMIT 100", add_bad,
			err);
	if (r < 0) {
		json_decref(status);
		return err_trace(err, r);
	}
	add_totals(status);
	add_releases(snapshot, json_put_list(status, "releases"));
	*out = status;
	return 0;
}
