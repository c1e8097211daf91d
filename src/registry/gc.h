/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection while the registry works (idea and invariants: gc.c). What nothing refers to
 * any more goes when its grace has passed; whoever asks for it with HEAD, mounts it or puts it
 * again before that renews the grace, and a running upload keeps everything of its repository.
 * Nothing waits for the collector but an upload of the very digest whose file is being removed.
 *
 * Any thread; one round runs at a time, further callers wait for it.
 */
#ifndef REGISTRY_GC_H
#define REGISTRY_GC_H

#include "registry/registry.h"

struct registry_gc_policy {
	int64_t grace_us;     /* from the last reference, HEAD, mount or PUT */
	bool delete_untagged; /* manifests without tag that no index names */
	int64_t untagged_us;  /* … so long after their last tag went */
	bool delete_orphans;  /* untagged manifests whose subject is gone, after the grace */
	int64_t upload_us;    /* uploads that nobody continued for so long */
};
/* An hour; untagged manifests stay (7 days if they should not); orphans go; 7 days. */
extern const struct registry_gc_policy registry_gc_standard;
/* Before the registry is used by several threads; without it the standard holds. */
void registry_gc_set_policy(struct registry *r, const struct registry_gc_policy *policy);

struct registry_gc_result {
	uint64_t manifests; /* removed by policy */
	uint64_t links;	    /* blobs taken out of a repository */
	uint64_t blobs;	    /* files removed */
	uint64_t bytes;	    /* … and their size */
	uint64_t uploads;   /* given up */
	uint64_t waiting;   /* preview: candidates whose time has not come */
	uint64_t pinned;    /* kept because an upload runs in their repository */
	uint64_t failures;  /* put off, each logged */
};

enum { REGISTRY_GC_POLICY_GRACE = -1 };
/*
 * One round: everything that is due. grace_us: instead of the policy's, or
 * REGISTRY_GC_POLICY_GRACE. *result holds what was done also after a failure.
 */
int registry_gc_run(struct registry *r, int64_t grace_us, struct registry_gc_result *result,
	struct err *err) MUST_CHECK;
/* What such a round would remove now; changes nothing. What a removed manifest alone held is not
 * among the blobs: it has its own grace. */
int registry_gc_preview(struct registry *r, int64_t grace_us, struct registry_gc_result *result,
	struct err *err) MUST_CHECK;

/* Since the server started; for metrics. */
struct gc_stats {
	uint64_t rounds;
	uint64_t failed_rounds;
	uint64_t manifests, links, blobs, bytes, uploads, pinned, failures; /* sums of the rounds */
	uint64_t rescued;	/* grace renewed by HEAD */
	int64_t last_round_us;	/* wall clock at the end of the last round; TIME_NONE: none yet */
	int64_t last_length_us; /* how long it took */
};
void registry_gc_stats(struct registry *r, struct gc_stats *stats);

#endif
