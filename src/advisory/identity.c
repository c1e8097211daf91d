/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which vulnerability a record is about; contract in snapshot_private.h. Aliases are symmetric and
 * transitive, so they are followed in both directions until nothing new appears; CVE numbers are
 * the aim and are not followed further. The walk is bounded: a feed that aliases everything with
 * everything costs a bounded time and gives a bounded list.
 */
#include "advisory/snapshot_private.h"

#include "advisory/ecosystem.h"
#include "advisory/record.h"

enum { ALIASES_MAX = 64, VULNERABILITIES_MAX = 5000 };

static void add_once(struct arena *arena, str_list *list, size_t most, struct str text)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i], text))
			return;
	if (list->n < most)
		AVEC_PUSH(arena, list, arena_str(arena, text));
}

/* Targets of one record's links of one kind. */
static int links_of(struct snapshot *snapshot, struct arena *arena, int64_t record,
	enum link_kind kind, str_list *targets, struct err *err)
{
	sqlite3_stmt *st = snapshot->st[ST_LINKS];
	advisory_sql_bind_int(st, 1, record);
	advisory_sql_bind_int(st, 2, kind);
	int r;
	while ((r = advisory_sql_row(st, err)) > 0)
		add_once(arena, targets, VULNERABILITIES_MAX, advisory_sql_text(st, 0));
	return r < 0 ? err_trace(err, r) : 0;
}

/* Ids of the records with this id, for following their links. */
static int records_named(struct snapshot *snapshot, struct arena *arena, struct str name,
	int64_t **ids, size_t *count, struct err *err)
{
	VEC(int64_t) found = { 0 };
	sqlite3_stmt *st = snapshot->st[ST_NAMED];
	advisory_sql_bind(st, 1, name);
	int r;
	while ((r = advisory_sql_row(st, err)) > 0)
		AVEC_PUSH(arena, &found, advisory_sql_int(st, 0, 0));
	*ids = found.items;
	*count = found.n;
	return r < 0 ? err_trace(err, r) : 0;
}

static int follow_one(struct snapshot *snapshot, struct arena *arena, struct str name,
	str_list *family, struct err *err)
{
	int64_t *ids;
	size_t count;
	int r = records_named(snapshot, arena, name, &ids, &count, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		str_list targets = { 0 };
		r = links_of(snapshot, arena, ids[i], LINK_ALIAS, &targets, err);
		for (size_t k = 0; k < targets.n; k++)
			add_once(arena, family, ALIASES_MAX, targets.items[k]);
	}
	if (r < 0)
		return err_trace(err, r);
	sqlite3_stmt *st = snapshot->st[ST_ALIASED];
	advisory_sql_bind(st, 1, name);
	while ((r = advisory_sql_row(st, err)) > 0)
		add_once(arena, family, ALIASES_MAX, advisory_sql_text(st, 0));
	return r < 0 ? err_trace(err, r) : 0;
}

/* The whole alias family of a name, itself first. */
static int alias_family(struct snapshot *snapshot, struct arena *arena, struct str name,
	str_list *family, struct err *err)
{
	add_once(arena, family, ALIASES_MAX, name);
	for (size_t i = 0; i < family->n; i++) {
		if (is_cve(family->items[i]))
			continue;
		int r = follow_one(snapshot, arena, family->items[i], family, err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

static void add_cves(struct arena *arena, const str_list *from, str_list *to)
{
	for (size_t i = 0; i < from->n; i++)
		if (is_cve(from->items[i]))
			AVEC_PUSH(arena, to, from->items[i]);
}

/* CVEs that the links of one kind lead to, over upstream records and aliases of their targets. */
static int linked_cves(struct snapshot *snapshot, struct arena *arena, int64_t record,
	enum link_kind kind, str_list *cves, struct err *err)
{
	str_list targets = { 0 };
	int r = links_of(snapshot, arena, record, kind, &targets, err);
	size_t direct = targets.n;
	/* targets grows while it is walked: upstream is transitive. */
	for (size_t i = 0; i < targets.n && r == 0; i++) {
		struct str target = targets.items[i];
		if (is_cve(target)) {
			AVEC_PUSH(arena, cves, target);
			continue;
		}
		/* "related" is loose: only its own CVE numbers count. */
		if (kind != LINK_UPSTREAM || i > direct + ALIASES_MAX)
			continue;
		str_list family = { 0 };
		r = alias_family(snapshot, arena, target, &family, err);
		for (size_t k = 0; k < family.n && r == 0; k++)
			add_once(arena, &targets, VULNERABILITIES_MAX, family.items[k]);
		int64_t *ids = NULL;
		size_t count = 0;
		if (r == 0)
			r = records_named(snapshot, arena, target, &ids, &count, err);
		for (size_t k = 0; k < count && r == 0; k++)
			r = links_of(snapshot, arena, ids[k], LINK_UPSTREAM, &targets, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

int identity_of(struct snapshot *snapshot, struct arena *arena, int64_t record, struct str name,
	str_list *vulnerabilities, struct err *err)
{
	if (is_cve(name)) {
		AVEC_PUSH(arena, vulnerabilities, name);
		return 0;
	}
	str_list family = { 0 };
	int r = alias_family(snapshot, arena, name, &family, err);
	add_cves(arena, &family, vulnerabilities);
	if (r == 0 && !vulnerabilities->n)
		r = linked_cves(snapshot, arena, record, LINK_UPSTREAM, vulnerabilities, err);
	if (r == 0 && !vulnerabilities->n && family_kind(name) != FAMILY_RECORD)
		r = linked_cves(snapshot, arena, record, LINK_RELATED, vulnerabilities, err);
	if (r < 0)
		return err_trace(err, r);
	if (vulnerabilities->n || family_kind(name) == FAMILY_BUGFIX)
		return 0;
	struct str chosen = cve_suffix(name);
	for (size_t i = 0; i < family.n && !is_cve(chosen); i++)
		if (!chosen.n || str_cmp(family.items[i], chosen) < 0)
			chosen = family.items[i];
	AVEC_PUSH(arena, vulnerabilities, chosen);
	return 0;
}
