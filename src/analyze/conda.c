/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conda environments, the base one included: conda-meta/NAME-VERSION-BUILD.json has one package
 * each. Most of them are not Python packages; those that are have their own METADATA as well.
 */
#include "analyze/metadata.h"

int analyze_conda(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	int r = metadata_json(text, &root, err);
	if (r < 0)
		return err_trace(err, r);
	const struct package package = {
		.type = PACKAGE_CONDA,
		.name = json_str(root, "name"),
		.version = json_str(root, "version"),
		.arch = json_str(root, "subdir"),
		.licence = json_str(root, "license"),
		.supplier = json_str(root, "channel"),
	};
	r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}
