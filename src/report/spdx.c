/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDX 2.3 as JSON: the image, its operating system and its packages. What a package database says
 * about the licence is a licence expression only if it is exactly one identifier or a plain list of
 * identifiers of spdx_licences.def; all else is kept word by word as extracted text, to which a
 * LicenseRef points, because an expression with a word that SPDX does not know is not valid.
 */
#include "report/document.h"

static bool is_listed(struct str word)
{
	static const struct str known[] = {
#define LICENCE(id) STR_INIT(id),
#include "report/spdx_licences.def"
#undef LICENCE
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_eq(known[i], word))
			return true;
	}
	return false;
}

/* "MIT", "MIT OR Apache-2.0", "A AND B AND C": identifiers with one operator between two. */
static bool is_expression(struct str text)
{
	struct str rest = text;
	struct str word;
	bool operand = false;
	while (str_cut(&rest, ' ', &word)) {
		bool joins = str_eq(word, STR("AND")) || str_eq(word, STR("OR"));
		if (operand ? !joins : !is_listed(word))
			return false;
		operand = !operand;
	}
	return operand;
}

static struct str name_id(const struct document *document, const char *kind, struct str name)
{
	char uuid[UUID_TEXT];
	const struct str parts[] = { STR("spdx"), str_from(kind), name };
	uuid_from_parts(parts, sizeof(parts) / sizeof(parts[0]), uuid);
	return arena_printf(document->arena, "%s-%s", kind, uuid);
}

static struct str package_ref(const struct document *document, struct str purl)
{
	return name_id(document, "SPDXRef-Package", purl);
}

/* The expression for a licence text; what is none is added to the extracted ones, once. */
static struct str declared(const struct document *document, json_t *extracted, struct str text)
{
	if (!text.n)
		return STR("NOASSERTION");
	if (is_expression(text))
		return text;
	struct str ref = name_id(document, "LicenseRef", text);
	json_t *entry;
	size_t i;
	json_array_foreach (extracted, i, entry) {
		if (str_eq(json_str(entry, "licenseId"), ref))
			return ref;
	}
	entry = json_add_object(extracted);
	json_put(entry, "licenseId", ref);
	json_put(entry, "extractedText", text);
	return ref;
}

/* "NAME <MAIL>" as SPDX writes an organization. */
static struct str supplier(struct arena *arena, struct str text)
{
	size_t open = str_find(text, '<');
	if (!text.n)
		return STR("NOASSERTION");
	if (open == STR_NONE || !open || !str_ends(text, STR(">")))
		return arena_printf(arena, "Organization: " STR_FMT, STR_ARG(text));
	struct str name = str_trim(str_sub(text, 0, open));
	struct str mail = str_sub(text, open + 1, text.n - open - 2);
	return arena_printf(
		arena, "Organization: " STR_FMT " (" STR_FMT ")", STR_ARG(name), STR_ARG(mail));
}

static json_t *add_package(
	json_t *packages, struct str id, struct str name, struct str version, const char *purpose)
{
	json_t *object = json_add_object(packages);
	json_put(object, "SPDXID", id);
	json_put(object, "name", name);
	put_known(object, "versionInfo", version);
	json_put_cstr(object, "downloadLocation", "NOASSERTION");
	json_put_bool(object, "filesAnalyzed", false);
	json_put_cstr(object, "primaryPackagePurpose", purpose);
	return object;
}

static void put_licences(json_t *object, struct str licence)
{
	json_put_cstr(object, "licenseConcluded", "NOASSERTION");
	json_put(object, "licenseDeclared", licence);
	json_put_cstr(object, "copyrightText", "NOASSERTION");
}

static void put_purl(json_t *object, struct str purl)
{
	if (!purl.n)
		return;
	json_t *ref = json_add_object(json_put_list(object, "externalRefs"));
	json_put_cstr(ref, "referenceCategory", "PACKAGE-MANAGER");
	json_put_cstr(ref, "referenceType", "purl");
	json_put(ref, "referenceLocator", purl);
}

static void put_image(const struct document *document, json_t *packages)
{
	const struct report_image *image = document->image;
	json_t *object = add_package(
		packages, STR("SPDXRef-Image"), image->name, image->digest, "CONTAINER");
	struct str sha256 = digest_hex(image->digest, STR("sha256"), 64);
	if (sha256.n) {
		json_t *sum = json_add_object(json_put_list(object, "checksums"));
		json_put_cstr(sum, "algorithm", "SHA256");
		json_put(sum, "checksumValue", sha256);
	}
	put_licences(object, STR("NOASSERTION"));
	put_purl(object, document->purl);
	put_known(object, "comment", document_gap(image));
	if (!image->platform.os_id.n)
		return;
	object = add_package(packages, STR("SPDXRef-OperatingSystem"), image->platform.os_id,
		image->platform.os_version, "OPERATING-SYSTEM");
	put_licences(object, STR("NOASSERTION"));
	put_known(object, "description", image->platform.os_name);
}

static void put_package(const struct document *document, json_t *packages, json_t *extracted,
	const struct component *component)
{
	const struct listed_package *place = component->places[0];
	const struct package *package = &place->package;
	AUTO_STRBUF struct strbuf from = STRBUF((size_t)1 << 20);
	json_t *object = add_package(packages, package_ref(document, place->purl), package->name,
		package->version, "LIBRARY");
	json_put(object, "supplier", supplier(document->arena, package->supplier));
	put_licences(object, declared(document, extracted, package->licence));
	for (size_t i = 0; i < component->count; i++) {
		const struct listed_package *at = component->places[i];
		strbuf_addf(&from, "%sfound in " STR_FMT " of layer %u%s" STR_FMT, i ? "; " : "",
			STR_ARG(at->evidence), at->layer + 1, at->layer_digest.n ? " " : "",
			STR_ARG(at->layer_digest));
	}
	if (package->source_name.n)
		strbuf_addf(&from, "; built from source package " STR_FMT " " STR_FMT,
			STR_ARG(package->source_name), STR_ARG(package->source_version));
	json_put(object, "sourceInfo", strbuf_view(&from));
	put_purl(object, place->purl);
}

static void relate(json_t *list, struct str from, const char *type, struct str to)
{
	json_t *relation = json_add_object(list);
	json_put(relation, "spdxElementId", from);
	json_put_cstr(relation, "relationshipType", type);
	json_put(relation, "relatedSpdxElement", to);
}

static void put_relations(const struct document *document, json_t *root)
{
	const struct str image = STR("SPDXRef-Image");
	json_t *list = json_put_list(root, "relationships");
	relate(list, STR("SPDXRef-DOCUMENT"), "DESCRIBES", image);
	if (document->image->platform.os_id.n)
		relate(list, image, "CONTAINS", STR("SPDXRef-OperatingSystem"));
	for (size_t i = 0; i < document->component_count; i++) {
		struct str purl = document->components[i].places[0]->purl;
		relate(list, image, "CONTAINS", package_ref(document, purl));
	}
}

json_t *report_spdx(const struct document *document)
{
	const struct report_image *image = document->image;
	json_t *root = json_object();
	json_put_cstr(root, "spdxVersion", "SPDX-2.3");
	json_put_cstr(root, "dataLicense", "CC0-1.0");
	json_put_cstr(root, "SPDXID", "SPDXRef-DOCUMENT");
	json_put(root, "name", image->name);
	json_put_cstr(root, "documentNamespace", "");
	json_t *creation = json_put_object(root, "creationInfo");
	json_put_cstr(creation, "created", "");
	json_array_append_new(
		json_put_list(creation, "creators"), json_string("Tool: lazaret-" LAZARET_VERSION));
	AUTO_JSON json_t *extracted = json_array();
	json_t *packages = json_put_list(root, "packages");
	put_image(document, packages);
	for (size_t i = 0; i < document->component_count; i++)
		put_package(document, packages, extracted, &document->components[i]);
	put_relations(document, root);
	if (json_array_size(extracted))
		json_object_set(root, "hasExtractedLicensingInfos", extracted);
	struct str uuid = document_uuid(document, "spdx", root);
	json_put(root, "documentNamespace",
		arena_printf(document->arena, "urn:uuid:" STR_FMT, STR_ARG(uuid)));
	json_put_cstr(creation, "created", document->created);
	return root;
}
