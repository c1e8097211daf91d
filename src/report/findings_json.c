/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON form of the own API, both ways: the server writes it, client verbs and other programs
 * read it. Reading is lenient as with any open format: unknown members are ignored, absent ones are
 * empty. What cannot be read is a document that is not of this kind at all.
 */
#include "base/timefmt.h"
#include "report/report.h"

#include <math.h>

static int64_t get_time(const json_t *object, const char *member)
{
	int64_t us;
	return time_parse(json_str(object, member), &us) ? us : TIME_NONE;
}

/* Absent text is the empty text in this form, so that readers need not know two kinds of nothing.
 */
static void put_text(json_t *object, const char *member, struct str text)
{
	json_put(object, member, text.p ? text : STR(""));
}

/* --- writing */

static const struct {
	enum severity severity;
	const char *member;
} count_members[] = {
	{ SEVERITY_CRITICAL, "critical" },
	{ SEVERITY_HIGH, "high" },
	{ SEVERITY_MEDIUM, "medium" },
	{ SEVERITY_LOW, "low" },
	{ SEVERITY_UNKNOWN, "unknown" },
};
enum { COUNT_MEMBERS = sizeof(count_members) / sizeof(count_members[0]) };

json_t *report_counts_json(const struct severity_counts *counts)
{
	json_t *object = json_object();
	for (size_t i = 0; i < COUNT_MEMBERS; i++)
		json_put_int(object, count_members[i].member,
			counts->by_severity[count_members[i].severity]);
	json_put_int(object, "total", counts->total);
	json_put_int(object, "fixable", counts->fixable);
	return object;
}

json_t *report_platform_json(const struct platform *platform)
{
	json_t *object = json_object();
	put_text(object, "release", platform->release_key);
	put_text(object, "flavours", platform->flavours);
	put_text(object, "os", platform->os_id);
	put_text(object, "osVersion", platform->os_version);
	put_text(object, "osName", platform->os_name);
	return object;
}

static void put_advisories(json_t *object, struct str advisories)
{
	json_t *list = json_put_list(object, "advisories");
	struct str part;
	while (str_cut(&advisories, ',', &part)) {
		if (part.n)
			json_array_append_new(list, json_make_string(part));
	}
}

static void put_cvss(json_t *object, const struct match *match)
{
	json_t *cvss = json_put_object(object, "cvss");
	put_text(cvss, "version", match->cvss_version);
	put_text(cvss, "vector", match->cvss_vector);
	if (match->cvss_score_tenths >= 0)
		json_object_set_new(cvss, "score", json_real(match->cvss_score_tenths / 10.0));
	else
		json_object_set_new(cvss, "score", json_null());
}

static void put_package(json_t *object, const struct package *package)
{
	json_t *to = json_put_object(object, "package");
	put_text(to, "type", package_type_name(package->type));
	put_text(to, "name", package->name);
	put_text(to, "version", package->version);
	put_text(to, "sourceName", package->source_name);
	put_text(to, "sourceVersion", package->source_version);
	put_text(to, "arch", package->arch);
	put_text(to, "licence", package->licence);
	put_text(to, "supplier", package->supplier);
}

static void put_finding(json_t *object, const struct finding *finding)
{
	const struct match *match = &finding->match;
	put_text(object, "vulnerability", match->vulnerability);
	put_advisories(object, match->advisories);
	put_text(object, "title", match->title);
	put_text(object, "severity", severity_name(match->severity));
	put_text(object, "severitySource", match->severity_source);
	put_cvss(object, match);
	put_text(object, "fixState", fix_state_name(match->fix_state));
	put_text(object, "fixedVersion", match->fixed_version);
	put_text(object, "explanation", match->explanation);
	json_put_time(object, "published", match->published_us);
	json_put_time(object, "modified", match->modified_us);
	put_package(object, &finding->package);
	put_text(object, "purl", finding->purl);
	json_put_int(object, "layer", finding->layer);
	put_text(object, "layerDigest", finding->layer_digest);
	put_text(object, "evidence", finding->evidence);
	put_text(object, "remedy", finding->remedy);
}

json_t *report_findings_json(const struct report_image *image)
{
	json_t *root = json_object();
	put_text(root, "image", image->name);
	put_text(root, "digest", image->digest);
	put_text(root, "state", image->state);
	put_text(root, "reason", image->reason);
	json_object_set_new(root, "platform", report_platform_json(&image->platform));
	json_object_set_new(root, "counts", report_counts_json(&image->counts));
	json_put_int(root, "packages", image->package_count);
	json_put_int(root, "notEvaluated", image->not_evaluated);
	json_t *snapshot = json_put_object(root, "snapshot");
	put_text(snapshot, "id", image->snapshot);
	json_put_time(snapshot, "built", image->snapshot_built_us);
	json_t *findings = json_put_list(root, "findings");
	for (size_t i = 0; i < image->finding_count; i++)
		put_finding(json_add_object(findings), &image->findings[i]);
	return root;
}

/* --- reading */

static struct str get_text(const json_t *object, const char *member)
{
	struct str text = json_str(object, member);
	return text.p ? text : STR("");
}

static uint32_t get_count(const json_t *object, const char *member)
{
	int64_t value = json_int(object, member, 0);
	return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static struct str get_advisories(struct arena *arena, const json_t *list)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item) {
		struct str part = json_text(item);
		if (!part.n)
			continue;
		if (text.n)
			strbuf_add_char(&text, ',');
		strbuf_add_str(&text, part);
	}
	return arena_str(arena, strbuf_view(&text));
}

static void get_cvss(const json_t *object, struct match *match)
{
	const json_t *cvss = json_obj(object, "cvss");
	const json_t *score = json_object_get(cvss, "score");
	match->cvss_version = get_text(cvss, "version");
	match->cvss_vector = get_text(cvss, "vector");
	match->cvss_score_tenths = -1;
	if (json_is_number(score)) {
		double tenths = json_number_value(score) * 10.0;
		if (tenths >= 0.0 && tenths <= 100.0)
			match->cvss_score_tenths = (int)lround(tenths);
	}
}

static void get_package(const json_t *from, struct package *package)
{
	if (!package_type_parse(get_text(from, "type"), &package->type))
		package->type = PACKAGE_DEB;
	package->name = get_text(from, "name");
	package->version = get_text(from, "version");
	package->source_name = get_text(from, "sourceName");
	package->source_version = get_text(from, "sourceVersion");
	package->arch = get_text(from, "arch");
	package->licence = get_text(from, "licence");
	package->supplier = get_text(from, "supplier");
}

static void get_finding(struct arena *arena, const json_t *from, struct finding *finding)
{
	struct match *match = &finding->match;
	match->vulnerability = get_text(from, "vulnerability");
	match->advisories = get_advisories(arena, json_list(from, "advisories"));
	match->title = get_text(from, "title");
	if (!severity_parse(get_text(from, "severity"), &match->severity))
		match->severity = SEVERITY_UNKNOWN;
	match->severity_source = get_text(from, "severitySource");
	get_cvss(from, match);
	if (!fix_state_parse(get_text(from, "fixState"), &match->fix_state))
		match->fix_state = FIX_UNKNOWN;
	match->fixed_version = get_text(from, "fixedVersion");
	match->explanation = get_text(from, "explanation");
	match->published_us = get_time(from, "published");
	match->modified_us = get_time(from, "modified");
	get_package(json_obj(from, "package"), &finding->package);
	finding->purl = get_text(from, "purl");
	finding->layer = get_count(from, "layer");
	finding->layer_digest = get_text(from, "layerDigest");
	finding->evidence = get_text(from, "evidence");
	finding->remedy = get_text(from, "remedy");
}

static void get_counts(const json_t *from, struct severity_counts *counts)
{
	for (size_t i = 0; i < COUNT_MEMBERS; i++)
		counts->by_severity[count_members[i].severity] =
			get_count(from, count_members[i].member);
	counts->total = get_count(from, "total");
	counts->fixable = get_count(from, "fixable");
}

static void get_platform(const json_t *from, struct platform *platform)
{
	platform->release_key = get_text(from, "release");
	platform->flavours = get_text(from, "flavours");
	platform->os_id = get_text(from, "os");
	platform->os_version = get_text(from, "osVersion");
	platform->os_name = get_text(from, "osName");
}

int report_findings_from_json(
	struct arena *arena, const json_t *json, struct report_image *image, struct err *err)
{
	enum image_state state;
	const json_t *findings = json_list(json, "findings");
	*image = (struct report_image){ .snapshot_built_us = TIME_NONE };
	if (!image_state_parse(json_str(json, "state"), &state) || !findings)
		return err_set(err, EPROTO,
			"the answer is not a findings document: \"state\" or \"findings\" is "
			"missing or of another kind");
	image->name = get_text(json, "image");
	image->digest = get_text(json, "digest");
	image->state = image_state_name(state);
	image->reason = get_text(json, "reason");
	get_platform(json_obj(json, "platform"), &image->platform);
	get_counts(json_obj(json, "counts"), &image->counts);
	image->package_count = get_count(json, "packages");
	image->not_evaluated = get_count(json, "notEvaluated");
	image->snapshot = get_text(json_obj(json, "snapshot"), "id");
	image->snapshot_built_us = get_time(json_obj(json, "snapshot"), "built");
	image->finding_count = json_array_size(findings);
	struct finding *list = ARENA_ARRAY(arena, image->finding_count, struct finding);
	for (size_t i = 0; i < image->finding_count; i++)
		get_finding(arena, json_array_get(findings, i), &list[i]);
	image->findings = list;
	return 0;
}
