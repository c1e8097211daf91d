/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the collector's files only: one round and its steps. */
#ifndef REGISTRY_GC_PRIVATE_H
#define REGISTRY_GC_PRIVATE_H

#include "registry/private.h"

enum { GC_PAGE = 128 };

struct gc_round {
	struct registry *registry;
	int64_t now_us; /* collector's time at the start: nothing younger is looked at */
	int64_t grace_us;
	struct registry_gc_result *result;
};

/* since_us at or before this is due. */
int64_t gc_until(const struct gc_round *round, enum store_gc_kind kind);
void gc_result_add(struct registry_gc_result *sum, const struct registry_gc_result *part);
/* Kept because an upload runs in its repository: 0; STORE_ABSENT: not. */
int gc_pinned(struct db_conn *c, const struct gc_round *round,
	const struct store_gc_candidate *candidate, struct err *err) MUST_CHECK;
/* By the policy and what holds the manifest. */
bool gc_manifest_is_kept(
	const struct registry *r, const struct store_gc_holders *holders, enum store_gc_kind kind);

/* Answers all due questions of a kind, page by page (gc_review.c). */
int gc_review(struct gc_round *round, enum store_gc_kind kind, struct err *err) MUST_CHECK;
/* Removes the files whose rows are gone (gc_files.c). */
int gc_remove_files(struct gc_round *round, struct err *err) MUST_CHECK;

#endif
