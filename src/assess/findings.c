/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of one stored image: its package set joined with the matches of each package on the
 * platform of the image. Nothing here judges; the verdict on the image row and the findings come
 * from the same rows. Both are read inside one read transaction of the caller, so they agree.
 */
#include "assess/assess.h"

struct join {
	struct db_conn *c;
	struct arena *arena;
	struct finding_list *list;
	VEC(struct str) layers; /* digests, base first */
};

static void split_layers(struct join *join)
{
	struct str rest = join->list->image.layer_digests;
	struct str part;
	while (rest.n && str_cut(&rest, ',', &part))
		AVEC_PUSH(join->arena, &join->layers, part);
}

static struct str purl_of(struct join *join, const struct package *package)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 16);
	package_purl(package, join->list->platform.os_id, join->list->platform.os_version, &text);
	return arena_str(join->arena, strbuf_view(&text));
}

static int add_entry(struct join *join, const struct store_set_entry *entry, struct err *err)
{
	struct match *matches = NULL;
	size_t count = 0;
	bool not_evaluated;
	struct package package;
	int rc = store_matches(join->c, join->arena, entry->package, join->list->image.platform,
		&matches, &count, &not_evaluated, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (rc == STORE_ABSENT || !count)
		return 0;
	rc = store_package_find(join->c, join->arena, entry->package, &package, err);
	if (rc != 0)
		return rc < 0 ? err_trace(err, rc)
			      : err_set(err, EIO,
					"package %lld of image " STR_FMT " is not in the database",
					(long long)entry->package,
					STR_ARG(join->list->image.digest));
	struct str purl = purl_of(join, &package);
	for (size_t i = 0; i < count; i++) {
		struct finding finding = {
			.match = matches[i],
			.package = package,
			.purl = purl,
			.layer = entry->first_layer,
			.layer_digest = entry->first_layer < join->layers.n
						? join->layers.items[entry->first_layer]
						: STR(""),
			.evidence = entry->evidence,
			.remedy = finding_remedy(join->arena, &package, &matches[i]),
		};
		AVEC_PUSH(join->arena, &join->list->items, finding);
	}
	return 0;
}

int assess_findings(struct db_conn *c, struct arena *arena, struct str manifest_digest,
	struct finding_list *list, struct err *err)
{
	struct join join = { .c = c, .arena = arena, .list = list };
	struct store_set_entry *entries = NULL;
	size_t count = 0;
	*list = (struct finding_list){ 0 };
	int rc = store_image_find(c, arena, manifest_digest, &list->image, err);
	if (rc != 0)
		return rc < 0 ? err_trace(err, rc) : rc;
	if (list->image.platform) {
		rc = store_platform_find(c, arena, list->image.platform, &list->platform, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	if (list->image.state != IMAGE_UNHEALTHY)
		return 0;
	rc = store_image_set_find(c, arena, manifest_digest, &entries, &count, err);
	if (rc < 0)
		return err_trace(err, rc);
	split_layers(&join);
	for (size_t i = 0; i < count; i++) {
		if (entries[i].suppressed.n)
			continue;
		rc = add_entry(&join, &entries[i], err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	if (list->items.n)
		qsort(list->items.items, list->items.n, sizeof(*list->items.items),
			finding_compare);
	/* While verdicts move to a new snapshot the packages go first and the image's row follows:
	 * the counts a reader sees are those of the findings it gets. */
	list->image.counts = (struct severity_counts){ 0 };
	for (size_t i = 0; i < list->items.n; i++)
		store_count_match(&list->image.counts, &list->items.items[i].match);
	return 0;
}
