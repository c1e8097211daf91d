/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher: snapshot_judge() of snapshot.h. For one package on one platform it takes the
 * affected entries of the package's source name in the release's scopes, evaluates their ranges
 * with the grammar of the ecosystem, and folds what matches into one struct match per
 * vulnerability. Several entries may speak of one vulnerability: any of them makes the package
 * vulnerable, and the highest fixed version among them is the one that repairs all.
 *
 * How bad: the word of the matching record's vendor (package entry first), else the score of that
 * record's CVSS vector, else another record of the same vulnerability, else its CVE record; who
 * said it is always named.
 */
#include "advisory/ecosystem.h"
#include "advisory/record.h"
#include "advisory/snapshot_private.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/timefmt.h"
#include "version/range.h"

/* One affected entry as read. */
struct entry {
	int64_t record;
	struct str name;
	struct str title;
	int64_t published_us;
	int64_t modified_us;
	enum severity word;
	struct cvss cvss;
	bool wont_fix;
	struct str ranges;
};

typedef VEC(struct entry) entry_list;

/* What evaluating an entry gave. */
struct outcome {
	bool inside;
	bool unknown;
	bool listed;	  /* by an enumerated version, not by a range */
	struct str fixed; /* highest fix of the ranges it is in */
	struct str last;  /* last affected version of such a range */
};

/* One vulnerability being put together. */
struct group {
	struct match match;
	str_list advisories;
	bool wont_fix;
	bool only_listed;
};

struct judge {
	struct snapshot *snapshot;
	struct arena *arena;
	const struct package *package;
	struct str release_key;
	enum version_grammar grammar;
	struct map *groups; /* vulnerability → struct group * */
	VEC(struct group *) order;
	bool not_evaluated;
};

static enum severity word_of(int64_t value)
{
	return value >= SEVERITY_UNKNOWN && value <= SEVERITY_CRITICAL ? (enum severity)value
								       : SEVERITY_UNKNOWN;
}

static int read_entries(struct judge *judge, int64_t scope, struct str package, entry_list *entries,
	struct err *err)
{
	sqlite3_stmt *st = judge->snapshot->st[ST_AFFECTED];
	advisory_sql_bind(st, 1, package);
	advisory_sql_bind_int(st, 2, scope);
	int r;
	while ((r = advisory_sql_row(st, err)) > 0) {
		struct str vector = advisory_sql_text(st, 8);
		struct entry entry = {
			.record = advisory_sql_int(st, 0, 0),
			.name = arena_str(judge->arena, advisory_sql_text(st, 1)),
			.title = arena_str(judge->arena, advisory_sql_text(st, 2)),
			.published_us = advisory_sql_int(st, 3, TIME_NONE),
			.modified_us = advisory_sql_int(st, 4, TIME_NONE),
			.word = word_of(advisory_sql_int(st, 7, 0)),
			.wont_fix = advisory_sql_int(st, 9, 0) != 0,
			.ranges = arena_str(judge->arena, advisory_sql_text(st, 10)),
		};
		if (entry.word == SEVERITY_UNKNOWN)
			entry.word = word_of(advisory_sql_int(st, 5, 0));
		if (!vector.n)
			vector = advisory_sql_text(st, 6);
		(void)cvss_parse(arena_str(judge->arena, vector), &entry.cvss);
		AVEC_PUSH(judge->arena, entries, entry);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

typedef VEC(struct range_event) event_list;

static struct str highest(enum version_grammar grammar, struct str a, struct str b)
{
	int order;
	if (!a.n || !b.n)
		return a.n ? a : b;
	return version_compare(grammar, a, b, &order) && order < 0 ? b : a;
}

static void finish_range(const struct judge *judge, event_list *events, struct outcome *outcome)
{
	if (!events->n)
		return;
	struct str fixed;
	switch (range_contains(
		judge->grammar, events->items, events->n, judge->package->source_version, &fixed)) {
	case RANGE_INSIDE:
		outcome->inside = true;
		outcome->fixed = highest(judge->grammar, outcome->fixed, fixed);
		for (size_t i = 0; i < events->n; i++)
			if (events->items[i].kind == RANGE_LAST_AFFECTED)
				outcome->last = highest(
					judge->grammar, outcome->last, events->items[i].version);
		break;
	case RANGE_UNKNOWN:
		outcome->unknown = true;
		break;
	case RANGE_OUTSIDE:
		break;
	}
	events->n = 0;
}

static bool same_version(const struct judge *judge, struct str listed)
{
	int order;
	struct str version = judge->package->source_version;
	return str_eq(listed, version) ||
	       (version_compare(judge->grammar, listed, version, &order) && order == 0);
}

static struct outcome evaluate(const struct judge *judge, struct str ranges)
{
	struct outcome outcome = { 0 };
	event_list events = { 0 };
	struct str line;
	while (str_cut(&ranges, '\n', &line)) {
		if (!line.n)
			continue;
		struct range_event event = { .version = str_skip(line, 1) };
		switch (*line.p) {
		case 'R':
			finish_range(judge, &events, &outcome);
			continue;
		case 'v':
			outcome.listed |= same_version(judge, event.version);
			continue;
		case 'i':
			event.kind = RANGE_INTRODUCED;
			break;
		case 'f':
			event.kind = RANGE_FIXED;
			break;
		case 'l':
			event.kind = RANGE_LAST_AFFECTED;
			break;
		default:
			event.kind = RANGE_LIMIT;
			break;
		}
		AVEC_PUSH(judge->arena, &events, event);
	}
	finish_range(judge, &events, &outcome);
	outcome.listed &= !outcome.inside;
	outcome.inside |= outcome.listed;
	return outcome;
}

/* "Debian:10 openssl 1.1.1d-0+deb10u3 < fixed 1.1.1n-0+deb10u4 (DSA-5139-1)" */
static struct str explain(
	const struct judge *judge, const struct entry *entry, const struct outcome *outcome)
{
	const char *relation = "is affected, no fixed version is named";
	struct str bound = STR("");
	if (outcome->fixed.n) {
		relation = "< fixed ";
		bound = outcome->fixed;
	} else if (outcome->last.n) {
		relation = "<= last affected ";
		bound = outcome->last;
	} else if (outcome->listed) {
		relation = "is listed as affected";
	}
	return arena_printf(judge->arena,
		STR_FMT " " STR_FMT " " STR_FMT " %s" STR_FMT " (" STR_FMT ")",
		STR_ARG(judge->release_key), STR_ARG(judge->package->source_name),
		STR_ARG(judge->package->source_version), relation, STR_ARG(bound),
		STR_ARG(entry->name));
}

static struct group *group_of(struct judge *judge, struct str vulnerability)
{
	struct group *group = map_get(judge->groups, vulnerability);
	if (group)
		return group;
	group = ARENA_NEW(judge->arena, struct group);
	group->match = (struct match){
		.vulnerability = vulnerability,
		.title = STR(""),
		.severity_source = STR("none"),
		.cvss_vector = STR(""),
		.cvss_score_tenths = -1,
		.cvss_version = STR(""),
		.fixed_version = STR(""),
		.explanation = STR(""),
		.published_us = TIME_NONE,
		.modified_us = TIME_NONE,
	};
	group->only_listed = true;
	map_put(judge->groups, vulnerability, group);
	AVEC_PUSH(judge->arena, &judge->order, group);
	return group;
}

static void take_cvss(struct match *match, const struct cvss *cvss)
{
	if (match->cvss_vector.n || !cvss->vector.n)
		return;
	match->cvss_vector = cvss->vector;
	match->cvss_score_tenths = cvss->score_tenths;
	match->cvss_version = cvss->version;
}

/* Lets one source rate the match if none before it did; a word goes before a score. */
static void take_rating(
	struct match *match, enum severity word, const struct cvss *cvss, struct str source)
{
	enum severity severity = word != SEVERITY_UNKNOWN ? word : cvss_severity(cvss);
	take_cvss(match, cvss);
	if (match->severity != SEVERITY_UNKNOWN || severity == SEVERITY_UNKNOWN)
		return;
	match->severity = severity;
	match->severity_source = source;
}

static void fold(struct judge *judge, struct group *group, const struct entry *entry,
	const struct outcome *outcome)
{
	struct match *match = &group->match;
	bool known = false;
	for (size_t i = 0; i < group->advisories.n; i++)
		known |= str_eq(group->advisories.items[i], entry->name);
	if (!known)
		AVEC_PUSH(judge->arena, &group->advisories, entry->name);
	struct str fixed = highest(judge->grammar, match->fixed_version, outcome->fixed);
	/* The entry with the highest fix explains; before any fix is known, the first entry. */
	if (!match->explanation.n || !str_eq(fixed, match->fixed_version))
		match->explanation = explain(judge, entry, outcome);
	if (fixed.n)
		match->fixed_version = fixed;
	group->wont_fix |= entry->wont_fix;
	group->only_listed &= outcome->listed;
	if (!match->title.n)
		match->title = entry->title;
	take_rating(match, entry->word, &entry->cvss, family_vendor(entry->name));
	if (match->published_us == TIME_NONE ||
		(entry->published_us != TIME_NONE && entry->published_us < match->published_us))
		match->published_us = entry->published_us;
	if (entry->modified_us > match->modified_us)
		match->modified_us = entry->modified_us;
}

static int judge_entry(struct judge *judge, const struct entry *entry, struct err *err)
{
	struct outcome outcome = evaluate(judge, entry->ranges);
	judge->not_evaluated |= outcome.unknown;
	if (!outcome.inside)
		return 0;
	str_list vulnerabilities = { 0 };
	int r = identity_of(
		judge->snapshot, judge->arena, entry->record, entry->name, &vulnerabilities, err);
	if (r < 0)
		return err_trace(err, r);
	for (size_t i = 0; i < vulnerabilities.n; i++)
		fold(judge, group_of(judge, vulnerabilities.items[i]), entry, &outcome);
	return 0;
}

/* One other record about the vulnerability: its rating, title and date where still missing. */
static void take_record(struct judge *judge, struct match *match, sqlite3_stmt *st)
{
	bool is_cve_record = advisory_sql_int(st, 0, 0) == RECORD_CVE;
	struct str name = advisory_sql_text(st, 1);
	struct str rated_by = advisory_sql_text(st, 3);
	struct str title = advisory_sql_text(st, 6);
	struct cvss cvss;
	(void)cvss_parse(arena_str(judge->arena, advisory_sql_text(st, 4)), &cvss);
	/* A score that this program cannot compute is the one the record states. */
	if (cvss.score_tenths < 0)
		cvss.score_tenths = (int)advisory_sql_int(st, 5, -1);
	struct str source = is_cve_record ? arena_printf(judge->arena, "CVE record (" STR_FMT ")",
						    STR_ARG(rated_by.n ? rated_by : STR("unnamed")))
					  : family_vendor(name);
	take_rating(
		match, word_of(advisory_sql_int(st, 2, 0)), &cvss, arena_str(judge->arena, source));
	if (!str_eq(name, match->vulnerability))
		return;
	/* The vulnerability's own record knows best what it is called and since when. */
	if (title.n)
		match->title = arena_str(judge->arena, title);
	if (advisory_sql_int(st, 7, TIME_NONE) != TIME_NONE)
		match->published_us = advisory_sql_int(st, 7, TIME_NONE);
}

static int compare_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str join(struct arena *arena, str_list *list)
{
	qsort(list->items, list->n, sizeof(*list->items), compare_text);
	size_t total = 0;
	for (size_t i = 0; i < list->n; i++)
		total += list->items[i].n + 1;
	AUTO_STRBUF struct strbuf text = STRBUF(total);
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			strbuf_add_char(&text, ',');
		strbuf_add_str(&text, list->items[i]);
	}
	return arena_str(arena, strbuf_view(&text));
}

static int finish_group(struct judge *judge, struct group *group, struct err *err)
{
	struct match *match = &group->match;
	match->advisories = join(judge->arena, &group->advisories);
	if (match->fixed_version.n)
		match->fix_state = FIX_AVAILABLE;
	else if (group->wont_fix)
		match->fix_state = FIX_WONT;
	else
		match->fix_state = group->only_listed ? FIX_UNKNOWN : FIX_NONE;
	sqlite3_stmt *st = judge->snapshot->st[ST_RATED];
	advisory_sql_bind(st, 1, match->vulnerability);
	int r;
	while ((r = advisory_sql_row(st, err)) > 0)
		take_record(judge, match, st);
	return r < 0 ? err_trace(err, r) : 0;
}

static int compare_match(const void *a, const void *b)
{
	const struct match *ma = a;
	const struct match *mb = b;
	return str_cmp(ma->vulnerability, mb->vulnerability);
}

/* Does the scope speak of this release? A Pro fix counts only where Pro is in use. */
static bool in_scope(const struct scope *scope, struct str base, struct str release, bool pro)
{
	if (!str_eq(scope->base, base))
		return false;
	if (!scope->release.n || str_eq(scope->release, release))
		return true;
	return pro && release.n && str_starts(scope->release, STR("Pro:")) &&
	       str_eq(str_skip(scope->release, 4), release);
}

static bool has_flavour(struct str flavours, struct str wanted)
{
	struct str flavour;
	while (str_cut(&flavours, ',', &flavour))
		if (str_eq(flavour, wanted))
			return true;
	return false;
}

static int judge_scope(struct judge *judge, const struct scope *scope, bool either, struct err *err)
{
	const struct package *package = judge->package;
	entry_list entries = { 0 };
	int r = read_entries(judge, scope->id, package->source_name, &entries, err);
	if (r == 0 && either && !str_eq(package->name, package->source_name))
		r = read_entries(judge, scope->id, package->name, &entries, err);
	for (size_t i = 0; i < entries.n && r == 0; i++)
		r = judge_entry(judge, &entries.items[i], err);
	return r < 0 ? err_trace(err, r) : 0;
}

int snapshot_judge(struct snapshot *snapshot, struct arena *arena, const struct package *package,
	const struct platform *platform, struct match_list *list, struct err *err)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	*list = (struct match_list){ 0 };
	struct judge judge = {
		.snapshot = snapshot,
		.arena = arena,
		.package = package,
		.release_key = platform->release_key,
	};
	struct str base;
	struct str release;
	ecosystem_split(arena, platform->release_key, &base, &release);
	const struct ecosystem *ecosystem = ecosystem_find(base);
	if (!ecosystem ||
		!version_grammar_parse(package_type_grammar(package->type), &judge.grammar) ||
		judge.grammar != ecosystem->grammar) {
		/* A foreign package, or a distribution whose grammar is not known: nothing was
		 * compared, which must not look like nothing found. */
		list->not_evaluated = true;
		return 0;
	}
	judge.groups = map_new();
	bool pro = has_flavour(platform->flavours, STR("pro"));
	int r = 0;
	for (size_t i = 0; i < snapshot->scopes.n && r == 0; i++)
		if (in_scope(&snapshot->scopes.items[i], base, release, pro))
			r = judge_scope(&judge, &snapshot->scopes.items[i],
				ecosystem->names == NAMES_EITHER, err);
	for (size_t i = 0; i < judge.order.n && r == 0; i++) {
		r = finish_group(&judge, judge.order.items[i], err);
		AVEC_PUSH(arena, &list->items, judge.order.items[i]->match);
	}
	map_free(&judge.groups);
	if (r < 0)
		return err_trace(err, r);
	if (list->items.n)
		qsort(list->items.items, list->items.n, sizeof(*list->items.items), compare_match);
	list->not_evaluated = judge.not_evaluated;
	return 0;
}
