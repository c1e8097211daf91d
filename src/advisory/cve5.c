/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVE records (CVE JSON 5.x): a source of severity, text, weaknesses and dates for the CVE numbers
 * that OSV records name; their version data is for people and matches nothing. The rating is that
 * of the assigner's container ("cna"), else of the first additional one ("adp") that has a CVSS
 * vector; who rated is kept by its short name.
 */
#include "advisory/record.h"

#include "base/limits.h"
#include "base/timefmt.h"

enum { CVE_TEXTS_MAX = 200 };

/* CVSS members of a metric in the order of choice. */
static const char *const cvss_members[] = { "cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0" };

static bool read_rating(const json_t *container, struct rating *rating)
{
	for (size_t m = 0; m < sizeof(cvss_members) / sizeof(*cvss_members); m++) {
		const json_t *metric;
		size_t i;
		json_array_foreach (json_list(container, "metrics"), i, metric) {
			const json_t *cvss = json_obj(metric, cvss_members[m]);
			if (!cvss_parse(json_str(cvss, "vectorString"), &rating->cvss))
				continue;
			rating->source =
				json_str(json_obj(container, "providerMetadata"), "shortName");
			return true;
		}
	}
	return false;
}

static void read_weaknesses(struct arena *arena, const json_t *container, struct record *record)
{
	const json_t *type;
	const json_t *item;
	size_t i;
	size_t k;
	json_array_foreach (json_list(container, "problemTypes"), i, type) {
		json_array_foreach (json_list(type, "descriptions"), k, item) {
			struct str weakness = json_str(item, "cweId");
			bool known =
				!record_word_ok(weakness) || record->weaknesses.n >= CVE_TEXTS_MAX;
			for (size_t w = 0; w < record->weaknesses.n && !known; w++)
				known = str_eq(record->weaknesses.items[w], weakness);
			if (!known)
				AVEC_PUSH(arena, &record->weaknesses, weakness);
		}
	}
}

static void read_references(struct arena *arena, const json_t *container, struct record *record)
{
	const json_t *item;
	size_t i;
	json_array_foreach (json_list(container, "references"), i, item) {
		struct str url = json_str(item, "url");
		if (record_word_ok(url) && record->references.n < CVE_TEXTS_MAX)
			AVEC_PUSH(arena, &record->references, url);
	}
}

static struct str english(const json_t *descriptions)
{
	const json_t *item;
	size_t i;
	json_array_foreach (descriptions, i, item) {
		if (str_starts(json_str(item, "lang"), STR("en")))
			return json_str(item, "value");
	}
	return STR_NULL;
}

static int64_t time_of(const json_t *object, const char *member)
{
	int64_t us;
	return time_parse(json_str(object, member), &us) ? us : TIME_NONE;
}

int cve5_read(struct arena *arena, const json_t *root, struct record *record, struct err *err)
{
	const json_t *metadata = json_obj(root, "cveMetadata");
	const json_t *containers = json_obj(root, "containers");
	const json_t *cna = json_obj(containers, "cna");
	*record = (struct record){
		.kind = RECORD_CVE,
		.name = json_str(metadata, "cveId"),
		.title = json_str(cna, "title"),
		.details = english(json_list(cna, "descriptions")),
		.published_us = time_of(metadata, "datePublished"),
		.modified_us = time_of(metadata, "dateUpdated"),
		.withdrawn_us = TIME_NONE,
		.rating = { .cvss = CVSS_NONE },
	};
	if (!str_starts(record->name, STR("CVE-")) || !record_word_ok(record->name))
		return err_set(err, EINVAL, "the CVE record has no \"cveId\"");
	if (!cna)
		return err_set(err, EINVAL, "the CVE record has no \"cna\" container");
	if (str_eq(json_str(metadata, "state"), STR("REJECTED"))) {
		int64_t rejected = time_of(metadata, "dateRejected");
		record->withdrawn_us = rejected != TIME_NONE ? rejected : 0;
	}
	bool rated = read_rating(cna, &record->rating);
	read_weaknesses(arena, cna, record);
	read_references(arena, cna, record);
	const json_t *adp;
	size_t i;
	json_array_foreach (json_list(containers, "adp"), i, adp) {
		rated = rated || read_rating(adp, &record->rating);
		read_weaknesses(arena, adp, record);
	}
	return 0;
}

int record_parse(struct arena *arena, struct str text, struct record *record, struct err *err)
{
	json_t *root;
	if (json_values_at_most(text) > LIMIT_ADVISORY_VALUES)
		return err_set(err, E2BIG, "it has more than %zu values", LIMIT_ADVISORY_VALUES);
	int r = json_parse_arena(arena, text, LIMIT_ADVISORY_BYTES, &root, err);
	if (r < 0)
		return err_trace(err, r);
	if (json_obj(root, "cveMetadata"))
		r = cve5_read(arena, root, record, err);
	else if (json_object_get(root, "id"))
		r = osv_read(arena, root, record, err);
	else
		return err_set(err, EINVAL, "neither an OSV record nor a CVE record");
	return r < 0 ? err_trace(err, r) : 0;
}
