/* SPDX-License-Identifier: Apache-2.0 */
/* See metadata.h. */
#include "analyze/metadata.h"

#include "base/limits.h"

int metadata_json(struct str text, json_t **root, struct err *err)
{
	static const struct str mark = STR_INIT("\xEF\xBB\xBF");
	*root = NULL;
	if (str_starts(text, mark))
		text = str_skip(text, mark.n);
	/* A few bytes of text can become a hundred of tree: asked before it is built. */
	if (json_values_at_most(text) > LIMIT_METADATA_VALUES)
		return err_set(
			err, E2BIG, "it has more than %zu JSON values", LIMIT_METADATA_VALUES);
	int r = json_parse(text, text.n, root, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static struct str licence_of(const json_t *value)
{
	if (json_is_object(value)) {
		struct str type = json_str(value, "type");
		return type.n ? type : json_str(value, "name");
	}
	return json_text(value);
}

struct str metadata_licence(struct arena *arena, const json_t *value)
{
	if (!json_is_array(value))
		return licence_of(value);
	struct str all = STR_NULL;
	for (size_t i = 0; i < json_array_size(value) && all.n < LIMIT_PACKAGE_TEXT / 4; i++) {
		struct str one = licence_of(json_array_get(value, i));
		if (!one.n)
			continue;
		all = all.n ? arena_printf(
				      arena, STR_FMT " OR " STR_FMT, STR_ARG(all), STR_ARG(one))
			    : one;
	}
	return all;
}

struct str metadata_person(const json_t *value)
{
	return json_is_object(value) ? json_str(value, "name") : json_text(value);
}

struct str metadata_header(struct str text, struct str name)
{
	struct str line;
	while (str_cut(&text, '\n', &line)) {
		if (!str_trim(line).n)
			break;
		if (line.n > name.n && line.p[name.n] == ':' &&
			str_eq_nocase(str_sub(line, 0, name.n), name))
			return str_trim(str_skip(line, name.n + 1));
	}
	return STR_NULL;
}

int metadata_add(struct analyze_sink *sink, const struct package *package, struct err *err)
{
	struct package made = *package;
	made.name = str_trim(made.name);
	made.version = str_trim(made.version);
	if (!analyze_is_word(made.name) || !analyze_is_word(made.version))
		return 0;
	made.source_name = made.name;
	made.source_version = made.version;
	made.arch = analyze_free_text(str_trim(made.arch));
	made.licence = analyze_free_text(str_trim(made.licence));
	made.supplier = analyze_free_text(str_trim(made.supplier));
	int r = analyze_add_package(sink, &made, err);
	return r < 0 ? err_trace(err, r) : 0;
}
