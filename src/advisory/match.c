/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher: snapshot_judge() of snapshot.h. The package's type and the platform say which
 * ecosystem speaks of it (ecosystems.def); the affected entries of its name in the fitting scopes
 * (scope.c) are evaluated with that ecosystem's grammar (evaluate.c), and what matches is folded
 * into one struct match per vulnerability.
 *
 * Several entries may speak of one vulnerability: any of them makes the package vulnerable. The fix
 * shown is the lowest one after which none of them matches any more, those left aside that know no
 * fix at all; so a fix that one source names is kept when another does not know it. Where a
 * preferred scope (Ubuntu Pro, an extended stream of Red Hat) speaks of a vulnerability, the others
 * are silent.
 *
 * Of RPM builds only those are compared that belong to one line (build.c). An erratum that names
 * several fixes of one module stream, built for different minor releases, means the one for the
 * installed release, else the lowest.
 *
 * How bad: the word of the matching record's vendor (package entry first), else the score of that
 * record's CVSS vector, else another record of the same vulnerability, else its CVE record; who
 * said it is always named.
 */
#include "advisory/build.h"
#include "advisory/ecosystem.h"
#include "advisory/evaluate.h"
#include "advisory/record.h"
#include "advisory/scope.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/timefmt.h"

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
	bool skip;
	struct str ranges;
};

typedef VEC(struct entry) entry_list;

/* An entry that matched, and what it said. */
struct evidence {
	struct entry entry;
	struct outcome outcome;
};

/* One vulnerability being put together. */
struct group {
	struct match match;
	str_list advisories;
	VEC(struct evidence) evidence;
	bool wont_fix;
	bool only_listed;
};

struct judge {
	struct snapshot *snapshot;
	struct arena *arena;
	const struct package *package;
	const struct ecosystem *ecosystem;
	struct str label;      /* what explanations begin with: the release key or the ecosystem */
	struct str name;       /* under which entries are looked up now */
	struct str version;    /* that they are compared with */
	struct map *groups;    /* vulnerability → struct group * */
	struct map *preferred; /* vulnerabilities that a preferred scope speaks of */
	VEC(struct group *) order;
	bool in_preferred;
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

/* "Debian:10 openssl 1.1.1d-0+deb10u3 < fixed 1.1.1n-0+deb10u4 (DSA-5139-1)" */
static struct str explain(const struct judge *judge, const struct evidence *evidence,
	struct str fixed, struct str unfixed)
{
	const char *relation = "is affected, no fixed version is named";
	struct str bound = STR("");
	if (fixed.n) {
		relation = "< fixed ";
		bound = fixed;
	} else if (evidence->outcome.last.n) {
		relation = "<= last affected ";
		bound = evidence->outcome.last;
	} else if (evidence->outcome.listed) {
		relation = "is listed as affected";
	}
	struct str text = arena_printf(judge->arena,
		STR_FMT " " STR_FMT " " STR_FMT " %s" STR_FMT " (" STR_FMT ")",
		STR_ARG(judge->label), STR_ARG(judge->name), STR_ARG(judge->version), relation,
		STR_ARG(bound), STR_ARG(evidence->entry.name));
	if (!unfixed.n)
		return text;
	return arena_printf(judge->arena, STR_FMT "; " STR_FMT " names no fix", STR_ARG(text),
		STR_ARG(unfixed));
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

static void fold(struct judge *judge, struct group *group, const struct evidence *evidence)
{
	const struct entry *entry = &evidence->entry;
	struct match *match = &group->match;
	bool known = false;
	for (size_t i = 0; i < group->advisories.n; i++)
		known |= str_eq(group->advisories.items[i], entry->name);
	if (!known)
		AVEC_PUSH(judge->arena, &group->advisories, entry->name);
	AVEC_PUSH(judge->arena, &group->evidence, *evidence);
	group->wont_fix |= entry->wont_fix;
	group->only_listed &= evidence->outcome.listed;
	if (!match->title.n)
		match->title = entry->title;
	take_rating(match, entry->word, &entry->cvss, family_vendor(entry->name));
	if (match->published_us == TIME_NONE ||
		(entry->published_us != TIME_NONE && entry->published_us < match->published_us))
		match->published_us = entry->published_us;
	if (entry->modified_us > match->modified_us)
		match->modified_us = entry->modified_us;
}

/* Marks what a preferred scope speaks of; false when one did and this scope is none. */
static bool may_speak(struct judge *judge, struct str vulnerability)
{
	if (!judge->in_preferred)
		return !map_get(judge->preferred, vulnerability);
	map_put(judge->preferred, vulnerability, judge);
	return true;
}

static int judge_entry(struct judge *judge, const struct entry *entry, struct err *err)
{
	struct evidence evidence = {
		.entry = *entry,
		.outcome = evaluate(
			judge->arena, judge->ecosystem->grammar, entry->ranges, judge->version),
	};
	judge->not_evaluated |= evidence.outcome.unknown && !evidence.outcome.inside;
	if (!evidence.outcome.inside && !judge->in_preferred)
		return 0;
	str_list vulnerabilities = { 0 };
	int r = identity_of(
		judge->snapshot, judge->arena, entry->record, entry->name, &vulnerabilities, err);
	if (r < 0)
		return err_trace(err, r);
	for (size_t i = 0; i < vulnerabilities.n; i++)
		if (may_speak(judge, vulnerabilities.items[i]) && evidence.outcome.inside)
			fold(judge, group_of(judge, vulnerabilities.items[i]), &evidence);
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

static bool repaired_by(const struct judge *judge, const struct group *group, struct str fixed)
{
	for (size_t i = 0; i < group->evidence.n; i++) {
		const struct evidence *evidence = &group->evidence.items[i];
		bool ends = evidence->outcome.fixes.n || evidence->outcome.last.n;
		if (ends && evaluate_contains(judge->arena, judge->ecosystem->grammar,
				    evidence->entry.ranges, fixed))
			return false;
	}
	return true;
}

/* The lowest fix that repairs all, else the highest; *by names it. */
static struct str choose_fix(
	const struct judge *judge, const struct group *group, const struct evidence **by)
{
	enum version_grammar grammar = judge->ecosystem->grammar;
	struct str lowest = STR_NULL;
	struct str highest = STR_NULL;
	const struct evidence *highest_by = NULL;
	for (size_t i = 0; i < group->evidence.n; i++) {
		const struct evidence *evidence = &group->evidence.items[i];
		for (size_t k = 0; k < evidence->outcome.fixes.n; k++) {
			struct str fixed = evidence->outcome.fixes.items[k];
			if (!str_eq(evaluate_highest(grammar, highest, fixed), highest)) {
				highest = fixed;
				highest_by = evidence;
			}
			bool lower = !lowest.n ||
				     !str_eq(evaluate_highest(grammar, lowest, fixed), fixed);
			if (lower && !str_eq(lowest, fixed) && repaired_by(judge, group, fixed)) {
				lowest = fixed;
				*by = evidence;
			}
		}
	}
	if (lowest.n)
		return lowest;
	*by = highest_by;
	return highest.n ? highest : STR("");
}

static void finish_fix(struct judge *judge, struct group *group)
{
	struct match *match = &group->match;
	const struct evidence *by = NULL;
	struct str unfixed = STR("");
	match->fixed_version = choose_fix(judge, group, &by);
	for (size_t i = 0; by && i < group->evidence.n; i++)
		if (group->evidence.items[i].outcome.open && !unfixed.n)
			unfixed = group->evidence.items[i].entry.name;
	match->explanation =
		explain(judge, by ? by : &group->evidence.items[0], match->fixed_version, unfixed);
	if (match->fixed_version.n)
		match->fix_state = FIX_AVAILABLE;
	else if (group->wont_fix)
		match->fix_state = FIX_WONT;
	else
		match->fix_state = group->only_listed ? FIX_UNKNOWN : FIX_NONE;
}

static int finish_group(struct judge *judge, struct group *group, struct err *err)
{
	struct match *match = &group->match;
	match->advisories = join(judge->arena, &group->advisories);
	finish_fix(judge, group);
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

/*
 * Which entries of one record are compared at all. Of several fixes of one module the one built for
 * the installed release counts, else the lowest.
 */
static void choose_builds(struct judge *judge, struct entry *entries, size_t n)
{
	char room[2][16];
	struct str installed = build_release_tag(judge->version, room[0]);
	struct entry *chosen = NULL;
	struct str chosen_fix = STR_NULL;
	bool chosen_same = false;
	for (size_t i = 0; i < n; i++) {
		struct str fixed = evaluate_first_fix(entries[i].ranges);
		if (!fixed.n)
			continue;
		if (!build_fits(judge->package, judge->version, fixed, entries[i].title)) {
			entries[i].skip = true;
			continue;
		}
		if (build_line_of(fixed) != BUILD_MODULE)
			continue;
		bool same = str_eq(build_release_tag(fixed, room[1]), installed);
		bool lower = chosen &&
			     !str_eq(evaluate_highest(judge->ecosystem->grammar, fixed, chosen_fix),
				     fixed);
		if (!chosen || (same && !chosen_same) || (same == chosen_same && lower)) {
			if (chosen)
				chosen->skip = true;
			chosen = &entries[i];
			chosen_fix = fixed;
			chosen_same = same;
		} else {
			entries[i].skip = true;
		}
	}
}

/* A build of a line of its own that no advisory speaks of was not compared with anything. */
static void note_lines(struct judge *judge, const entry_list *entries)
{
	enum build_line line = build_line_of(judge->version);
	bool compared = line == BUILD_PLAIN || line == BUILD_MODULE;
	for (size_t i = 0; i < entries->n && !compared; i++)
		compared = !entries->items[i].skip;
	if (entries->n && !compared)
		judge->not_evaluated = true;
}

static int judge_name(struct judge *judge, const struct scope *scope, struct str name,
	struct str version, struct err *err)
{
	entry_list entries = { 0 };
	judge->name = ecosystem_spell(judge->arena, judge->ecosystem, name);
	judge->version = version;
	judge->not_evaluated |= !version_valid(judge->ecosystem->grammar, version);
	int r = read_entries(judge, scope->id, judge->name, &entries, err);
	if (judge->ecosystem->os) {
		size_t end;
		for (size_t i = 0; i < entries.n; i = end) {
			for (end = i + 1; end < entries.n &&
					  entries.items[end].record == entries.items[i].record;)
				end++;
			choose_builds(judge, &entries.items[i], end - i);
		}
		note_lines(judge, &entries);
	}
	for (size_t i = 0; i < entries.n && r == 0; i++)
		if (!entries.items[i].skip)
			r = judge_entry(judge, &entries.items[i], err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* SOURCERPM has no epoch; that of the installed package stands in. */
static struct str source_version(struct judge *judge)
{
	const struct package *package = judge->package;
	struct str rest;
	struct str epoch = package_version_epoch(package->version, &rest);
	if (judge->ecosystem->grammar != GRAMMAR_RPM || !epoch.n ||
		package_version_epoch(package->source_version, &rest).n)
		return package->source_version;
	return arena_printf(judge->arena, STR_FMT ":" STR_FMT, STR_ARG(epoch),
		STR_ARG(package->source_version));
}

static int judge_scope(struct judge *judge, const struct scope *scope, struct err *err)
{
	const struct package *package = judge->package;
	enum ecosystem_names names = judge->ecosystem->names;
	int r = 0;
	if (names != NAMES_BINARY)
		r = judge_name(judge, scope, package->source_name, source_version(judge), err);
	if (r == 0 &&
		(names == NAMES_BINARY ||
			(names == NAMES_EITHER && !str_eq(package->name, package->source_name))))
		r = judge_name(judge, scope, package->name, package->version, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Preferred scopes come first, so that they can silence the others. */
static int judge_scopes(
	struct judge *judge, const struct platform *platform, struct str release, struct err *err)
{
	const struct scope_target target = {
		.ecosystem = judge->ecosystem,
		.release = release,
		.flavours = platform->flavours,
		.os_version = platform->os_version,
		.version = judge->package->source_version,
	};
	bool any = false;
	int r = 0;
	for (int turn = 0; turn < 2 && r == 0; turn++) {
		judge->in_preferred = turn == 0;
		for (size_t i = 0; i < judge->snapshot->scopes.n && r == 0; i++) {
			const struct scope *scope = &judge->snapshot->scopes.items[i];
			enum scope_fit fit = scope_fit(scope, &target);
			any |= fit != SCOPE_OTHER && scope->records;
			if (fit == (turn == 0 ? SCOPE_PREFERRED : SCOPE_FITS))
				r = judge_scope(judge, scope, err);
		}
	}
	/* Nothing known of the whole ecosystem or release is not the same as nothing wrong. */
	judge->not_evaluated |= !any;
	return r < 0 ? err_trace(err, r) : 0;
}

static int finish(struct judge *judge, struct match_list *list, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < judge->order.n && r == 0; i++) {
		r = finish_group(judge, judge->order.items[i], err);
		AVEC_PUSH(judge->arena, &list->items, judge->order.items[i]->match);
	}
	if (list->items.n)
		qsort(list->items.items, list->items.n, sizeof(*list->items.items), compare_match);
	list->not_evaluated = judge->not_evaluated;
	return r < 0 ? err_trace(err, r) : 0;
}

int snapshot_judge(struct snapshot *snapshot, struct arena *arena, const struct package *package,
	const struct platform *platform, struct match_list *list, struct err *err)
{
	CHECK_MAGIC(snapshot, SNAPSHOT_MAGIC);
	*list = (struct match_list){ 0 };
	struct str base = STR("");
	struct str release = STR("");
	struct judge judge = { .snapshot = snapshot, .arena = arena, .package = package };
	judge.ecosystem = ecosystem_of_type(package->type);
	judge.label = judge.ecosystem ? judge.ecosystem->base : platform->release_key;
	if (!judge.ecosystem) {
		ecosystem_split(arena, platform->release_key, &base, &release);
		judge.ecosystem = ecosystem_find(base);
	}
	if (!judge.ecosystem || !str_eq(judge.ecosystem->type, package_type_name(package->type))) {
		/* A foreign package, or one of which no advisories can be read: nothing was
		 * compared, which must not look like nothing found. */
		list->not_evaluated = true;
		return 0;
	}
	judge.groups = map_new();
	judge.preferred = map_new();
	int r = judge_scopes(&judge, platform, release, err);
	if (r == 0)
		r = finish(&judge, list, err);
	map_free(&judge.preferred);
	map_free(&judge.groups);
	return r < 0 ? err_trace(err, r) : 0;
}
