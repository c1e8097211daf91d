/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor/composer/installed.json of PHP's Composer: the packages of one vendor directory, as
 * {"packages": […]} since Composer 2, as a plain list before.
 */
#include "analyze/metadata.h"

static int add(const json_t *entry, struct analyze_sink *sink, struct err *err)
{
	struct str version = json_str(entry, "version");
	/* Versions come from tags, and many are called "v1.2.3". */
	if (version.n > 1 && version.p[0] == 'v' && version.p[1] >= '0' && version.p[1] <= '9')
		version = str_skip(version, 1);
	const struct package package = {
		.type = PACKAGE_COMPOSER,
		.name = json_str(entry, "name"),
		.version = version,
		.licence = metadata_licence(sink->arena, json_object_get(entry, "license")),
		.supplier = metadata_person(json_array_get(json_object_get(entry, "authors"), 0)),
	};
	int r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_composer(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	int r = metadata_json(text, &root, err);
	if (r < 0)
		return err_trace(err, r);
	const json_t *list = json_is_array(root) ? root : json_list(root, "packages");
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
		r = add(json_array_get(list, i), sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}
