/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OSV records (schema 1.7, https://ossf.github.io/osv-schema/). Unknown members are ignored and
 * missing optional ones tolerated; a record is refused as a whole only when something that decides
 * a match is not what the schema says (no id, a package without a name, an event that is not text,
 * a withdrawal that is no time), because half a record would give wrong verdicts silently.
 *
 * The vendor's word for how bad it is has many places; see word_of(). Kept once, here.
 */
#include "advisory/record.h"

#include "base/limits.h"
#include "base/strbuf.h"
#include "base/timefmt.h"

enum {
	RECORD_WORD_MAX = 512,
	LINKS_MAX = 10000,
	AFFECTED_MAX = 100000,
	REFERENCES_MAX = 200,
};

bool record_word_ok(struct str text)
{
	if (!text.n || text.n > RECORD_WORD_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

static int read_links(struct arena *arena, const json_t *root, const char *member,
	enum link_kind kind, struct record *record, struct err *err)
{
	const json_t *list = json_list(root, member);
	const json_t *item;
	size_t i;
	json_array_foreach (list, i, item) {
		struct str target = json_text(item);
		if (!record_word_ok(target) || record->links.n >= LINKS_MAX)
			return err_set(err, EINVAL, "%s[%zu] is not an identifier", member, i);
		AVEC_PUSH(arena, &record->links, (struct record_link){ kind, target });
	}
	return 0;
}

/* Takes the CVSS vector of the newest version in the list: 4.0, 3.1, 3.0, then 2.0. */
static void read_severity_list(const json_t *owner, struct rating *rating)
{
	const json_t *item;
	size_t i;
	json_array_foreach (json_list(owner, "severity"), i, item) {
		struct cvss cvss;
		struct str score = json_str(item, "score");
		/* Ubuntu's records carry their priority as a word of this list. */
		if (str_eq(json_str(item, "type"), STR("Ubuntu")))
			(void)severity_parse(score, &rating->word);
		if (!cvss_parse(score, &cvss))
			continue;
		if (!rating->cvss.vector.n || str_cmp(cvss.version, rating->cvss.version) > 0)
			rating->cvss = cvss;
	}
}

/* Words in "severity" or "urgency" of a *_specific object. */
static void read_words(const json_t *specific, struct rating *rating)
{
	static const char *const members[] = { "severity", "urgency", "ubuntu_priority" };
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (rating->word == SEVERITY_UNKNOWN)
			(void)severity_parse(json_str(specific, members[i]), &rating->word);
}

/* AlmaLinux begins the summary of a security record with its word: "Important: … update". */
static void read_summary_word(struct str summary, struct rating *rating)
{
	static const struct str words[] = { STR_INIT("Critical"), STR_INIT("Important"),
		STR_INIT("Moderate"), STR_INIT("Low") };
	struct str head = str_sub(summary, 0, str_find(summary, ':'));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (rating->word == SEVERITY_UNKNOWN && str_eq(head, words[i]))
			(void)severity_parse(head, &rating->word);
}

static int add_line(struct strbuf *lines, char mark, struct str version, struct err *err)
{
	if (!record_word_ok(version))
		return err_set(err, EINVAL, "a version is empty, too long or not text");
	strbuf_add_char(lines, mark);
	strbuf_add_str(lines, version);
	strbuf_add_char(lines, '\n');
	return 0;
}

static int read_events(const json_t *range, struct strbuf *lines, struct err *err)
{
	static const struct {
		const char *member;
		char mark;
	} kinds[] = { { "introduced", 'i' }, { "fixed", 'f' }, { "last_affected", 'l' },
		{ "limit", 'm' } };
	const json_t *events = json_list(range, "events");
	if (!events)
		return err_set(err, EINVAL, "a range has no list of events");
	strbuf_add_cstr(lines, "R\n");
	const json_t *event;
	size_t i;
	json_array_foreach (events, i, event) {
		size_t known = 0;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
			const json_t *version = json_object_get(event, kinds[k].member);
			if (!version)
				continue;
			known++;
			int r = add_line(lines, kinds[k].mark, json_text(version), err);
			if (r < 0)
				return err_wrap(err, r, "events[%zu].%s", i, kinds[k].member);
		}
		if (!known)
			return err_set(err, EINVAL, "events[%zu] is of no known kind", i);
	}
	return 0;
}

static int read_ranges(
	struct arena *arena, const json_t *affected, struct str *ranges, struct err *err)
{
	AUTO_STRBUF struct strbuf lines = STRBUF(LIMIT_ADVISORY_BYTES);
	const json_t *item;
	size_t i;
	json_array_foreach (json_list(affected, "ranges"), i, item) {
		/* A commit range says nothing about package versions. */
		if (str_eq(json_str(item, "type"), STR("GIT")))
			continue;
		int r = read_events(item, &lines, err);
		if (r < 0)
			return err_wrap(err, r, "ranges[%zu]", i);
	}
	json_array_foreach (json_list(affected, "versions"), i, item) {
		int r = add_line(&lines, 'v', json_text(item), err);
		if (r < 0)
			return err_wrap(err, r, "versions[%zu]", i);
	}
	if (strbuf_failed(&lines))
		return err_set(err, E2BIG, "the ranges are too large");
	*ranges = arena_str(arena, strbuf_view(&lines));
	return 0;
}

static int read_affected(
	struct arena *arena, const json_t *item, struct record *record, struct err *err)
{
	const json_t *package = json_object_get(item, "package");
	if (!package) /* only commits of a repository are affected */
		return 0;
	struct record_affected affected = {
		.ecosystem = json_str(package, "ecosystem"),
		.package = json_str(package, "name"),
		.rating = { .cvss = CVSS_NONE },
	};
	if (!record_word_ok(affected.ecosystem) || !record_word_ok(affected.package))
		return err_set(err, EINVAL, "the package has no name or no ecosystem");
	read_severity_list(item, &affected.rating);
	const json_t *specific[] = { json_obj(item, "ecosystem_specific"),
		json_obj(item, "database_specific") };
	for (size_t i = 0; i < 2; i++) {
		read_words(specific[i], &affected.rating);
		struct str urgency = json_str(specific[i], "urgency");
		affected.unimportant |= str_eq_nocase(urgency, STR("unimportant"));
		affected.wont_fix |= str_eq_nocase(urgency, STR("end-of-life"));
	}
	int r = read_ranges(arena, item, &affected.ranges, err);
	if (r < 0)
		return err_trace(err, r);
	AVEC_PUSH(arena, &record->affected, affected);
	return 0;
}

static int read_affected_list(
	struct arena *arena, const json_t *root, struct record *record, struct err *err)
{
	const json_t *list = json_object_get(root, "affected");
	const json_t *item;
	size_t i;
	if (list && !json_is_array(list) && !json_is_null(list))
		return err_set(err, EINVAL, "\"affected\" is not a list");
	if (json_array_size(list) > AFFECTED_MAX)
		return err_set(err, EINVAL, "\"affected\" has too many entries");
	json_array_foreach (list, i, item) {
		int r = read_affected(arena, item, record, err);
		if (r < 0)
			return err_wrap(err, r, "affected[%zu]", i);
	}
	return 0;
}

static void read_texts(struct arena *arena, const json_t *root, struct record *record)
{
	const json_t *item;
	size_t i;
	json_array_foreach (json_list(root, "references"), i, item) {
		struct str url = json_str(item, "url");
		if (record_word_ok(url) && record->references.n < REFERENCES_MAX)
			AVEC_PUSH(arena, &record->references, url);
	}
	json_array_foreach (json_list(json_obj(root, "database_specific"), "cwe_ids"), i, item) {
		struct str weakness = json_text(item);
		if (record_word_ok(weakness) && record->weaknesses.n < REFERENCES_MAX)
			AVEC_PUSH(arena, &record->weaknesses, weakness);
	}
}

/* Some feeds rate only the package entries. Where all of them say the same, it is the record's. */
static void take_common_cvss(struct record *record)
{
	const struct cvss *common = NULL;
	for (size_t i = 0; i < record->affected.n; i++) {
		const struct cvss *cvss = &record->affected.items[i].rating.cvss;
		if (common && !str_eq(common->vector, cvss->vector))
			return;
		common = cvss;
	}
	if (common && !record->rating.cvss.vector.n)
		record->rating.cvss = *common;
}

static int64_t time_of(const json_t *root, const char *member)
{
	int64_t us;
	return time_parse(json_str(root, member), &us) ? us : TIME_NONE;
}

int osv_read(struct arena *arena, const json_t *root, struct record *record, struct err *err)
{
	*record = (struct record){
		.kind = RECORD_OSV,
		.name = json_str(root, "id"),
		.title = json_str(root, "summary"),
		.details = json_str(root, "details"),
		.published_us = time_of(root, "published"),
		.modified_us = time_of(root, "modified"),
		.withdrawn_us = TIME_NONE,
		.rating = { .cvss = CVSS_NONE },
	};
	if (!record_word_ok(record->name))
		return err_set(err, EINVAL, "the record has no \"id\"");
	const json_t *withdrawn = json_object_get(root, "withdrawn");
	if (withdrawn && !json_is_null(withdrawn) &&
		!time_parse(json_text(withdrawn), &record->withdrawn_us))
		return err_set(err, EINVAL, "\"withdrawn\" is not a time");
	static const struct {
		const char *member;
		enum link_kind kind;
	} links[] = { { "aliases", LINK_ALIAS }, { "upstream", LINK_UPSTREAM },
		{ "related", LINK_RELATED } };
	int r = 0;
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = read_links(arena, root, links[i].member, links[i].kind, record, err);
	if (r == 0)
		r = read_affected_list(arena, root, record, err);
	if (r < 0)
		return err_trace(err, r);
	read_severity_list(root, &record->rating);
	take_common_cvss(record);
	read_words(json_obj(root, "database_specific"), &record->rating);
	read_summary_word(record->title, &record->rating);
	read_texts(arena, root, record);
	return 0;
}
