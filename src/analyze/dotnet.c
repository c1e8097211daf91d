/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME.deps.json beside .NET applications ("Runtime configuration files" of the .NET host): under
 * "libraries", keys NAME/VERSION with the type of each. Packages of NuGet have the type "package";
 * "project" is the application's own code. A self-contained application carries the runtime as
 * "runtimepack", whose package name has that word in front.
 */
#include "analyze/metadata.h"

static struct str runtime_pack(struct str name)
{
	static const struct str prefix = STR_INIT("runtimepack.");
	return str_starts(name, prefix) ? str_skip(name, prefix.n) : name;
}

int analyze_dotnet(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	int r = metadata_json(text, &root, err);
	if (r < 0)
		return err_trace(err, r);
	json_t *libraries = json_object_get(root, "libraries");
	const char *key;
	json_t *library;
	json_object_foreach (libraries, key, library) {
		struct str version = str_from(key);
		struct str name;
		struct str type = json_str(library, "type");
		bool pack = str_eq(type, STR("runtimepack"));
		if (!str_cut(&version, '/', &name) || (!pack && !str_eq(type, STR("package"))))
			continue;
		const struct package package = {
			.type = PACKAGE_NUGET,
			.name = pack ? runtime_pack(name) : name,
			.version = version,
		};
		r = metadata_add(sink, &package, err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}
