/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of what the registry holds, and the locks among them. A lock is one bit of enum
 * store_lock (store/attributes.h); what each forbids:
 *
 *   delete  on a repository: deleting the repository. On a tag: deleting the tag, and the manifest
 *           it points to. On a manifest: deleting it.
 *   write   all that delete forbids, and: on a repository, every push, mount and deletion in it. On
 *           a tag: pointing it elsewhere. On a manifest: taking a tag away from it.
 *   list    being shown in lists (catalog, tags, manifests, referrers).
 *   read    being pulled (GET): on a repository its manifests and blobs, on a tag the manifest by
 *           that tag, on a manifest the manifest. Asking whether it is there (HEAD) is no pull.
 *
 * What a manifest that must not be deleted names (its blobs, the entries of an index) must not be
 * deleted either. A push that changes nothing is no write. Attributes themselves can always be
 * changed. Outcome of what a lock forbids: REGISTRY_LOCKED.
 */
#ifndef REGISTRY_ATTRIBUTES_H
#define REGISTRY_ATTRIBUTES_H

#include "registry/registry.h"

/* Bits of enum store_lock; the rest stays as it is. */
struct registry_change {
	unsigned set;
	unsigned clear;
};

/* A change of nothing only reads. */

/* --- repositories; NAME_UNKNOWN also for one without manifests */
int registry_repository_change(struct registry *r, struct str repository,
	struct registry_change change, struct store_repository_row *row,
	struct err *err) MUST_CHECK;

struct registry_deleted {
	VEC(struct str) manifests; /* the first REGISTRY_DELETED_NAMED of them; so the tags */
	VEC(struct str) tags;
};
enum { REGISTRY_DELETED_NAMED = 5000 };
/*
 * Manifests, tags and links to blobs; nothing when any of them is locked. A large repository goes
 * in several transactions: a failure, or a lock that comes in between, leaves what is not deleted
 * yet, and the call can be repeated. LOCKED, NAME_UNKNOWN
 */
int registry_repository_delete(struct registry *r, struct arena *arena, struct str repository,
	struct registry_deleted *deleted, struct err *err) MUST_CHECK;

/* --- tags and manifests */
struct registry_tag_list {
	struct store_tag_row *rows;
	size_t count;
	bool more;
};
/* digest: only tags of this manifest; STR_NULL: all */
int registry_tag_rows(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, const struct store_page *page, struct registry_tag_list *list,
	struct err *err) MUST_CHECK;
int registry_tag_get(struct registry *r, struct arena *arena, struct str repository, struct str tag,
	struct store_tag_row *row, struct err *err) MUST_CHECK;
int registry_tag_change(struct registry *r, struct arena *arena, struct str repository,
	struct str tag, struct registry_change change, struct store_tag_row *row,
	struct err *err) MUST_CHECK;

struct registry_manifest_row {
	struct store_manifest_row row;
	struct str *tags; /* the first REGISTRY_TAGS_NAMED of them */
	size_t tag_count;
	VEC(struct store_reference) children; /* of an index; _get and _change only */
};
enum { REGISTRY_TAGS_NAMED = 100 };
struct registry_manifest_list {
	struct registry_manifest_row *rows;
	size_t count;
	bool more;
};
int registry_manifest_rows(struct registry *r, struct arena *arena, struct str repository,
	const struct store_page *page, struct registry_manifest_list *list,
	struct err *err) MUST_CHECK;
int registry_manifest_attributes(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, struct registry_manifest_row *row, struct err *err) MUST_CHECK;
int registry_manifest_change(struct registry *r, struct arena *arena, struct str repository,
	struct str digest, struct registry_change change, struct registry_manifest_row *row,
	struct err *err) MUST_CHECK;

#endif
