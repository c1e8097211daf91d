/* SPDX-License-Identifier: Apache-2.0 */
/*
 * var/lib/rpmmanifest/container-manifest-2: what the distroless images of CBL-Mariner and Azure
 * Linux have instead of an rpm database. One package a line, fields separated by tabs: name,
 * version-release, time of installation, time of build, vendor, epoch or "(none)", size,
 * architecture, epoch as a number, file name of the source package.
 */
#include "analyze/rpm_header.h"

enum field {
	NAME,
	VERSION,
	INSTALLED,
	BUILT,
	VENDOR,
	EPOCH,
	SIZE,
	ARCH,
	EPOCH_NUMBER,
	SOURCE,
	FIELDS
};

static struct str unless_none(struct str text)
{
	return str_eq(text, STR("(none)")) ? STR("") : text;
}

static int read_line(struct str line, size_t number, struct analyze_sink *sink, struct err *err)
{
	struct str fields[FIELDS];
	struct str rest = line;
	size_t n = 0;
	while (n < FIELDS && str_cut(&rest, '\t', &fields[n]))
		n++;
	if (n < FIELDS || rest.p)
		return err_set(err, EINVAL, "line %zu has not %d fields", number, FIELDS);
	struct package package = {
		.arch = analyze_free_text(unless_none(fields[ARCH])),
		.supplier = analyze_free_text(unless_none(fields[VENDOR])),
	};
	const struct rpm_texts texts = {
		.name = fields[NAME],
		.epoch = fields[EPOCH],
		.version = fields[VERSION],
		.release = STR(""),
		.source_rpm = str_trim(fields[SOURCE]),
	};
	struct arena *scratch = arena_new(0);
	rpm_package_fill(scratch, &texts, &package);
	int r = 0;
	if (!analyze_is_word(package.name) || !analyze_is_word(package.version) ||
		!analyze_is_word(package.source_name) || !analyze_is_word(package.source_version))
		r = err_set(err, EINVAL, "line %zu has no usable name, version or source", number);
	if (r == 0)
		r = analyze_add_package(sink, &package, err);
	arena_free(&scratch);
	return r < 0 ? err_trace(err, r) : 0;
}

int analyze_rpm_manifest(struct str text, struct analyze_sink *sink, struct err *err)
{
	struct str rest = text;
	struct str line;
	for (size_t number = 1; str_cut(&rest, '\n', &line); number++) {
		if (!str_trim(line).n)
			continue;
		int r = read_line(line, number, sink, err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}
