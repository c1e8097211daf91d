/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CycloneDX 1.6 (ECMA-424), as a list of packages and with their vulnerabilities. The reference of
 * a component is its purl; where it was found are its occurrences. Licences are given by name,
 * because distributions do not write SPDX expressions. Each pair of vulnerability and package is
 * one entry: what repairs it differs from package to package.
 */
#include "report/document.h"

#define IMAGE_REF "image"

static void put_property(json_t *list, const char *name, struct str value)
{
	if (!value.n)
		return;
	json_t *property = json_add_object(list);
	json_put_cstr(property, "name", name);
	json_put(property, "value", value);
}

static void put_properties(json_t *object, json_t *list)
{
	if (json_array_size(list))
		json_object_set(object, "properties", list);
}

static void put_hash(json_t *object, struct str digest)
{
	struct str sha256 = digest_hex(digest, STR("sha256"), 64);
	struct str sha512 = digest_hex(digest, STR("sha512"), 128);
	if (!sha256.n && !sha512.n)
		return;
	json_t *hash = json_add_object(json_put_list(object, "hashes"));
	json_put_cstr(hash, "alg", sha256.n ? "SHA-256" : "SHA-512");
	json_put(hash, "content", sha256.n ? sha256 : sha512);
}

/* --- metadata */

static void put_metadata(json_t *root, const struct document *document, bool vulnerabilities)
{
	const struct report_image *image = document->image;
	json_t *metadata = json_put_object(root, "metadata");
	json_put_cstr(metadata, "timestamp", "");
	json_t *tools = json_put_object(metadata, "tools");
	json_t *tool = json_add_object(json_put_list(tools, "components"));
	json_put_cstr(tool, "type", "application");
	json_put_cstr(tool, "name", "lazaret");
	json_put_cstr(tool, "version", LAZARET_VERSION);
	json_t *component = json_put_object(metadata, "component");
	json_put_cstr(component, "type", "container");
	json_put_cstr(component, "bom-ref", IMAGE_REF);
	json_put(component, "name", image->name);
	put_known(component, "version", image->digest);
	put_hash(component, image->digest);
	put_known(component, "purl", document->purl);
	AUTO_JSON json_t *properties = json_array();
	put_property(properties, "lazaret:release", image->platform.release_key);
	put_property(properties, "lazaret:remark", document_gap(image));
	if (vulnerabilities) {
		put_property(properties, "lazaret:state", image->state);
		put_property(properties, "lazaret:reason", image->reason);
		put_property(properties, "lazaret:snapshot", image->snapshot);
	}
	put_properties(metadata, properties);
}

/* --- components */

static void put_occurrences(json_t *object, const struct component *component)
{
	json_t *occurrences = json_array();
	for (size_t i = 0; i < component->count; i++) {
		const struct listed_package *place = component->places[i];
		const struct listed_package *before = i ? component->places[i - 1] : NULL;
		if (!place->evidence.n || (before && before->layer == place->layer &&
						  str_eq(before->evidence, place->evidence)))
			continue;
		json_t *occurrence = json_add_object(occurrences);
		json_put(occurrence, "location", place->evidence);
		if (place->layer_digest.n)
			json_put(occurrence, "additionalContext", place->layer_digest);
	}
	if (json_array_size(occurrences))
		json_object_set(json_put_object(object, "evidence"), "occurrences", occurrences);
	json_decref(occurrences);
}

static void put_component(json_t *list, const struct component *component)
{
	const struct listed_package *place = component->places[0];
	const struct package *package = &place->package;
	char layer[32];
	json_t *object = json_add_object(list);
	json_put_cstr(object, "type", "library");
	json_put(object, "bom-ref", place->purl);
	if (package->supplier.n)
		json_put(json_put_object(object, "supplier"), "name", package->supplier);
	json_put(object, "name", package->name);
	json_put(object, "version", package->version.p ? package->version : STR(""));
	if (package->licence.n) {
		json_t *choice = json_add_object(json_put_list(object, "licenses"));
		json_put(json_put_object(choice, "license"), "name", package->licence);
	}
	json_put(object, "purl", place->purl);
	put_occurrences(object, component);
	AUTO_JSON json_t *properties = json_array();
	put_property(properties, "lazaret:package:type", package_type_name(package->type));
	put_property(properties, "lazaret:package:arch", package->arch);
	put_property(properties, "lazaret:source:name", package->source_name);
	put_property(properties, "lazaret:source:version", package->source_version);
	put_property(properties, "lazaret:package:module", package->module);
	snprintf(layer, sizeof(layer), "%u", place->layer);
	put_property(properties, "lazaret:layer:index", str_from(layer));
	put_property(properties, "lazaret:layer:digest", place->layer_digest);
	put_properties(object, properties);
}

static void put_system(json_t *list, const struct platform *platform)
{
	if (!platform->os_id.n)
		return;
	json_t *object = json_add_object(list);
	json_put_cstr(object, "type", "operating-system");
	json_put_cstr(object, "bom-ref", "operating-system");
	json_put(object, "name", platform->os_id);
	put_known(object, "version", platform->os_version);
	put_known(object, "description", platform->os_name);
}

static void put_components(json_t *root, const struct document *document)
{
	const struct report_image *image = document->image;
	json_t *list = json_put_list(root, "components");
	put_system(list, &image->platform);
	for (size_t i = 0; i < document->component_count; i++)
		put_component(list, &document->components[i]);
	json_t *dependency = json_add_object(json_put_list(root, "dependencies"));
	json_put_cstr(dependency, "ref", IMAGE_REF);
	json_t *on = json_put_list(dependency, "dependsOn");
	size_t i;
	json_t *component;
	json_array_foreach (list, i, component)
		json_array_append(on, json_object_get(component, "bom-ref"));
	json_t *composition = json_add_object(json_put_list(root, "compositions"));
	json_put_cstr(composition, "aggregate", document_gap(image).n ? "incomplete" : "unknown");
	json_array_append_new(
		json_put_list(composition, "assemblies"), json_make_string(STR(IMAGE_REF)));
}

/* --- vulnerabilities */

static void put_source(const struct document *document, json_t *object, struct str id)
{
	json_t *source = json_put_object(object, "source");
	json_put_cstr(source, "name", str_starts(id, STR("CVE-")) ? "CVE" : "OSV");
	json_put(source, "url", vulnerability_url(document->arena, id));
}

static void put_references(
	const struct document *document, json_t *object, const struct match *match)
{
	AUTO_JSON json_t *list = json_array();
	struct str rest = match->advisories;
	struct str id;
	while (str_cut(&rest, ',', &id)) {
		if (!id.n || str_eq(id, match->vulnerability))
			continue;
		json_t *reference = json_add_object(list);
		json_put(reference, "id", id);
		put_source(document, reference, id);
	}
	if (json_array_size(list))
		json_object_set(object, "references", list);
}

static const char *rating_method(struct str version)
{
	if (str_eq(version, STR("2.0")))
		return "CVSSv2";
	if (str_eq(version, STR("3.0")))
		return "CVSSv3";
	if (str_eq(version, STR("3.1")))
		return "CVSSv31";
	return str_eq(version, STR("4.0")) ? "CVSSv4" : "other";
}

static void put_rating(json_t *object, const struct match *match)
{
	static const char *const severities[] = {
		[SEVERITY_UNKNOWN] = "unknown",
		[SEVERITY_LOW] = "low",
		[SEVERITY_MEDIUM] = "medium",
		[SEVERITY_HIGH] = "high",
		[SEVERITY_CRITICAL] = "critical",
	};
	json_t *rating = json_add_object(json_put_list(object, "ratings"));
	if (match->severity_source.n)
		json_put(json_put_object(rating, "source"), "name", match->severity_source);
	if (match->cvss_score_tenths >= 0)
		json_object_set_new(rating, "score", json_real(match->cvss_score_tenths / 10.0));
	json_put_cstr(rating, "severity", severities[match->severity]);
	json_put_cstr(rating, "method", rating_method(match->cvss_version));
	put_known(rating, "vector", match->cvss_vector);
}

static void put_affected(json_t *object, const struct finding *finding)
{
	json_t *affects = json_add_object(json_put_list(object, "affects"));
	json_put(affects, "ref", finding->purl);
	if (!finding->package.version.n)
		return;
	json_t *version = json_add_object(json_put_list(affects, "versions"));
	json_put(version, "version", finding->package.version);
	json_put_cstr(version, "status", "affected");
}

static void put_vulnerability(
	const struct document *document, json_t *list, const struct finding *finding)
{
	const struct match *match = &finding->match;
	json_t *object = json_add_object(list);
	json_put(object, "bom-ref",
		arena_printf(document->arena, STR_FMT "/" STR_FMT, STR_ARG(match->vulnerability),
			STR_ARG(finding->purl)));
	json_put(object, "id", match->vulnerability);
	put_source(document, object, match->vulnerability);
	put_references(document, object, match);
	put_rating(object, match);
	put_known(object, "description", match->title);
	put_known(object, "detail", match->explanation);
	put_known(object, "recommendation", finding->remedy);
	put_known_time(object, "published", match->published_us);
	put_known_time(object, "updated", match->modified_us);
	put_affected(object, finding);
	AUTO_JSON json_t *properties = json_array();
	put_property(properties, "lazaret:fix:state", fix_state_name(match->fix_state));
	put_property(properties, "lazaret:fix:version", match->fixed_version);
	put_properties(object, properties);
}

json_t *report_cyclonedx(const struct document *document, bool vulnerabilities)
{
	json_t *root = json_object();
	json_put_cstr(root, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	json_put_cstr(root, "bomFormat", "CycloneDX");
	json_put_cstr(root, "specVersion", "1.6");
	json_put_cstr(root, "serialNumber", "");
	json_put_int(root, "version", 1);
	put_metadata(root, document, vulnerabilities);
	put_components(root, document);
	if (vulnerabilities) {
		json_t *list = json_put_list(root, "vulnerabilities");
		for (size_t i = 0; i < document->finding_count; i++)
			put_vulnerability(document, list, document->findings[i]);
	}
	struct str uuid = document_uuid(document, "cyclonedx", root);
	json_put(root, "serialNumber",
		arena_printf(document->arena, "urn:uuid:" STR_FMT, STR_ARG(uuid)));
	json_put_cstr(json_object_get(root, "metadata"), "timestamp", document->created);
	return root;
}
