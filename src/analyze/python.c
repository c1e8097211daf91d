/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Python distributions as installers leave them (packaging.python.org, "Core metadata
 * specifications"): NAME.dist-info/METADATA (wheels), NAME.egg-info/PKG-INFO or NAME.egg-info as a
 * file (setuptools, Debian), NAME.egg as a directory or as a zip archive with EGG-INFO/PKG-INFO.
 * All of them are headers in the form of mail up to the first empty line.
 */
#include "analyze/metadata.h"

#include "base/limits.h"
#include "codec/zip.h"

static bool is_placeholder(struct str text)
{
	return str_eq_nocase(text, STR("UNKNOWN"));
}

/* "Classifier: License :: OSI Approved :: MIT License": the last part. */
static struct str classified_licence(struct str text)
{
	static const struct str prefix = STR_INIT("Classifier: License :: ");
	struct str line;
	while (str_cut(&text, '\n', &line) && str_trim(line).n) {
		if (!str_starts(line, prefix))
			continue;
		size_t colon = str_rfind(line, ':');
		return str_trim(str_skip(line, colon + 1));
	}
	return STR("");
}

static struct str licence_of(struct str text)
{
	struct str licence = metadata_header(text, STR("License-Expression"));
	if (!licence.n)
		licence = metadata_header(text, STR("License"));
	if (!licence.n || is_placeholder(licence))
		licence = classified_licence(text);
	return licence;
}

int analyze_python(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str author = metadata_header(text, STR("Author"));
	if (!author.n)
		author = metadata_header(text, STR("Author-email"));
	const struct package package = {
		.type = PACKAGE_PYPI,
		.name = metadata_header(text, STR("Name")),
		.version = metadata_header(text, STR("Version")),
		.licence = licence_of(text),
		.supplier = is_placeholder(author) ? STR("") : author,
	};
	if (str_has_nul(text))
		return err_set(err, EINVAL, "it is not text");
	int r = metadata_add(sink, &package, err);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_python_egg(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf room = STRBUF(LIMIT_METADATA_BYTES);
	struct zip zip;
	struct zip_member member;
	struct str content;
	int r;
	if (!text.n)
		return 0;
	r = zip_open(text, &zip, err);
	while (r == 0 && (r = zip_next(&zip, &member, err)) == 0) {
		if (!str_eq(member.name, STR("EGG-INFO/PKG-INFO")))
			continue;
		r = zip_read(&zip, &member, &room, &content, err);
		if (r == 0)
			r = analyze_python(content, sink, err);
		break;
	}
	return r < 0 ? err_trace(err, r) : 0;
}
