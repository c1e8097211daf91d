/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of registry/ only. */
#ifndef REGISTRY_PRIVATE_H
#define REGISTRY_PRIVATE_H

#include "base/map.h"
#include "os/thread.h"
#include "registry/attributes.h"
#include "registry/gc.h"
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
	struct map *held;	   /* digests whose file is being published or removed; busy_lock */
	struct lock_cond freed;	   /* a digest is held no longer */

	struct registry_gc_policy policy;
	int64_t began_wall; /* both clocks at the start: see registry_gc_now() */
	int64_t began_monotonic;
	struct lock gc_lock;	/* LOCK_REGISTRY_GC: one round at a time */
	bool gc_times_checked;	/* under gc_lock */
	struct lock stats_lock; /* LOCK_LEAF: stats */
	struct gc_stats stats;
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
/*
 * The file of a digest is published by any number of uploads at a time, or removed by the
 * collector, never both. Publishers wait for a removal; the collector does not wait, it comes
 * again: false.
 */
void registry_digest_share(struct registry *r, struct str digest);
void registry_digest_unshare(struct registry *r, struct str digest);
bool registry_digest_take(struct registry *r, struct str digest);
void registry_digest_give(struct registry *r, struct str digest);

/* Time for the grace: the wall clock at start plus what has really passed since, so that a clock
 * set forward does not end anybody's grace. */
int64_t registry_gc_now(const struct registry *r);
struct store_gc_rules registry_gc_rules(const struct registry *r);
/*
 * A client was shown (repository, digest), which a question of this kind may be about: its grace is
 * renewed, which is written only when an eighth of it has passed.
 */
struct gc_touch {
	enum store_gc_kind kind;
	struct str repository;
	struct str digest;
	bool stale; /* set by gc_touch_look(): gc_touch_renew() is needed */
};
/* Inside the read that found it. */
int gc_touch_look(struct registry *r, struct db_conn *c, int64_t repository, struct gc_touch *touch,
	struct err *err) MUST_CHECK;
/* False: the question was answered meanwhile, so look again whether the content is there. */
bool gc_touch_renew(struct registry *r, struct gc_touch *touch);

/* Inside a transaction: a manifest and all that goes with it. REGISTRY_MANIFEST_UNKNOWN */
int registry_manifest_remove(struct registry *r, struct db_conn *c, int64_t repository,
	struct str digest, struct err *err) MUST_CHECK;
/* Removes an upload for good: the bytes, then the row. The upload must be marked busy. */
int registry_upload_drop(struct registry *r, struct str id, struct err *err) MUST_CHECK;
/* Uploads that nobody continued for policy.upload_us, and staged bytes that belong to none. */
int registry_sweep_uploads(struct registry *r, uint64_t *dropped, struct err *err) MUST_CHECK;

#endif
