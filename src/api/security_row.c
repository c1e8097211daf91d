/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sub-assessment as JSON, in the classic shape (assessedResourceType
 * ContainerRegistryVulnerability). Old scripts know only the severities Low, Medium and High and
 * test for exactly these words, so Critical is shown as High here and a severity nobody has rated
 * as Medium: an unrated vulnerability must not slip through a gate. The true word, and everything
 * else the classic shape has no place for, is in additionalData.softwareDetails.
 */
#include "api/security.h"
#include "base/timefmt.h"

#define PROVIDER "/providers/Microsoft.Security/assessments/" ASSESS_KEY "/subAssessments/"

static void put_time(json_t *to, const char *member, int64_t us)
{
	char text[TIME_TEXT_MAX];
	if (us == TIME_NONE) {
		json_put(to, member, STR_NULL);
		return;
	}
	time_format(us, 7, text);
	json_put_cstr(to, member, text);
}

static void put_text(json_t *to, const char *member, struct str text)
{
	json_put(to, member, text.p ? text : STR(""));
}

static void add_link(json_t *list, struct str title, struct str link)
{
	json_t *object = json_add_object(list);
	json_put(object, "title", title);
	json_put(object, "link", link);
}

static struct str registry_id(struct arena *arena, const struct store_identity *identity)
{
	return arena_printf(arena,
		"/subscriptions/" STR_FMT "/resourceGroups/" STR_FMT
		"/providers/Microsoft.ContainerRegistry/registries/" STR_FMT,
		STR_ARG(identity->subscription_id), STR_ARG(identity->resource_group),
		STR_ARG(identity->registry_name));
}

static const char *classic_severity(enum severity severity)
{
	switch (severity) {
	case SEVERITY_CRITICAL:
	case SEVERITY_HIGH:
		return "High";
	case SEVERITY_LOW:
		return "Low";
	case SEVERITY_MEDIUM:
	case SEVERITY_UNKNOWN:
		break;
	}
	return "Medium";
}

/* The scanner level of the classic product, as text: 5 is the worst. */
static const char *impact_level(enum severity severity)
{
	static const char *const levels[] = { [SEVERITY_UNKNOWN] = "3",
		[SEVERITY_LOW] = "2",
		[SEVERITY_MEDIUM] = "3",
		[SEVERITY_HIGH] = "4",
		[SEVERITY_CRITICAL] = "5" };
	return levels[severity];
}

static const char *fix_status(enum fix_state state)
{
	switch (state) {
	case FIX_AVAILABLE:
		return "FixAvailable";
	case FIX_NONE:
		return "NoFixAvailable";
	case FIX_WONT:
		return "WontFix";
	case FIX_UNKNOWN:
		break;
	}
	return "Unknown";
}

static struct str vulnerability_link(struct arena *arena, struct str id)
{
	const char *where = str_starts(id, STR("CVE-")) ? "https://nvd.nist.gov/vuln/detail/"
							: "https://osv.dev/vulnerability/";
	return arena_printf(arena, "%s" STR_FMT, where, STR_ARG(id));
}

static void put_cvss(json_t *to, const struct match *match)
{
	json_t *cvss = json_put_object(to, "cvss");
	if (match->cvss_score_tenths < 0)
		return;
	/* Clients know "2.0" and "3.0"; version 3.1 scores the same. */
	const char *version = "3.0";
	if (str_starts(match->cvss_version, STR("2")))
		version = "2.0";
	else if (str_starts(match->cvss_version, STR("4")))
		version = "4.0";
	json_t *entry = json_put_object(cvss, version);
	json_object_set_new(entry, "base", json_real(match->cvss_score_tenths / 10.0));
	if (match->cvss_vector.n)
		json_put(entry, "cvssVectorString", match->cvss_vector);
}

static void put_references(json_t *to, struct arena *arena, const struct match *match,
	const struct vulnerability_text *text)
{
	json_t *list = json_put_list(to, "vendorReferences");
	struct str rest = match->advisories;
	struct str id;
	while (rest.n && str_cut(&rest, ',', &id)) {
		if (id.n && !str_eq(id, match->vulnerability))
			add_link(list, id,
				arena_printf(arena, "https://osv.dev/vulnerability/" STR_FMT,
					STR_ARG(id)));
	}
	for (size_t i = 0; i < text->references.n; i++)
		add_link(list, text->references.items[i], text->references.items[i]);
}

static void put_os(json_t *to, struct arena *arena, const struct platform *platform)
{
	json_t *os = json_put_object(to, "osDetails");
	json_put_cstr(os, "osPlatform", "Linux");
	put_text(os, "osName", platform->os_name);
	json_put(os, "osVersion",
		arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(platform->os_id),
			platform->os_version.n ? "_" : "", STR_ARG(platform->os_version)));
}

static void put_software(json_t *to, struct arena *arena, const struct security_row *row)
{
	const struct finding *finding = row->finding;
	const struct package *package = &finding->package;
	const struct match *match = &finding->match;
	json_t *software = json_put_object(to, "softwareDetails");
	put_text(software, "packageName", package->name);
	put_text(software, "version", package->version);
	put_text(software, "fixedVersion", match->fixed_version);
	json_put_cstr(software, "fixStatus", fix_status(match->fix_state));
	put_text(software, "vendor", package->supplier);
	put_text(software, "category", package_type_class(package->type));
	json_put_cstr(software, "language", "");
	json_t *evidence = json_put_list(software, "evidence");
	if (finding->evidence.n)
		json_array_append_new(evidence, json_make_string(finding->evidence));
	put_os(software, arena, &row->list->platform);
	put_text(software, "sourceName", package->source_name);
	put_text(software, "sourceVersion", package->source_version);
	put_text(software, "arch", package->arch);
	put_text(software, "purl", finding->purl);
	json_put_int(software, "layer", finding->layer);
	put_text(software, "layerDigest", finding->layer_digest);
	put_text(software, "severity", severity_name(match->severity));
	put_text(software, "severitySource", match->severity_source);
	put_text(software, "advisories", match->advisories);
	put_text(software, "explanation", match->explanation);
}

static struct str image_name(struct arena *arena, const struct store_image_row *manifest)
{
	struct str rest = manifest->tags;
	struct str tag;
	if (rest.n && str_cut(&rest, ',', &tag) && tag.n)
		return arena_printf(
			arena, STR_FMT ":" STR_FMT, STR_ARG(manifest->repository), STR_ARG(tag));
	return arena_printf(arena, STR_FMT "@" STR_FMT, STR_ARG(manifest->repository),
		STR_ARG(manifest->digest));
}

static json_t *put_additional_data(json_t *properties, const struct security_setting *setting,
	struct arena *arena, const struct security_row *row)
{
	json_t *data = json_put_object(properties, "additionalData");
	const struct platform *platform = &row->list->platform;
	json_put_cstr(data, "assessedResourceType", "ContainerRegistryVulnerability");
	json_put_cstr(data, "type", row->finding ? "Vulnerability" : "Information Gathered");
	json_put(data, "repositoryName", row->manifest->repository);
	json_put(data, "imageDigest", row->manifest->digest);
	json_put(data, "imageName", image_name(arena, row->manifest));
	put_text(data, "registryHost", setting->registry_host);
	json_t *details = json_put_object(data, "imageDetails");
	struct str os = row->list->image.os;
	json_put(details, "os", str_eq_nocase(os, STR("windows")) ? STR("Windows") : STR("Linux"));
	put_text(details, "osDetails", platform->os_name.n ? platform->os_name : platform->os_id);
	return data;
}

static void put_finding(json_t *properties, const struct security_setting *setting,
	struct arena *arena, const struct security_row *row)
{
	const struct finding *finding = row->finding;
	const struct match *match = &finding->match;
	struct vulnerability_text text = { 0 };
	struct err ignored = ERR_INIT; /* a row without its long text is still a true row */
	if (setting->reader)
		(void)!assess_describe(
			setting->reader, arena, match->vulnerability, &text, &ignored);
	struct str title = match->title.n ? match->title : text.title;
	if (!title.n)
		title = arena_printf(arena, STR_FMT " in " STR_FMT, STR_ARG(match->vulnerability),
			STR_ARG(finding->package.name));
	json_put(properties, "id", match->vulnerability);
	json_put(properties, "displayName", title);
	put_text(properties, "remediation", finding->remedy);
	json_put_cstr(properties, "impact", impact_level(match->severity));
	struct str release = row->list->platform.release_key;
	json_put(properties, "category", str_sub(release, 0, str_find(release, ':')));
	json_put(properties, "description",
		text.description.n ? text.description : match->explanation);
	json_t *data = put_additional_data(properties, setting, arena, row);
	put_cvss(data, match);
	json_put_bool(data, "patchable", match->fix_state == FIX_AVAILABLE);
	struct str link = vulnerability_link(arena, match->vulnerability);
	add_link(json_put_list(data, "cve"), match->vulnerability, link);
	put_time(data, "publishedTime", match->published_us);
	put_references(data, arena, match, &text);
	put_text(data, "threat", text.description);
	json_put(data, "remediationLink", link);
	put_software(data, arena, row);
}

/* The row of an image without findings: clean, or not to be judged. */
static void put_image_only(json_t *properties, const struct security_setting *setting,
	struct arena *arena, const struct security_row *row)
{
	bool healthy = row->list->image.state == IMAGE_HEALTHY;
	json_put(properties, "id", image_state_name(row->list->image.state));
	json_put_cstr(properties, "displayName",
		"Container registry images should have vulnerability findings resolved");
	json_put_cstr(properties, "remediation", "No remediation exists");
	json_put_cstr(properties, "impact", "0");
	json_put_cstr(properties, "category", "");
	json_put_cstr(properties, "description",
		healthy ? "No known vulnerability was found in this image."
			: "This image could not be assessed.");
	json_t *data = put_additional_data(properties, setting, arena, row);
	json_put_object(data, "cvss");
	json_put_bool(data, "patchable", false);
	json_put_list(data, "cve");
	json_put(data, "publishedTime", STR_NULL);
	json_put_list(data, "vendorReferences");
}

static void put_status(json_t *properties, const struct security_row *row)
{
	json_t *status = json_put_object(properties, "status");
	const struct store_image *image = &row->list->image;
	put_text(status, "code", image_state_code(image->state));
	put_text(status, "cause", image_state_cause(image->state));
	if (row->finding) {
		json_put_cstr(status, "description", "The resource is unhealthy");
		json_put_cstr(status, "severity", classic_severity(row->finding->match.severity));
		return;
	}
	struct str reason = str_trim(image->reason.p ? image->reason : STR(""));
	if (!reason.n && image->state == IMAGE_HEALTHY)
		reason = STR("The resource is healthy");
	json_put(status, "description", reason);
	json_put_cstr(status, "severity", "None");
}

bool security_has_rows(enum image_state state)
{
	return image_state_code(state).n > 0;
}

json_t *security_row_json(
	const struct security_setting *setting, struct arena *arena, const struct security_row *row)
{
	json_t *object = json_object();
	struct str registry = registry_id(arena, setting->identity);
	const struct store_image *image = &row->list->image;
	json_put(object, "id",
		arena_printf(arena, STR_FMT PROVIDER "%s", STR_ARG(registry), row->id));
	json_put_cstr(object, "name", row->id);
	json_put_cstr(object, "type", "Microsoft.Security/assessments/subAssessments");
	json_t *properties = json_put_object(object, "properties");
	if (row->finding)
		put_finding(properties, setting, arena, row);
	else
		put_image_only(properties, setting, arena, row);
	put_status(properties, row);
	put_time(properties, "timeGenerated",
		image->judged_us != TIME_NONE ? image->judged_us : image->scanned_us);
	json_t *resource = json_put_object(properties, "resourceDetails");
	json_put_cstr(resource, "source", "Azure");
	json_put(resource, "id",
		arena_printf(arena,
			STR_FMT "/repository/" STR_FMT "/imageDigest/" STR_FMT PROVIDER "%s",
			STR_ARG(registry), STR_ARG(row->manifest->repository),
			STR_ARG(row->manifest->digest), row->id));
	return object;
}
