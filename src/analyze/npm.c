/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package.json of installed npm packages (docs.npmjs.com, "package.json"): the root of a package
 * below node_modules, in the layouts of npm, yarn and pnpm ("node_modules/NAME",
 * "node_modules/@SCOPE/NAME", "node_modules/.pnpm/NAME@VERSION/node_modules/NAME"), and of packages
 * that stand alone (yarn in /opt, Debian's /usr/share/nodejs). Packages carry more files of this
 * name: for parts of themselves ("node_modules/x/esm/package.json") and as samples, some of them
 * broken on purpose. Those are not looked into. An application's own file ("private": true) is no
 * package of the registry.
 */
#include "analyze/metadata.h"

/* What follows the last "node_modules/" of the path; STR_NULL: there is none. */
static struct str below_modules(struct str path)
{
	static const struct str modules = STR_INIT("node_modules");
	struct str found = STR_NULL;
	struct str rest = path;
	struct str part;
	while (str_cut(&rest, '/', &part))
		if (str_eq(part, modules))
			found = rest;
	return found;
}

static bool is_root(struct str path)
{
	struct str below = below_modules(path);
	if (!below.p)
		return true;
	size_t slashes = 0;
	for (size_t i = 0; i < below.n; i++)
		slashes += below.p[i] == '/';
	return slashes == (str_starts(below, STR("@")) ? 2 : 1);
}

int analyze_npm(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	if (!is_root(sink->path))
		return 0;
	int r = metadata_json(text, &root, err);
	if (r < 0)
		return err_trace(err, r);
	bool installed = below_modules(sink->path).p != NULL;
	if (!installed && json_is_true(json_object_get(root, "private")))
		return 0;
	const json_t *licence = json_object_get(root, "license");
	struct str version = str_trim(json_str(root, "version"));
	/* npm's loose versions: "v1.2.3" and "=1.2.3" are 1.2.3. */
	while (version.n && (version.p[0] == 'v' || version.p[0] == '='))
		version = str_skip(version, 1);
	const struct package package = {
		.type = PACKAGE_NPM,
		.name = json_str(root, "name"),
		.version = version,
		.licence = metadata_licence(
			sink->arena, licence ? licence : json_object_get(root, "licenses")),
		.supplier = metadata_person(json_object_get(root, "author")),
	};
	r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}
