/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SARIF 2.1.0 (OASIS) as code scanning services read it: one rule for each vulnerability, one
 * result for each package it is in. An image has no source lines, so a result points to the first
 * line of the file that proves the package, and names package and layer as logical locations.
 */
#include "report/document.h"

static const char *level(enum severity severity)
{
	switch (severity) {
	case SEVERITY_CRITICAL:
	case SEVERITY_HIGH:
		return "error";
	case SEVERITY_MEDIUM:
		return "warning";
	case SEVERITY_LOW:
	case SEVERITY_UNKNOWN:
		break;
	}
	return "note";
}

/* Services sort by this number; without a score it is the middle of the severity's range. */
static struct str security_severity(struct arena *arena, const struct match *match)
{
	static const int middle[] = {
		[SEVERITY_UNKNOWN] = 0,
		[SEVERITY_LOW] = 20,
		[SEVERITY_MEDIUM] = 55,
		[SEVERITY_HIGH] = 80,
		[SEVERITY_CRITICAL] = 95,
	};
	int tenths =
		match->cvss_score_tenths >= 0 ? match->cvss_score_tenths : middle[match->severity];
	return arena_printf(arena, "%d.%d", tenths / 10, tenths % 10);
}

static void put_message(json_t *object, const char *member, struct str text)
{
	json_put(json_put_object(object, member), "text", text);
}

static void put_rule(const struct document *document, json_t *rules, const struct match *match)
{
	struct str title = match->title.n ? match->title : match->vulnerability;
	struct str url = vulnerability_url(document->arena, match->vulnerability);
	json_t *rule = json_add_object(rules);
	json_put(rule, "id", match->vulnerability);
	put_message(rule, "shortDescription", title);
	put_message(rule, "fullDescription", title);
	json_put(rule, "helpUri", url);
	json_t *help = json_put_object(rule, "help");
	json_put(help, "text",
		arena_printf(document->arena, STR_FMT ": " STR_FMT, STR_ARG(match->vulnerability),
			STR_ARG(title)));
	json_put_cstr(
		json_put_object(rule, "defaultConfiguration"), "level", level(match->severity));
	json_t *properties = json_put_object(rule, "properties");
	json_put(properties, "security-severity", security_severity(document->arena, match));
	json_t *tags = json_put_list(properties, "tags");
	json_array_append_new(tags, json_string("security"));
	json_array_append_new(tags, json_string("vulnerability"));
}

static void put_logical(json_t *list, struct str name, const char *kind)
{
	if (!name.n)
		return;
	json_t *logical = json_add_object(list);
	json_put(logical, "fullyQualifiedName", name);
	json_put_cstr(logical, "kind", kind);
}

static void put_location(
	const struct document *document, json_t *result, const struct finding *finding)
{
	json_t *location = json_add_object(json_put_list(result, "locations"));
	json_t *physical = json_put_object(location, "physicalLocation");
	struct str file = finding->evidence.n ? finding->evidence : finding->package.name;
	json_put(json_put_object(physical, "artifactLocation"), "uri",
		uri_escape(document->arena, file, "/"));
	json_put_int(json_put_object(physical, "region"), "startLine", 1);
	json_t *logical = json_put_list(location, "logicalLocations");
	put_logical(logical, finding->purl, "package");
	put_logical(logical, finding->layer_digest, "layer");
}

static void put_result(const struct document *document, json_t *results, size_t rule,
	const struct finding *finding)
{
	const struct match *match = &finding->match;
	const struct package *package = &finding->package;
	char uuid[UUID_TEXT];
	const struct str parts[] = { STR("sarif"), document->image->name, match->vulnerability,
		finding->purl, finding->evidence };
	uuid_from_parts(parts, sizeof(parts) / sizeof(parts[0]), uuid);
	json_t *result = json_add_object(results);
	json_put(result, "ruleId", match->vulnerability);
	json_put_int(result, "ruleIndex", (int64_t)rule);
	json_put_cstr(result, "level", level(match->severity));
	put_message(result, "message",
		arena_printf(document->arena,
			STR_FMT " " STR_FMT " is affected by " STR_FMT " (" STR_FMT "). " STR_FMT,
			STR_ARG(package->name), STR_ARG(package->version),
			STR_ARG(match->vulnerability), STR_ARG(severity_name(match->severity)),
			STR_ARG(finding->remedy)));
	put_location(document, result, finding);
	json_put_cstr(json_put_object(result, "partialFingerprints"), "lazaret/v1", uuid);
	json_t *properties = json_put_object(result, "properties");
	put_known(properties, "installedVersion", package->version);
	put_known(properties, "fixedVersion", match->fixed_version);
	json_put(properties, "fixState", fix_state_name(match->fix_state));
	put_known(properties, "severitySource", match->severity_source);
	put_known(properties, "explanation", match->explanation);
}

static void put_invocation(const struct document *document, json_t *run)
{
	const struct report_image *image = document->image;
	json_t *invocation = json_add_object(json_put_list(run, "invocations"));
	json_put_bool(invocation, "executionSuccessful", true);
	json_put_cstr(invocation, "endTimeUtc", document->created);
	if (!image->reason.n)
		return;
	json_t *notice = json_add_object(json_put_list(invocation, "toolExecutionNotifications"));
	json_put_cstr(notice, "level", "warning");
	put_message(notice, "message", image->reason);
}

json_t *report_sarif(const struct document *document)
{
	const struct report_image *image = document->image;
	json_t *root = json_object();
	json_put_cstr(root, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_put_cstr(root, "version", "2.1.0");
	json_t *run = json_add_object(json_put_list(root, "runs"));
	json_t *driver = json_put_object(json_put_object(run, "tool"), "driver");
	json_put_cstr(driver, "name", "lazaret");
	json_put_cstr(driver, "version", LAZARET_VERSION);
	json_t *rules = json_put_list(driver, "rules");
	put_invocation(document, run);
	json_t *results = json_put_list(run, "results");
	for (size_t i = 0; i < document->finding_count; i++) {
		const struct finding *finding = document->findings[i];
		if (!i || !str_eq(finding->match.vulnerability,
				  document->findings[i - 1]->match.vulnerability))
			put_rule(document, rules, &finding->match);
		put_result(document, results, json_array_size(rules) - 1, finding);
	}
	json_put_cstr(run, "columnKind", "utf16CodeUnits");
	json_t *properties = json_put_object(run, "properties");
	json_put(properties, "image", image->name);
	put_known(properties, "digest", image->digest);
	json_put(properties, "state", image->state);
	put_known(properties, "snapshot", image->snapshot);
	return root;
}
