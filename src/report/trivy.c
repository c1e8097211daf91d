/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that Trivy writes (SchemaVersion 2), which many dashboards read: one result for the
 * packages of the operating system and one for each kind of language package, with all packages
 * and their vulnerabilities. Member names and the words for classes, types, severities and states
 * are Trivy's.
 */
#include "report/document.h"

/* Trivy's names for kinds of packages; OS packages have the name of their distribution. */
static struct str type_name(const struct platform *platform, enum package_type type)
{
	switch (type) {
	case PACKAGE_NPM:
		return STR("node-pkg");
	case PACKAGE_PYPI:
		return STR("python-pkg");
	case PACKAGE_GOLANG:
		return STR("gobinary");
	case PACKAGE_MAVEN:
		return STR("jar");
	case PACKAGE_GEM:
		return STR("gemspec");
	case PACKAGE_CARGO:
		return STR("rustbinary");
	case PACKAGE_COMPOSER:
		return STR("composer-vendor");
	case PACKAGE_NUGET:
		return STR("dotnet-core");
	case PACKAGE_CONDA:
		return STR("conda-pkg");
	case PACKAGE_DEB:
	case PACKAGE_APK:
	case PACKAGE_RPM:
	case PACKAGE_ALPM:
		return platform->os_id.n ? platform->os_id : package_type_name(type);
	case PACKAGE_GENERIC:
	case PACKAGE_TYPE_COUNT:
		break;
	}
	return package_type_name(type);
}

static bool is_system(enum package_type type)
{
	return str_eq(package_type_class(type), STR("OS"));
}

static struct str package_id(struct arena *arena, const struct package *package)
{
	return arena_printf(
		arena, STR_FMT "@" STR_FMT, STR_ARG(package->name), STR_ARG(package->version));
}

static void put_layer(json_t *object, struct str digest)
{
	json_t *layer = json_put_object(object, "Layer");
	put_known(layer, "Digest", digest);
}

static void put_package(
	const struct document *document, json_t *list, const struct listed_package *listed)
{
	const struct package *package = &listed->package;
	json_t *object = json_add_object(list);
	json_put(object, "ID", package_id(document->arena, package));
	json_put(object, "Name", package->name);
	json_put(json_put_object(object, "Identifier"), "PURL", listed->purl);
	json_put(object, "Version", package->version.p ? package->version : STR(""));
	put_known(object, "Arch", package->arch);
	if (is_system(package->type)) {
		put_known(object, "SrcName", package->source_name);
		put_known(object, "SrcVersion", package->source_version);
	}
	put_known(object, "Modularitylabel", package->module);
	if (package->licence.n)
		json_array_append_new(
			json_put_list(object, "Licenses"), json_make_string(package->licence));
	put_known(object, "Maintainer", package->supplier);
	put_layer(object, listed->layer_digest);
	if (!is_system(package->type))
		put_known(object, "FilePath", listed->evidence);
}

static const char *status(enum fix_state state)
{
	switch (state) {
	case FIX_AVAILABLE:
		return "fixed";
	case FIX_WONT:
		return "will_not_fix";
	case FIX_NONE:
		return "affected";
	case FIX_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *severity_word(enum severity severity)
{
	static const char *const words[] = {
		[SEVERITY_UNKNOWN] = "UNKNOWN",
		[SEVERITY_LOW] = "LOW",
		[SEVERITY_MEDIUM] = "MEDIUM",
		[SEVERITY_HIGH] = "HIGH",
		[SEVERITY_CRITICAL] = "CRITICAL",
	};
	return words[severity];
}

static void put_cvss(json_t *object, const struct match *match)
{
	char first = match->cvss_version.n ? match->cvss_version.p[0] : 0;
	if (first < '2' || first > '4')
		return;
	const char *vector = first == '2' ? "V2Vector" : first == '3' ? "V3Vector" : "V40Vector";
	const char *score = first == '2' ? "V2Score" : first == '3' ? "V3Score" : "V40Score";
	json_t *by = json_put_object(json_put_object(object, "CVSS"), "nvd");
	put_known(by, vector, match->cvss_vector);
	if (match->cvss_score_tenths >= 0)
		json_object_set_new(by, score, json_real(match->cvss_score_tenths / 10.0));
}

static void put_vulnerability(
	const struct document *document, json_t *list, const struct finding *finding)
{
	const struct match *match = &finding->match;
	const struct package *package = &finding->package;
	json_t *object = json_add_object(list);
	json_put(object, "VulnerabilityID", match->vulnerability);
	json_t *vendor = json_array();
	struct str rest = match->advisories;
	struct str id;
	while (str_cut(&rest, ',', &id)) {
		if (id.n && !str_eq(id, match->vulnerability))
			json_array_append_new(vendor, json_make_string(id));
	}
	if (json_array_size(vendor))
		json_object_set(object, "VendorIDs", vendor);
	json_decref(vendor);
	json_put(object, "PkgID", package_id(document->arena, package));
	json_put(object, "PkgName", package->name);
	if (!is_system(package->type))
		put_known(object, "PkgPath", finding->evidence);
	json_put(json_put_object(object, "PkgIdentifier"), "PURL", finding->purl);
	json_put(object, "InstalledVersion", package->version.p ? package->version : STR(""));
	put_known(object, "FixedVersion", match->fixed_version);
	json_put_cstr(object, "Status", status(match->fix_state));
	put_layer(object, finding->layer_digest);
	put_known(object, "SeveritySource", match->severity_source);
	struct str url = vulnerability_url(document->arena, match->vulnerability);
	json_put(object, "PrimaryURL", url);
	put_known(object, "Title", match->title);
	put_known(object, "Description", match->explanation);
	json_put_cstr(object, "Severity", severity_word(match->severity));
	put_cvss(object, match);
	json_array_append_new(json_put_list(object, "References"), json_make_string(url));
	put_known_time(object, "PublishedDate", match->published_us);
	put_known_time(object, "LastModifiedDate", match->modified_us);
}

static void put_result(const struct document *document, json_t *results, enum package_type type)
{
	const struct report_image *image = document->image;
	const struct platform *platform = &image->platform;
	AUTO_JSON json_t *packages = json_array();
	AUTO_JSON json_t *vulnerabilities = json_array();
	for (size_t i = 0; i < document->component_count; i++) {
		const struct component *component = &document->components[i];
		if (component->places[0]->package.type != type)
			continue;
		for (size_t p = 0; p < component->count; p++)
			put_package(document, packages, component->places[p]);
	}
	for (size_t i = 0; i < image->finding_count; i++) {
		if (image->findings[i].package.type == type)
			put_vulnerability(document, vulnerabilities, &image->findings[i]);
	}
	if (!json_array_size(packages) && !json_array_size(vulnerabilities))
		return;
	json_t *result = json_add_object(results);
	struct str name = type_name(platform, type);
	struct str target =
		is_system(type)
			? arena_printf(document->arena, STR_FMT " (" STR_FMT "%s" STR_FMT ")",
				  STR_ARG(image->name), STR_ARG(name),
				  platform->os_version.n ? " " : "", STR_ARG(platform->os_version))
			: name;
	json_put(result, "Target", target);
	json_put_cstr(result, "Class", is_system(type) ? "os-pkgs" : "lang-pkgs");
	json_put(result, "Type", name);
	if (json_array_size(packages))
		json_object_set(result, "Packages", packages);
	if (json_array_size(vulnerabilities))
		json_object_set(result, "Vulnerabilities", vulnerabilities);
}

json_t *report_trivy(const struct document *document)
{
	const struct report_image *image = document->image;
	json_t *root = json_object();
	json_put_int(root, "SchemaVersion", 2);
	json_put_cstr(root, "CreatedAt", document->created);
	json_put(root, "ArtifactName", image->name);
	json_put_cstr(root, "ArtifactType", "container_image");
	json_t *metadata = json_put_object(root, "Metadata");
	if (image->platform.os_id.n) {
		json_t *os = json_put_object(metadata, "OS");
		json_put(os, "Family", image->platform.os_id);
		json_put(os, "Name", image->platform.os_version);
	}
	json_t *results = json_put_list(root, "Results");
	for (int type = 0; type < PACKAGE_TYPE_COUNT; type++)
		put_result(document, results, (enum package_type)type);
	return root;
}
