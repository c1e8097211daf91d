/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of registry/ only. */
#ifndef REGISTRY_PRIVATE_H
#define REGISTRY_PRIVATE_H

#include "base/map.h"
#include "os/thread.h"
#include "registry/attributes.h"
#include "registry/intake.h"
#include "registry/registry.h"

enum { REGISTRY_MAGIC = 0x52656769 };

struct registry {
	unsigned magic;
	struct store *store;
	struct blob_store *blobs;
	const struct clock *clock;
	struct registry_hooks hooks;
	struct intake_pool intake; /* memory of uploads that bytes arrive for */
	struct lock busy_lock;	   /* LOCK_REGISTRY_UPLOADS: busy */
	struct map *busy;	   /* ids of uploads that a request works on */
};

/* "No room" becomes the outcome REGISTRY_STORAGE_FULL; everything else stays what it is. */
int registry_storage(int rc);
/* Inside a transaction. Outcome REGISTRY_NAME_UNKNOWN. */
int registry_find_repository(
	struct db_conn *c, struct str name, int64_t *id, struct err *err) MUST_CHECK;
/* Inside a transaction: 0, or REGISTRY_LOCKED when the repository (0: it does not exist) has one of
 * the locks. */
int registry_check_repository(
	struct db_conn *c, int64_t repository, unsigned forbidden, struct err *err) MUST_CHECK;
int registry_check_name(
	struct db_conn *c, struct str repository, unsigned forbidden, struct err *err) MUST_CHECK;
/* REGISTRY_LOCKED: the manifest or blob of that digest must stay where it is. */
int registry_check_kept(
	struct db_conn *c, int64_t repository, struct str digest, struct err *err) MUST_CHECK;
/* Taking a tag away from its manifest: digest is that manifest's (empty: no such tag). forbidden:
 * which locks of the tag stand against it. REGISTRY_LOCKED */
int registry_check_untag(struct db_conn *c, struct arena *arena, int64_t repository, struct str tag,
	struct str *digest, unsigned forbidden, struct err *err) MUST_CHECK;
/* True and marked: no other request has the upload. */
bool registry_busy_take(struct registry *r, struct str id);
void registry_busy_release(struct registry *r, struct str id);
/* Tells the hook, if there is one. */
void registry_upload_dropped(struct registry *r, struct str id);
/* Removes an upload for good: the bytes, then the row. The upload must be marked busy. */
int registry_upload_drop(struct registry *r, struct str id, struct err *err) MUST_CHECK;

#endif
