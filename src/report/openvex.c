/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenVEX 0.2.0: for each pair of vulnerability and package the statement that the image is
 * affected, with what to do. What does not affect the image is not stated: silence here means that
 * nothing is known, which is why a document without statements is refused in formats.c.
 */
#include "report/document.h"

static void put_statement(const struct document *document, json_t *list, struct str product,
	const struct finding *finding)
{
	const struct match *match = &finding->match;
	json_t *statement = json_add_object(list);
	json_t *vulnerability = json_put_object(statement, "vulnerability");
	json_put(vulnerability, "@id", vulnerability_url(document->arena, match->vulnerability));
	json_put(vulnerability, "name", match->vulnerability);
	put_known(vulnerability, "description", match->title);
	json_t *aliases = json_array();
	struct str rest = match->advisories;
	struct str id;
	while (str_cut(&rest, ',', &id)) {
		if (id.n && !str_eq(id, match->vulnerability))
			json_array_append_new(aliases, json_make_string(id));
	}
	if (json_array_size(aliases))
		json_object_set(vulnerability, "aliases", aliases);
	json_decref(aliases);
	json_t *affected = json_add_object(json_put_list(statement, "products"));
	json_put(affected, "@id", product);
	if (document->purl.n)
		json_put(json_put_object(affected, "identifiers"), "purl", document->purl);
	json_t *part = json_add_object(json_put_list(affected, "subcomponents"));
	json_put(part, "@id", finding->purl);
	json_put(json_put_object(part, "identifiers"), "purl", finding->purl);
	json_put_cstr(statement, "status", "affected");
	put_known(statement, "status_notes", match->explanation);
	json_put(statement, "action_statement",
		finding->remedy.n ? finding->remedy : STR("No remedy is known."));
}

json_t *report_openvex(const struct document *document)
{
	const struct report_image *image = document->image;
	char uuid[UUID_TEXT];
	const struct str parts[] = { STR("image"), image->name, image->digest };
	uuid_from_parts(parts, sizeof(parts) / sizeof(parts[0]), uuid);
	/* What has no digest has no purl either; its name may be no URI. */
	struct str product = document->purl.n ? document->purl
					      : arena_printf(document->arena, "urn:uuid:%s", uuid);
	json_t *root = json_object();
	json_put_cstr(root, "@context", "https://openvex.dev/ns/v0.2.0");
	json_put_cstr(root, "@id", "");
	json_put_cstr(root, "author", "lazaret");
	json_put_cstr(root, "role", "image scanner");
	json_put_cstr(root, "timestamp", "");
	json_put_int(root, "version", 1);
	json_put_cstr(root, "tooling", "lazaret " LAZARET_VERSION);
	json_t *statements = json_put_list(root, "statements");
	for (size_t i = 0; i < document->finding_count; i++)
		put_statement(document, statements, product, document->findings[i]);
	struct str id = document_uuid(document, "openvex", root);
	json_put(root, "@id", arena_printf(document->arena, "urn:uuid:" STR_FMT, STR_ARG(id)));
	json_put_cstr(root, "timestamp", document->created);
	return root;
}
