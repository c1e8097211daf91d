/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table gc_candidate: questions to the garbage collector (registry/gc.h), written in the
 * transaction of the change that raises them. See store.h. now_us is the collector's time, which
 * does not jump.
 */
#ifndef STORE_GC_H
#define STORE_GC_H

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

/* Kept in the database: numbers never change their meaning. */
enum store_gc_kind {
	STORE_GC_LINK = 1,     /* a blob in a repository: does a manifest there name it? */
	STORE_GC_BLOB = 2,     /* a blob: does any repository hold it? */
	STORE_GC_FILE = 3,     /* no question: the row is gone, the file of this digest must go */
	STORE_GC_UNTAGGED = 4, /* a manifest: is it tagged, or named by an index? */
	STORE_GC_ORPHAN = 5,   /* a manifest about another: is that there? */
};

struct store_gc_candidate {
	enum store_gc_kind kind;
	int64_t repository; /* 0: of none (blobs, files) */
	struct str digest;
	int64_t first_us;
	int64_t since_us;
	uint64_t bytes;
};

/* Which questions a change raises; those about content always. */
struct store_gc_rules {
	int64_t now_us;
	bool untagged; /* manifests that lost their last tag, or their index */
	bool orphans;  /* manifests whose subject goes */
};

/* Puts the question, or puts it again from now on. */
int store_gc_add(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	uint64_t bytes, int64_t now_us, struct err *err) MUST_CHECK;
/* Absent: 0. */
int store_gc_drop(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	struct err *err) MUST_CHECK;
/* STORE_ABSENT: there is no such question. */
int store_gc_find(struct db_conn *c, enum store_gc_kind kind, int64_t repository, struct str digest,
	int64_t *since_us, struct err *err) MUST_CHECK;
/* Another since_us; the question is as old as before. Absent: 0. */
int store_gc_renew(struct db_conn *c, enum store_gc_kind kind, int64_t repository,
	struct str digest, int64_t since_us, struct err *err) MUST_CHECK;
/* Everything a manifest that is about to be deleted held, as the rules say. */
int store_gc_add_freed(struct db_conn *c, int64_t repository, int64_t manifest, struct str digest,
	const struct store_gc_rules *rules, struct err *err) MUST_CHECK;
/* The manifest a tag points to, which it is about to leave. No such tag: 0. */
int store_gc_add_tagged(struct db_conn *c, int64_t repository, struct str tag,
	const struct store_gc_rules *rules, struct err *err) MUST_CHECK;

/* Candidates with since_us <= until_us, oldest first. */
int store_gc_due(struct db_conn *c, struct arena *arena, enum store_gc_kind kind, int64_t until_us,
	size_t limit, struct store_gc_candidate *rows, size_t *count, struct err *err) MUST_CHECK;
/* All of a kind in the order of (repository, digest), exclusive after (NULL: from the start). */
int store_gc_after(struct db_conn *c, struct arena *arena, enum store_gc_kind kind,
	const struct store_gc_candidate *after, size_t limit, struct store_gc_candidate *rows,
	size_t *count, struct err *err) MUST_CHECK;
/* Times that lie behind now, because a clock was wrong, become now; *changed of at most limit. */
int store_gc_set_back(struct db_conn *c, enum store_gc_kind kind, int64_t now_us, size_t limit,
	size_t *changed, struct err *err) MUST_CHECK;

/* --- answers. 0: yes; STORE_ABSENT: no. */
/* A manifest of the repository names the digest. */
int store_gc_named(
	struct db_conn *c, int64_t repository, struct str digest, struct err *err) MUST_CHECK;
/* An upload runs in the repository. */
int store_gc_uploading(struct db_conn *c, int64_t repository, struct err *err) MUST_CHECK;
/* All links to the blob are due and unnamed, and this repository's is the first of them. */
int store_gc_last_holder(struct db_conn *c, int64_t repository, struct str digest, int64_t until_us,
	uint64_t *size, struct err *err) MUST_CHECK;

struct store_gc_holders { /* what keeps a manifest */
	bool has_subject;
	bool tagged;
	bool named; /* by an index */
	bool subject_there;
};
/* STORE_ABSENT: no such manifest. */
int store_gc_manifest(struct db_conn *c, int64_t repository, struct str digest,
	struct store_gc_holders *holders, struct err *err) MUST_CHECK;

/* No repository holds the blob. Outcome STORE_GC_HELD: one does, or there is no such blob. */
enum { STORE_GC_HELD = 2 };
int store_gc_unheld(
	struct db_conn *c, struct str digest, uint64_t *size, struct err *err) MUST_CHECK;

/* --- deeds */
/* If no repository holds the blob (else STORE_GC_HELD): removes its row and the inventory of it as
 * a layer, and orders its file removed. */
int store_gc_free_blob(struct db_conn *c, struct str digest, int64_t now_us, uint64_t *size,
	struct err *err) MUST_CHECK;
/* Removes the row of a repository that holds nothing. */
int store_gc_drop_repository(struct db_conn *c, int64_t repository, struct err *err) MUST_CHECK;

#endif
