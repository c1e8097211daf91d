/* SPDX-License-Identifier: Apache-2.0 */
/* All packages of one stored image that count, whether or not anything is known against them. */
#include "assess/assess.h"

static struct str layer_digest(struct str digests, uint32_t layer)
{
	struct str part = STR("");
	for (uint32_t i = 0; i <= layer; i++) {
		if (!digests.n || !str_cut(&digests, ',', &part))
			return STR("");
	}
	return part;
}

int assess_packages(struct db_conn *c, struct arena *arena, const struct finding_list *image,
	struct listed_package **packages, size_t *count, struct err *err)
{
	struct store_set_entry *entries = NULL;
	size_t n = 0;
	*packages = NULL;
	*count = 0;
	int rc = store_image_set_find(c, arena, image->image.digest, &entries, &n, err);
	if (rc != 0)
		return rc < 0 ? err_trace(err, rc) : 0;
	*packages = ARENA_ARRAY(arena, n, struct listed_package);
	for (size_t i = 0; i < n; i++) {
		struct listed_package *to = &(*packages)[*count];
		AUTO_STRBUF struct strbuf purl = STRBUF((size_t)1 << 16);
		if (entries[i].suppressed.n)
			continue;
		rc = store_package_find(c, arena, entries[i].package, &to->package, err);
		if (rc != 0)
			return rc < 0 ? err_trace(err, rc)
				      : err_set(err, EIO,
						"package %lld of image " STR_FMT
						" is not in the database",
						(long long)entries[i].package,
						STR_ARG(image->image.digest));
		package_purl(
			&to->package, image->platform.os_id, image->platform.os_version, &purl);
		to->purl = arena_str(arena, strbuf_view(&purl));
		to->layer = entries[i].first_layer;
		to->layer_digest = layer_digest(image->image.layer_digests, to->layer);
		to->evidence = entries[i].evidence;
		(*count)++;
	}
	return 0;
}
