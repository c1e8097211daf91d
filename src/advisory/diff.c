/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Difference of two snapshots; contract in diff.h. Both record lists are read once in order of
 * (id, source) and merged; a record counts as changed when its content digest or its withdrawal
 * differs. Of a changed record everything that judging reads is compared as text, column by column
 * as the tables have them, so that a column added later counts by itself; what is equal then
 * differed in words and dates only.
 *
 * A judgement also rests on records that do not name the package: aliases and upstream records say
 * which vulnerability it is, other records of the same vulnerability rate it. So from each changed
 * record the walk goes to its aliases, and from there backwards over all links to the records that
 * lead to any of them; the packages of all those are named. "related" is loose and is followed one
 * step. One thread, as for snapshots.
 */
#include "advisory/diff.h"

#include "advisory/ecosystem.h"
#include "advisory/record.h"
#include "advisory/snapshot_private.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "base/timefmt.h"

enum { BEFORE, AFTER, SIDES };

enum diff_statement {
	DIFF_RECORDS, /* all of them, in order */
	DIFF_RECORD,  /* what judging reads of one */
	DIFF_LINKS,
	DIFF_AFFECTED,
	DIFF_ALIASES,  /* of and to a name */
	DIFF_LEADING,  /* names of records that lead to a name */
	DIFF_PACKAGES, /* of the records with a name */
	DIFF_COUNT
};

static const char *const statements[DIFF_COUNT] = {
	[DIFF_RECORDS] = "SELECT r.name, s.name, r.id, r.digest, r.withdrawn FROM record r JOIN "
			 "source s ON s.id = r.source ORDER BY r.name, s.name",
	[DIFF_RECORD] = "SELECT * FROM record WHERE id = ?1",
	[DIFF_LINKS] = "SELECT kind, target FROM link WHERE record = ?1 ORDER BY kind, target",
	[DIFF_AFFECTED] =
		"SELECT e.name AS ecosystem_name, a.* FROM affected a JOIN ecosystem e ON "
		"e.id = a.ecosystem WHERE a.record = ?1 ORDER BY a.id",
	[DIFF_ALIASES] =
		"SELECT l.target FROM record r JOIN link l ON l.record = r.id AND l.kind = "
		"0 WHERE r.name = ?1 UNION SELECT r.name FROM link l JOIN record r ON r.id "
		"= l.record WHERE l.target = ?1 AND l.kind = 0",
	[DIFF_LEADING] = "SELECT r.name, l.kind FROM link l JOIN record r ON r.id = l.record WHERE "
			 "l.target = ?1",
	[DIFF_PACKAGES] = "SELECT DISTINCT a.package FROM record r JOIN affected a ON a.record = "
			  "r.id WHERE r.name = ?1",
};

/* Columns that say nothing about the verdict: row ids, the digest over all, words, dates. */
static const char *const not_judged[] = { "id", "record", "source", "ecosystem", "digest",
	"published_us", "modified_us", "title" };

struct side {
	sqlite3_stmt *st[DIFF_COUNT];
	bool at_row; /* DIFF_RECORDS stands on a row */
};

struct walk_name {
	struct str name;
	bool leads_on; /* what links to it is affected, too */
};

struct diffing {
	struct side sides[SIDES];
	struct arena *arena;
	struct snapshot_diff *diff;
	struct map *seen;	      /* name → struct walk_name * */
	VEC(struct walk_name *) walk; /* in order of discovery */
};

static void add_name(struct diffing *d, struct str name, bool leads_on)
{
	struct walk_name *known = map_get(d->seen, name);
	if (known && (known->leads_on || !leads_on))
		return;
	if (!known) {
		known = ARENA_NEW(d->arena, struct walk_name);
		known->name = arena_str(d->arena, name);
		map_put(d->seen, known->name, known);
	}
	known->leads_on = leads_on;
	AVEC_PUSH(d->arena, &d->walk, known);
}

/* --- what judging reads of a record, as text */

static bool is_judged(const char *column)
{
	for (size_t i = 0; i < sizeof(not_judged) / sizeof(*not_judged); i++)
		if (str_eq(str_from(column), str_from(not_judged[i])))
			return false;
	return true;
}

static int view_rows(sqlite3_stmt *st, int64_t record, struct strbuf *view, struct err *err)
{
	int r;
	advisory_sql_bind_int(st, 1, record);
	while ((r = advisory_sql_row(st, err)) > 0)
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			if (!is_judged(sqlite3_column_name(st, i)))
				continue;
			strbuf_add_str(view, advisory_sql_text(st, i));
			strbuf_add_char(view, '\x1f');
		}
	return r < 0 ? err_trace(err, r) : 0;
}

static int view_record(struct side *side, int64_t record, struct strbuf *view, struct err *err)
{
	int r = view_rows(side->st[DIFF_RECORD], record, view, err);
	if (r == 0)
		r = view_rows(side->st[DIFF_LINKS], record, view, err);
	if (r == 0)
		r = view_rows(side->st[DIFF_AFFECTED], record, view, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- records of which only the words changed */

static int add_text(struct diffing *d, int64_t record, struct str name, struct err *err)
{
	struct side *side = &d->sides[AFTER];
	sqlite3_stmt *st = NULL;
	int r = advisory_sql_prepare(sqlite3_db_handle(side->st[DIFF_RECORD]),
		"SELECT title, published_us, modified_us FROM record WHERE id = ?1", &st, err);
	if (r == 0)
		advisory_sql_bind_int(st, 1, record);
	if (r == 0)
		r = advisory_sql_row(st, err);
	struct diff_text own = { .published_us = TIME_NONE, .modified_us = TIME_NONE };
	if (r > 0) {
		own.vulnerability = arena_str(d->arena, name);
		own.title = arena_str(d->arena, advisory_sql_text(st, 0));
		own.published_us = advisory_sql_int(st, 1, TIME_NONE);
		own.modified_us = advisory_sql_int(st, 2, TIME_NONE);
		AVEC_PUSH(d->arena, &d->diff->texts, own);
	}
	sqlite3_finalize(st);
	if (r < 0)
		return err_trace(err, r);
	st = side->st[DIFF_LINKS];
	advisory_sql_bind_int(st, 1, record);
	while ((r = advisory_sql_row(st, err)) > 0) {
		struct diff_text linked = {
			.vulnerability = arena_str(d->arena, advisory_sql_text(st, 1)),
			.title = STR(""),
			.published_us = TIME_NONE,
			.modified_us = own.modified_us,
		};
		if (advisory_sql_int(st, 0, 0) != LINK_RELATED)
			AVEC_PUSH(d->arena, &d->diff->texts, linked);
	}
	d->diff->records_text++;
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- merging the two lists */

static int advance(struct side *side, struct err *err)
{
	int r = advisory_sql_row(side->st[DIFF_RECORDS], err);
	side->at_row = r > 0;
	return r < 0 ? err_trace(err, r) : 0;
}

static int order_of_rows(struct diffing *d)
{
	sqlite3_stmt *before = d->sides[BEFORE].st[DIFF_RECORDS];
	sqlite3_stmt *after = d->sides[AFTER].st[DIFF_RECORDS];
	if (!d->sides[BEFORE].at_row || !d->sides[AFTER].at_row)
		return d->sides[BEFORE].at_row ? -1 : 1;
	int order = str_cmp(advisory_sql_text(before, 0), advisory_sql_text(after, 0));
	return order ? order : str_cmp(advisory_sql_text(before, 1), advisory_sql_text(after, 1));
}

static int compare_record(struct diffing *d, struct err *err)
{
	sqlite3_stmt *before = d->sides[BEFORE].st[DIFF_RECORDS];
	sqlite3_stmt *after = d->sides[AFTER].st[DIFF_RECORDS];
	bool withdrawn = advisory_sql_int(after, 4, 0) != 0;
	bool was_withdrawn = advisory_sql_int(before, 4, 0) != 0;
	if (withdrawn == was_withdrawn &&
		str_eq(advisory_sql_text(before, 3), advisory_sql_text(after, 3)))
		return 0;
	AUTO_STRBUF struct strbuf old = STRBUF(LIMIT_ADVISORY_BYTES * 2);
	AUTO_STRBUF struct strbuf new = STRBUF(LIMIT_ADVISORY_BYTES * 2);
	int64_t record = advisory_sql_int(after, 2, 0);
	int r = view_record(&d->sides[BEFORE], advisory_sql_int(before, 2, 0), &old, err);
	if (r == 0)
		r = view_record(&d->sides[AFTER], record, &new, err);
	if (r < 0)
		return err_trace(err, r);
	struct str name = arena_str(d->arena, advisory_sql_text(after, 0));
	if (!strbuf_failed(&old) && !strbuf_failed(&new) &&
		str_eq(strbuf_view(&old), strbuf_view(&new)))
		return add_text(d, record, name, err);
	add_name(d, name, true);
	d->diff->records++;
	return 0;
}

static int merge(struct diffing *d, struct err *err)
{
	int r = advance(&d->sides[BEFORE], err);
	if (r == 0)
		r = advance(&d->sides[AFTER], err);
	while (r == 0 && (d->sides[BEFORE].at_row || d->sides[AFTER].at_row)) {
		int order = order_of_rows(d);
		if (order == 0) {
			r = compare_record(d, err);
		} else {
			sqlite3_stmt *only = d->sides[order < 0 ? BEFORE : AFTER].st[DIFF_RECORDS];
			add_name(d, advisory_sql_text(only, 0), true);
			d->diff->records++;
		}
		if (r == 0 && order <= 0)
			r = advance(&d->sides[BEFORE], err);
		if (r == 0 && order >= 0)
			r = advance(&d->sides[AFTER], err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

/* --- from records to packages */

static int follow_aliases(struct diffing *d, struct str name, struct err *err)
{
	for (int side = 0; side < SIDES; side++) {
		sqlite3_stmt *st = d->sides[side].st[DIFF_ALIASES];
		int r;
		advisory_sql_bind(st, 1, name);
		while ((r = advisory_sql_row(st, err)) > 0)
			add_name(d, advisory_sql_text(st, 0), true);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

static int follow_leading(struct diffing *d, struct str name, struct err *err)
{
	for (int side = 0; side < SIDES; side++) {
		sqlite3_stmt *st = d->sides[side].st[DIFF_LEADING];
		int r;
		advisory_sql_bind(st, 1, name);
		while ((r = advisory_sql_row(st, err)) > 0)
			add_name(d, advisory_sql_text(st, 0),
				advisory_sql_int(st, 1, 0) != LINK_RELATED);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

static int add_packages(struct diffing *d, struct str name, struct err *err)
{
	for (int side = 0; side < SIDES; side++) {
		sqlite3_stmt *st = d->sides[side].st[DIFF_PACKAGES];
		int r;
		advisory_sql_bind(st, 1, name);
		while ((r = advisory_sql_row(st, err)) > 0)
			map_put(d->diff->names, advisory_sql_text(st, 0), d->diff);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

/* The lists grow while they are walked. A name found again as one that leads on is walked again. */
static int walk_links(struct diffing *d, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < d->walk.n && r == 0; i++)
		r = follow_aliases(d, d->walk.items[i]->name, err);
	for (size_t i = 0; i < d->walk.n && r == 0; i++)
		if (d->walk.items[i]->leads_on)
			r = follow_leading(d, d->walk.items[i]->name, err);
	for (size_t i = 0; i < d->walk.n && r == 0; i++)
		r = add_packages(d, d->walk.items[i]->name, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static bool has_scope(const struct snapshot *snapshot, const struct scope *wanted)
{
	for (size_t i = 0; i < snapshot->scopes.n; i++) {
		const struct scope *scope = &snapshot->scopes.items[i];
		if (scope->records && str_eq(scope->name, wanted->name))
			return true;
	}
	return false;
}

/* Types of the scopes that only one of the snapshots has. */
static void add_types(struct diffing *d, const struct snapshot *one, const struct snapshot *other)
{
	for (size_t i = 0; i < one->scopes.n; i++) {
		const struct scope *scope = &one->scopes.items[i];
		const struct ecosystem *ecosystem = ecosystem_find(scope->base);
		if (ecosystem && scope->records && !has_scope(other, scope))
			AVEC_PUSH(d->arena, &d->diff->types, ecosystem->type);
	}
}

static int prepare(struct side *side, struct snapshot *snapshot, struct err *err)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	int r = 0;
	for (int i = 0; i < DIFF_COUNT && r == 0; i++)
		r = advisory_sql_prepare(snapshot->db, statements[i], &side->st[i], err);
	return r < 0 ? err_trace(err, r) : 0;
}

int snapshot_diff(struct snapshot *before, struct snapshot *after, struct arena *arena,
	struct snapshot_diff *diff, struct err *err)
{
	*diff = (struct snapshot_diff){ .names = map_new() };
	struct diffing d = { .arena = arena, .diff = diff, .seen = map_new() };
	int r = prepare(&d.sides[BEFORE], before, err);
	if (r == 0)
		r = prepare(&d.sides[AFTER], after, err);
	add_types(&d, before, after);
	add_types(&d, after, before);
	if (r == 0)
		r = merge(&d, err);
	if (r == 0)
		r = walk_links(&d, err);
	for (int side = 0; side < SIDES; side++)
		for (int i = 0; i < DIFF_COUNT; i++)
			sqlite3_finalize(d.sides[side].st[i]);
	map_free(&d.seen);
	if (r < 0) {
		snapshot_diff_free(diff);
		return err_wrap(err, r, "comparing two advisory snapshots");
	}
	return 0;
}

void snapshot_diff_free(struct snapshot_diff *diff)
{
	map_free(&diff->names);
}

bool snapshot_diff_touches(
	const struct snapshot_diff *diff, struct arena *arena, const struct package *package)
{
	struct str type = package_type_name(package->type);
	for (size_t i = 0; i < diff->types.n; i++)
		if (str_eq(diff->types.items[i], type))
			return true;
	const struct ecosystem *ecosystem = ecosystem_of_type(package->type);
	return map_get(diff->names, ecosystem_spell(arena, ecosystem, package->name)) ||
	       map_get(diff->names, ecosystem_spell(arena, ecosystem, package->source_name));
}
