/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Go modules and of Go itself.
 *
 * Modules (go.dev/ref/mod#versions): Semantic Versioning with a "v" in front, which OSV leaves out;
 * both are accepted, and so are missing numbers ("v1", "v1.2"). Pseudo-versions
 * (v0.0.0-20191109021931-daa7c04131f5, v1.2.4-0.20191109021931-daa7c04131f5) are pre-releases and
 * need no rule of their own. "+incompatible", "+dirty" and both together do not count.
 *
 * Go itself (go.dev/doc/toolchain#version): "go" number "." number ["." number] [("rc" | "beta")
 * number] [suffix]. "go1.21rc2" is what OSV writes 1.21.0-rc.2, and is read as that. Of "go1.21.3
 * X:boringcrypto", "go1.21.3-X:boringcrypto", "go1.21.3 (vendor 1.el9)" and "go1.21.3-vendor" the
 * suffix does not count.
 *
 * "(devel)" and "devel …", which a build from a working directory says, is no version.
 */
#include "version/semver.h"

#include <stdio.h>

enum { GO_NUMBERS_MAX = 3 };

struct go_version {
	struct semver parts;
	char pre[32]; /* of Go itself: "rc.2" */
};

static bool is_build(char c)
{
	return version_is_alnum(c) || c == '.' || c == '-' || c == '+';
}

/* The words "rc" and "beta" with a number, directly behind the last number. */
static bool split_release(struct str text, struct go_version *version)
{
	struct str numbers = text;
	size_t n = 0;
	while (n < text.n && (version_is_digit(text.p[n]) || text.p[n] == '.'))
		n++;
	numbers.n = n;
	text = str_skip(text, n);
	if (!semver_split(numbers, &version->parts) || version->parts.count > GO_NUMBERS_MAX)
		return false;
	if (!text.n)
		return true;
	struct str word = version_take(&text, version_is_lower);
	if (text.n > 9 || !(str_eq(word, STR("rc")) || str_eq(word, STR("beta"))))
		return false;
	struct str digits = version_take(&text, version_is_digit);
	int length = snprintf(version->pre, sizeof(version->pre), STR_FMT "." STR_FMT,
		STR_ARG(word), STR_ARG(digits));
	version->parts.pre = (struct str){ version->pre, (size_t)length };
	return digits.n && !text.n;
}

/* Where the suffix of a version of Go begins: at the first blank, hyphen or bracket. */
static struct str without_suffix(struct str text)
{
	size_t n = 0;
	while (n < text.n && (version_is_alnum(text.p[n]) || text.p[n] == '.'))
		n++;
	bool suffix = n < text.n && (text.p[n] == ' ' || text.p[n] == '-' || text.p[n] == '(' ||
					    text.p[n] == '[');
	return suffix ? str_sub(text, 0, n) : text;
}

static bool split(struct str text, struct go_version *version)
{
	*version = (struct go_version){ .pre = "" };
	if (str_starts(text, STR("go")))
		return split_release(without_suffix(str_skip(text, 2)), version);
	if (str_starts(text, STR("v")))
		text = str_skip(text, 1);
	size_t plus = str_find(text, '+');
	if (plus != STR_NONE) {
		struct str build = str_skip(text, plus + 1);
		bool any = version_take(&build, is_build).n > 0;
		if (!any || build.n)
			return false;
		text = str_sub(text, 0, plus);
	}
	if (semver_split(text, &version->parts))
		return version->parts.count <= GO_NUMBERS_MAX;
	return split_release(text, version);
}

bool version_go_valid(struct str text)
{
	struct go_version version;
	return split(text, &version);
}

int version_go_compare(struct str a, struct str b)
{
	struct go_version va;
	struct go_version vb;
	if (!split(a, &va) || !split(b, &vb))
		return 0;
	int order = semver_compare_numbers(&va.parts, &vb.parts);
	return order ? order : semver_compare_pre(va.parts.pre, vb.parts.pre, false);
}
