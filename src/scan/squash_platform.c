/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image says about its platform: the facts of the files that are left after the squash, put
 * together for inventory/platform.h.
 */
#include "scan/squash_internal.h"

#include "base/limits.h"
#include "base/strbuf.h"

/* etc/os-release wins when it leads anywhere; else the vendor's copy counts. */
static const struct node *find_os_release(struct tree *tree)
{
	const struct node *node = tree_file(tree, STR("etc/os-release"));
	if (!node || node->file->kind != LAYER_FILE_OS_RELEASE)
		node = tree_file(tree, STR("usr/lib/os-release"));
	return node && node->file->kind == LAYER_FILE_OS_RELEASE ? node : NULL;
}

/* The first of the older files that leads anywhere. Distributions keep those of their parents, too:
 * the more special name stands first. */
static struct str find_release_text(struct tree *tree)
{
	static const struct str paths[] = {
		STR_INIT("etc/almalinux-release"),
		STR_INIT("etc/rocky-release"),
		STR_INIT("etc/oracle-release"),
		STR_INIT("etc/centos-release"),
		STR_INIT("etc/fedora-release"),
		STR_INIT("etc/openEuler-release"),
		STR_INIT("etc/mageia-release"),
		STR_INIT("etc/azurelinux-release"),
		STR_INIT("etc/mariner-release"),
		STR_INIT("etc/photon-release"),
		STR_INIT("etc/SuSE-release"),
		STR_INIT("etc/redhat-release"),
		STR_INIT("etc/system-release"),
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct str text = node_fact(tree_file(tree, paths[i]), STR("text"));
		if (text.n)
			return text;
	}
	return STR("");
}

/* All values of a fact in files of one kind, with commas between them. */
static struct str join_facts(
	struct tree *tree, enum layer_file_kind kind, struct str key, struct strbuf *out)
{
	for (size_t i = 0; i < tree->nodes.n; i++) {
		const struct node *node = tree->nodes.items[i];
		if (node->is_link || node->file->kind != kind)
			continue;
		for (size_t k = 0; k < node->file->fact_count && tree_may(tree, 1); k++) {
			const struct layer_fact *fact =
				&node->in->facts.items[node->file->first_fact + k];
			if (!str_eq(fact->key, key))
				continue;
			if (out->n)
				strbuf_add_char(out, ',');
			strbuf_add_str(out, fact->value);
		}
	}
	return strbuf_view(out);
}

void squash_platform(struct arena *arena, struct tree *tree, struct image_inventory *image)
{
	AUTO_STRBUF struct strbuf sets = STRBUF(LIMIT_INVENTORY_BYTES);
	AUTO_STRBUF struct strbuf services = STRBUF(LIMIT_INVENTORY_BYTES);
	const struct node *os = find_os_release(tree);
	const struct platform_facts facts = {
		.id = node_fact(os, STR("ID")),
		.version_id = node_fact(os, STR("VERSION_ID")),
		.version_codename = node_fact(os, STR("VERSION_CODENAME")),
		.id_like = node_fact(os, STR("ID_LIKE")),
		.pretty_name = node_fact(os, STR("PRETTY_NAME")),
		.cpe_name = node_fact(os, STR("CPE_NAME")),
		.apk_repositories =
			node_fact(tree_file(tree, STR("etc/apk/repositories")), STR("text")),
		.debian_version =
			node_fact(tree_file(tree, STR("etc/debian_version")), STR("text")),
		.lsb_release = node_fact(tree_file(tree, STR("etc/lsb-release")), STR("text")),
		.alpine_release =
			node_fact(tree_file(tree, STR("etc/alpine-release")), STR("text")),
		.release_text = find_release_text(tree),
		.pro_services =
			join_facts(tree, LAYER_FILE_UBUNTU_PRO, STR("pro-service"), &services),
		.content_sets =
			join_facts(tree, LAYER_FILE_CONTENT_SETS, STR("content-set"), &sets),
	};
	struct platform found;
	image->has_os = os != NULL || platform_is_known(&facts);
	platform_derive(arena, &facts, &found);
	image->platform = (struct platform){
		.release_key = arena_str(arena, found.release_key),
		.flavours = arena_str(arena, found.flavours),
		.os_id = arena_str(arena, found.os_id),
		.os_version = arena_str(arena, found.os_version),
		.os_name = arena_str(arena, found.os_name),
	};
}
