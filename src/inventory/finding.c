/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of severities, fix states and image states, the order in which people read findings, and
 * the sentence that says what to do about one. Pure functions.
 */
#include "inventory/finding.h"

#include "inventory/image.h"

static const struct str severities[] = {
	[SEVERITY_UNKNOWN] = STR_INIT("Unknown"),
	[SEVERITY_LOW] = STR_INIT("Low"),
	[SEVERITY_MEDIUM] = STR_INIT("Medium"),
	[SEVERITY_HIGH] = STR_INIT("High"),
	[SEVERITY_CRITICAL] = STR_INIT("Critical"),
};

/* Words of the feeds that are not our own names. "none" is CVSS 0.0: known, and harmless. */
static const struct {
	struct str word;
	enum severity severity;
} severity_words[] = {
	{ STR_INIT("moderate"), SEVERITY_MEDIUM },
	{ STR_INIT("important"), SEVERITY_HIGH },
	{ STR_INIT("negligible"), SEVERITY_LOW },
	{ STR_INIT("none"), SEVERITY_LOW },
};

static const struct str fix_states[] = {
	[FIX_UNKNOWN] = STR_INIT("unknown"),
	[FIX_AVAILABLE] = STR_INIT("fixed"),
	[FIX_NONE] = STR_INIT("not fixed"),
	[FIX_WONT] = STR_INIT("will not fix"),
};

static const struct {
	struct str name;
	struct str code;
	struct str cause;
} image_states[] = {
#define IMAGE_STATE(id, name, code, cause, doc)                                                    \
	[id] = { STR_INIT(name), STR_INIT(code), STR_INIT(cause) },
#include "inventory/image_states.def"
#undef IMAGE_STATE
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

struct str severity_name(enum severity severity)
{
	return severities[severity];
}

bool severity_parse(struct str text, enum severity *severity)
{
	for (size_t i = 0; i < COUNT(severities); i++) {
		if (str_eq_nocase(text, severities[i])) {
			*severity = (enum severity)i;
			return true;
		}
	}
	for (size_t i = 0; i < COUNT(severity_words); i++) {
		if (str_eq_nocase(text, severity_words[i].word)) {
			*severity = severity_words[i].severity;
			return true;
		}
	}
	return false;
}

struct str fix_state_name(enum fix_state state)
{
	return fix_states[state];
}

bool fix_state_parse(struct str text, enum fix_state *state)
{
	for (size_t i = 0; i < COUNT(fix_states); i++) {
		if (str_eq(text, fix_states[i])) {
			*state = (enum fix_state)i;
			return true;
		}
	}
	return false;
}

struct str image_state_name(enum image_state state)
{
	return image_states[state].name;
}

struct str image_state_code(enum image_state state)
{
	return image_states[state].code;
}

struct str image_state_cause(enum image_state state)
{
	return image_states[state].cause;
}

bool image_state_parse(struct str name, enum image_state *state)
{
	for (int i = 0; i < IMAGE_STATE_COUNT; i++) {
		if (str_eq(name, image_states[i].name)) {
			*state = (enum image_state)i;
			return true;
		}
	}
	return false;
}

/* People paste commands into shells, and the name comes from the image. */
static bool is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		bool mark = i && (c == '+' || c == '-' || c == '.' || c == '_');
		if (!letter && !digit && !mark)
			return false;
	}
	return name.n > 0;
}

/* ": COMMAND" that upgrades one installed package; the binary name is what the tool wants. */
static struct str upgrade_command(struct arena *arena, const struct package *package)
{
	if (!is_plain_name(package->name))
		return STR("");
	switch (package->type) {
	case PACKAGE_DEB:
		return arena_printf(arena,
			": apt-get update && apt-get install --only-upgrade -y " STR_FMT,
			STR_ARG(package->name));
	case PACKAGE_APK:
		return arena_printf(
			arena, ": apk upgrade --no-cache " STR_FMT, STR_ARG(package->name));
	case PACKAGE_RPM:
		return arena_printf(arena, ": dnf upgrade -y " STR_FMT, STR_ARG(package->name));
	case PACKAGE_ALPM: /* single packages are not upgraded there */
		return STR(": pacman -Syu --noconfirm");
	default: /* what a language's tool would do depends on the application's own files */
		break;
	}
	return STR("");
}

/*
 * The fixed version is that of the source package. Where the binary package has a version of its
 * own (bsdutils 1:2.38 of util-linux 2.38), naming it as the binary's would send people astray.
 */
static struct str upgrade_sentence(
	struct arena *arena, const struct package *package, struct str fixed)
{
	struct str command = upgrade_command(arena, package);
	if (!str_eq(package->version, package->source_version))
		return arena_printf(arena,
			"Upgrade " STR_FMT " " STR_FMT " to one built from " STR_FMT " " STR_FMT
			" or later" STR_FMT ", or use a newer base image; then rebuild and push.",
			STR_ARG(package->name), STR_ARG(package->version),
			STR_ARG(package->source_name), STR_ARG(fixed), STR_ARG(command));
	struct str source =
		str_eq(package->name, package->source_name)
			? STR("")
			: arena_printf(arena, " (built from source package " STR_FMT ")",
				  STR_ARG(package->source_name));
	return arena_printf(arena,
		"Upgrade " STR_FMT " from " STR_FMT " to " STR_FMT " or later" STR_FMT STR_FMT
		", or use a newer base image; then rebuild and push.",
		STR_ARG(package->name), STR_ARG(package->version), STR_ARG(fixed), STR_ARG(command),
		STR_ARG(source));
}

struct str finding_remedy(
	struct arena *arena, const struct package *package, const struct match *match)
{
	if (match->fix_state == FIX_AVAILABLE && match->fixed_version.n)
		return upgrade_sentence(arena, package, match->fixed_version);
	if (match->fix_state == FIX_WONT)
		return arena_printf(arena,
			"The distribution will not fix this in " STR_FMT
			": remove the package if it is not needed, or move to a newer release of "
			"the base image.",
			STR_ARG(package->name));
	return arena_printf(arena,
		"No fixed version of " STR_FMT
		" is published for this release: remove the package if it is not needed, move to a "
		"release of the base image that has a fix, or accept the risk until one appears.",
		STR_ARG(package->name));
}

bool image_reason_is_partial(struct str reason)
{
	struct str verdict;
	struct str remark = reason;
	return str_cut(&remark, '\n', &verdict) && str_contains(remark, IMAGE_PARTIAL);
}

struct str image_not_evaluated_words(struct arena *arena, uint32_t not_evaluated, uint32_t packages)
{
	if (not_evaluated >= packages)
		return STR("None of its packages could be compared with the advisories.");
	return arena_printf(arena,
		"%u of its %u packages could not be compared with the advisories; nothing was "
		"found in the others.",
		not_evaluated, packages);
}

int finding_compare(const void *a, const void *b)
{
	const struct finding *fa = a;
	const struct finding *fb = b;
	if (fa->match.severity != fb->match.severity)
		return fa->match.severity > fb->match.severity ? -1 : 1;
	bool fixable_a = fa->match.fix_state == FIX_AVAILABLE;
	bool fixable_b = fb->match.fix_state == FIX_AVAILABLE;
	if (fixable_a != fixable_b)
		return fixable_a ? -1 : 1;
	int order = str_cmp(fa->match.vulnerability, fb->match.vulnerability);
	if (!order)
		order = str_cmp(fa->package.name, fb->package.name);
	if (!order)
		order = str_cmp(fa->package.version, fb->package.version);
	return order ? order : str_cmp(fa->package.arch, fb->package.arch);
}
