/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contract in scope.h. A scope without release speaks of all releases; a platform without release
 * is spoken of by no scope that has one. Languages have no releases: what follows the colon in
 * "Maven:https://…" names a registry, which no image records, so it does not separate.
 *
 * Ubuntu: "Pro:22.04" speaks of images with Pro and of packages that came from it ("+esm1"), and
 * goes before "22.04". Packages from a FIPS pocket are a line of their own: only "Pro:FIPS…:22.04"
 * speaks of them.
 *
 * Red Hat: keys are tails of CPE names, "enterprise_linux:9::baseos". What follows "::" names a
 * repository and does not separate, because os-release names only the base one. Extended streams
 * ("rhel_eus:9.2") speak of images of that stream and go before "enterprise_linux:9".
 */
#include "advisory/scope.h"

#include "advisory/build.h"

static bool has_flavour(struct str flavours, struct str wanted)
{
	struct str flavour;
	while (str_cut(&flavours, ',', &flavour))
		if (str_eq(flavour, wanted))
			return true;
	return false;
}

static enum scope_fit ubuntu_fit(struct str release, const struct scope_target *target)
{
	bool fips = build_line_of(target->version) == BUILD_FIPS;
	bool pro = has_flavour(target->flavours, STR("pro")) ||
		   str_contains(target->version, STR("esm"));
	if (!str_starts(release, STR("Pro:")))
		return !fips && str_eq(release, target->release) ? SCOPE_FITS : SCOPE_OTHER;
	release = str_skip(release, 4);
	if (str_starts(release, STR("FIPS"))) {
		size_t colon = str_find(release, ':');
		bool same =
			colon != STR_NONE && str_eq(str_skip(release, colon + 1), target->release);
		return fips && same ? SCOPE_FITS : SCOPE_OTHER;
	}
	return pro && !fips && str_eq(release, target->release) ? SCOPE_PREFERRED : SCOPE_OTHER;
}

/* "enterprise_linux:9" of "enterprise_linux:9::baseos". */
static struct str product_of(struct str release)
{
	for (size_t i = 0; i + 1 < release.n; i++)
		if (release.p[i] == ':' && release.p[i + 1] == ':')
			return str_sub(release, 0, i);
	return release;
}

static struct str major_of(struct str version)
{
	struct str major = STR("");
	str_cut(&version, '.', &major);
	return major;
}

static bool has_extended_stream(const struct scope_target *target, struct str name)
{
	struct str flavours = target->flavours;
	struct str flavour;
	while (str_cut(&flavours, ',', &flavour)) {
		struct str part;
		if (!str_starts(flavour, STR("content-set:")))
			continue;
		while (str_cut(&flavour, '-', &part))
			if (str_eq(part, name))
				return true;
	}
	return false;
}

static enum scope_fit red_hat_fit(struct str release, const struct scope_target *target)
{
	struct str scope_version = product_of(release);
	struct str scope_product = STR("");
	struct str version = product_of(target->release);
	struct str product = STR("");
	str_cut(&scope_version, ':', &scope_product);
	str_cut(&version, ':', &product);
	if (str_eq(scope_product, STR("enterprise_linux")))
		return str_eq(scope_version, version) || str_eq(scope_version, major_of(version))
			       ? SCOPE_FITS
			       : SCOPE_OTHER;
	if (str_eq(scope_product, product) && str_eq(scope_version, version))
		return SCOPE_PREFERRED;
	bool extended = str_starts(scope_product, STR("rhel_")) &&
			has_extended_stream(target, str_skip(scope_product, 5));
	return extended && str_eq(scope_version, target->os_version) ? SCOPE_PREFERRED
								     : SCOPE_OTHER;
}

enum scope_fit scope_fit(const struct scope *scope, const struct scope_target *target)
{
	const struct ecosystem *ecosystem = target->ecosystem;
	if (!str_eq(scope->base, ecosystem->base))
		return SCOPE_OTHER;
	if (!scope->release.n || !ecosystem->os)
		return SCOPE_FITS;
	if (!target->release.n)
		return SCOPE_OTHER;
	if (str_eq(ecosystem->base, STR("Ubuntu")))
		return ubuntu_fit(scope->release, target);
	if (str_eq(ecosystem->base, STR("Red Hat")))
		return red_hat_fit(scope->release, target);
	return str_eq(scope->release, target->release) ? SCOPE_FITS : SCOPE_OTHER;
}
