/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From layer inventories to a verdict without a server: squash, judge every package by the current
 * snapshot, sort. States and their reasons are those of the server (scan/image_scan.c,
 * assess/judge.c), so an image gets the same answer here and after a push; tests/system compares
 * them.
 */
#include "assess/verdict.h"
#include "cmd/scan_target.h"
#include "scan/squash.h"

enum { PURL_BYTES = 8192 };

void scan_verdict_set(struct scan_verdict *verdict, enum image_state state, struct str reason)
{
	verdict->state = state;
	verdict->report.state = image_state_name(state);
	verdict->report.reason = reason;
}

/* False: a layer could not be read; the verdict says so. */
static bool layers_are_read(const struct scan_judge *judge,
	const struct layer_inventory *const *layers, const struct str *digests, size_t count,
	struct scan_verdict *verdict)
{
	for (size_t i = 0; i < count; i++) {
		if (layers[i]->state == LAYER_OK)
			continue;
		struct str name =
			digests[i].n ? digests[i] : arena_printf(judge->arena, "%zu", i + 1);
		scan_verdict_set(verdict, IMAGE_FAILED,
			arena_printf(judge->arena, "Layer " STR_FMT "%s: " STR_FMT, STR_ARG(name),
				layers[i]->state == LAYER_NOT_A_LAYER ? " is not a layer"
								      : " could not be read",
				STR_ARG(layers[i]->reason)));
		return false;
	}
	return true;
}

static struct str nothing_to_read(
	const struct scan_judge *judge, const struct image_inventory *image)
{
	struct str os = image->platform.os_name.n ? image->platform.os_name : image->platform.os_id;
	if (image->has_database)
		return STR("Its package database is empty.");
	if (!image->has_os || !os.n)
		return STR("No package database that lazaret reads was found.");
	return arena_printf(judge->arena,
		"No package database that lazaret reads was found (it says it is " STR_FMT ").",
		STR_ARG(os));
}

static void add_findings(const struct scan_judge *judge, const struct image_inventory *image,
	const struct image_package *package, const struct str *digests,
	const struct match_list *matches, struct finding **findings, size_t *n, size_t *capacity)
{
	AUTO_STRBUF struct strbuf purl = STRBUF(PURL_BYTES);
	package_purl(&package->package, image->platform.os_id, image->platform.os_version, &purl);
	struct str kept = arena_str(judge->arena, strbuf_view(&purl));
	for (size_t i = 0; i < matches->items.n; i++) {
		const struct match *match = &matches->items.items[i];
		if (*n == *capacity)
			*findings = vec_grow_arena(
				judge->arena, *findings, *n, capacity, sizeof(**findings));
		(*findings)[(*n)++] = (struct finding){
			.match = *match,
			.package = package->package,
			.purl = kept,
			.layer = package->first_layer,
			.layer_digest = digests[package->first_layer],
			.evidence = package->evidence,
			.remedy = finding_remedy(judge->arena, &package->package, match),
		};
	}
}

static void count_findings(struct report_image *report)
{
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct match *match = &report->findings[i].match;
		report->counts.by_severity[match->severity]++;
		report->counts.total++;
		report->counts.fixable += match->fix_state == FIX_AVAILABLE;
	}
}

static int judge_packages(const struct scan_judge *judge, const struct image_inventory *image,
	const struct str *digests, struct scan_verdict *verdict, struct err *err)
{
	struct finding *findings = NULL;
	size_t n = 0;
	size_t capacity = 0;
	for (size_t i = 0; i < image->packages.n; i++) {
		const struct image_package *package = &image->packages.items[i];
		struct match_list matches = { 0 };
		if (package->suppressed.n)
			continue;
		int r = snapshot_judge(judge->snapshot, judge->arena, &package->package,
			&image->platform, &matches, err);
		if (r)
			return err_wrap(err, r, "judging " STR_FMT, STR_ARG(package->package.name));
		verdict->report.not_evaluated += matches.not_evaluated;
		add_findings(judge, image, package, digests, &matches, &findings, &n, &capacity);
	}
	if (n)
		qsort(findings, n, sizeof(*findings), finding_compare);
	verdict->report.findings = findings;
	verdict->report.finding_count = n;
	count_findings(&verdict->report);
	const struct verdict_input input = {
		.snapshot = judge->snapshot,
		.platform = &image->platform,
		.package_count = verdict->report.package_count,
		.not_evaluated = verdict->report.not_evaluated,
		.counts = &verdict->report.counts,
		.partial = image->partial.n > 0,
	};
	struct str reason;
	enum image_state state = verdict_of(judge->arena, &input, &reason);
	if (image->partial.n)
		reason = arena_printf(judge->arena, STR_FMT "\n" STR_FMT, STR_ARG(reason),
			STR_ARG(image->partial));
	scan_verdict_set(verdict, state, reason);
	return 0;
}

static void list_packages(const struct scan_judge *judge, const struct image_inventory *image,
	const struct str *digests, struct report_image *report)
{
	AUTO_STRBUF struct strbuf purl = STRBUF(PURL_BYTES);
	struct listed_package *listed =
		ARENA_ARRAY(judge->arena, image->packages.n, struct listed_package);
	for (size_t i = 0; i < image->packages.n; i++) {
		const struct image_package *package = &image->packages.items[i];
		if (package->suppressed.n)
			continue;
		strbuf_clear(&purl);
		package_purl(&package->package, image->platform.os_id, image->platform.os_version,
			&purl);
		listed[report->listed_count++] = (struct listed_package){
			.package = package->package,
			.purl = arena_str(judge->arena, strbuf_view(&purl)),
			.layer = package->first_layer,
			.layer_digest = digests[package->first_layer],
			.evidence = package->evidence,
		};
	}
	report->listed = listed;
}

int scan_judge_layers(const struct scan_judge *judge, const struct layer_inventory *const *layers,
	const struct str *digests, size_t count, struct scan_verdict *verdict, struct err *err)
{
	if (!layers_are_read(judge, layers, digests, count, verdict))
		return 0;
	struct image_inventory image = { 0 };
	squash_layers(judge->arena, layers, count, &image);
	verdict->report.platform = image.platform;
	verdict->report.package_count = image_packages_counted(&image);
	list_packages(judge, &image, digests, &verdict->report);
	if (judge->snapshot) {
		verdict->report.snapshot = snapshot_id(judge->snapshot);
		verdict->report.snapshot_built_us = judge->snapshot_built_us;
	}
	if (image.exceeded) {
		scan_verdict_set(verdict, IMAGE_FAILED,
			STR("Putting its layers together takes more work than an image may."));
		return 0;
	}
	if (!image.packages.n) {
		scan_verdict_set(verdict, IMAGE_UNSUPPORTED, nothing_to_read(judge, &image));
		return 0;
	}
	if (!judge->snapshot) {
		scan_verdict_set(verdict, IMAGE_NO_ADVISORIES,
			arena_printf(judge->arena, "No advisories are imported in %s.",
				judge->data_dir));
		return 0;
	}
	return judge_packages(judge, &image, digests, verdict, err);
}

void scan_note_diff_ids(struct arena *arena, const struct target_image *image,
	const struct layer_inventory *const *layers, struct scan_notes *notes)
{
	if (!image->has_config)
		return;
	if (image->diff_ids.n != image->layers.n) {
		AVEC_PUSH(arena, &notes->items,
			arena_printf(arena,
				"the configuration names %zu layers, the archive holds %zu",
				image->diff_ids.n, image->layers.n));
		return;
	}
	for (size_t i = 0; i < image->layers.n; i++) {
		if (layers[i]->state != LAYER_OK ||
			str_eq(layers[i]->diff_id, image->diff_ids.items[i]))
			continue;
		AVEC_PUSH(arena, &notes->items,
			arena_printf(arena,
				"layer %zu has the diffID " STR_FMT
				", the configuration says " STR_FMT,
				i + 1, STR_ARG(layers[i]->diff_id),
				STR_ARG(str_sub(image->diff_ids.items[i], 0, 80))));
	}
}
