/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of verdict.h. */
#include "assess/verdict.h"

static struct str release_words(struct arena *arena, struct str release_key)
{
	size_t colon = str_find(release_key, ':');
	if (colon == STR_NONE)
		return release_key;
	return arena_printf(arena, STR_FMT " " STR_FMT, STR_ARG(str_sub(release_key, 0, colon)),
		STR_ARG(str_skip(release_key, colon + 1)));
}

/* Why nothing is known about packages of this distribution and release; empty: something is. */
static struct str no_advisories(
	struct arena *arena, struct snapshot *snapshot, const struct platform *platform)
{
	if (!platform->release_key.n && platform->os_id.n)
		return arena_printf(arena,
			"The release of this image is not known (it says it is " STR_FMT " " STR_FMT
			"), so no advisories apply to it.",
			STR_ARG(platform->os_id), STR_ARG(platform->os_version));
	if (!platform->release_key.n)
		return STR("The image does not say which distribution and release it is, so no "
			   "advisories apply to it.");
	if (!snapshot_has_release(snapshot, platform->release_key))
		return arena_printf(arena,
			"There are no advisories for " STR_FMT " in the current data.",
			STR_ARG(release_words(arena, platform->release_key)));
	return STR("");
}

enum image_state verdict_of(
	struct arena *arena, const struct verdict_input *input, struct str *reason)
{
	*reason = STR("");
	if (!input->snapshot) {
		*reason = STR("No advisories have been imported yet.");
		return IMAGE_NO_ADVISORIES;
	}
	/* Languages have no release: what they say counts on any image. */
	if (input->counts->total)
		return IMAGE_UNHEALTHY;
	if (input->not_evaluated) {
		*reason = no_advisories(arena, input->snapshot, input->platform);
		if (reason->n)
			return IMAGE_NO_ADVISORIES;
	}
	if (input->partial) {
		*reason = IMAGE_PARTIAL_VERDICT;
		return IMAGE_UNSUPPORTED;
	}
	if (!input->not_evaluated)
		return IMAGE_HEALTHY;
	/* Unknown is not healthy, not even for one package. */
	*reason = image_not_evaluated_words(arena, input->not_evaluated, input->package_count);
	return IMAGE_UNSUPPORTED;
}
