/* SPDX-License-Identifier: Apache-2.0 */
/*
 * specifications/NAME.gemspec of installed RubyGems. The file is Ruby, but RubyGems writes it
 * itself, always in this form (Gem::Specification#to_ruby), so it is read line by line:
 *
 *   # stub: NAME VERSION PLATFORM REQUIRE-PATHS
 *   Gem::Specification.new do |s|
 *     s.name = "NAME".freeze
 *     s.version = "VERSION"
 *     s.licenses = ["MIT".freeze]
 *
 * The stub line is what RubyGems itself reads first; older files lack it.
 */
#include "analyze/metadata.h"

#include "base/limits.h"

struct gem {
	struct str name;
	struct str version;
	struct str platform;
	struct str licence;
	struct str author;
};

static void take_stub(struct gem *gem, struct str stub)
{
	struct str *const fields[] = { &gem->name, &gem->version, &gem->platform };
	size_t i = 0;
	struct str word;
	while (i < 3 && str_cut(&stub, ' ', &word))
		if (word.n)
			*fields[i++] = word;
}

/* The first quoted text; empty: there is none, or it is put together when it runs. */
static struct str quoted(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char quote = text.p[i];
		if (quote != '"' && quote != '\'')
			continue;
		struct str inside = str_skip(text, i + 1);
		size_t end = str_find(inside, quote);
		struct str value = end == STR_NONE ? STR("") : str_sub(inside, 0, end);
		bool plain = str_find(value, '\\') == STR_NONE &&
			     !(quote == '"' && str_contains(value, STR("#{")));
		return plain ? value : STR("");
	}
	return STR("");
}

static void take_line(struct gem *gem, struct str line)
{
	const struct {
		struct str name;
		struct str *value;
	} fields[] = {
		{ STR("name"), &gem->name },
		{ STR("version"), &gem->version },
		{ STR("platform"), &gem->platform },
		{ STR("license"), &gem->licence },
		{ STR("licenses"), &gem->licence },
		{ STR("author"), &gem->author },
		{ STR("authors"), &gem->author },
	};
	struct str value = line;
	struct str name;
	/* "s.name = …", whatever the block calls its parameter. */
	if (str_find(line, '=') == STR_NONE || !str_cut(&value, '=', &name))
		return;
	size_t dot = str_find(name, '.');
	if (dot == STR_NONE)
		return;
	name = str_trim(str_skip(name, dot + 1));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq(name, fields[i].name) && !fields[i].value->n)
			*fields[i].value = quoted(value);
}

int analyze_gem(struct str text, struct analyze_sink *sink, struct err *err)
{
	static const struct str stub = STR_INIT("# stub: ");
	struct gem gem = { 0 };
	struct str rest = text;
	struct str line;
	if (str_has_nul(text))
		return err_set(err, EINVAL, "it is not text");
	while (str_cut(&rest, '\n', &line)) {
		line = str_trim(line);
		if (str_starts(line, stub) && !gem.name.n)
			take_stub(&gem, str_skip(line, stub.n));
		else if (!str_starts(line, STR("#")))
			take_line(&gem, line);
	}
	const struct package package = {
		.type = PACKAGE_GEM,
		.name = gem.name,
		.version = gem.version,
		/* "ruby" is every platform and left out of purls. */
		.arch = str_eq(gem.platform, STR("ruby")) ? STR("") : gem.platform,
		.licence = gem.licence,
		.supplier = gem.author,
	};
	int r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}
