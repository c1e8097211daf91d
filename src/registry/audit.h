/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of everything that is stored (`lazaret check`): every blob and every manifest is read
 * and hashed again, and the rows of the database are held against the files, both ways. What is
 * wrong is moved to quarantine/ (never deleted), its row is condemned, so that nobody is given it
 * and a new push brings it back, and what it costs is said: repositories, manifests, tags.
 *
 * Nobody else may use the store and its files meanwhile; the owner lock of the database sees to
 * that. One caller; the hashing is spread over threads. Ending it in the middle loses nothing: what
 * was found by then stays where it was or is in the quarantine, and the next check finds the rest.
 *
 * Not looked at: bytes of uploads that are not finished, and files that the garbage collector has
 * been ordered to remove.
 */
#ifndef REGISTRY_AUDIT_H
#define REGISTRY_AUDIT_H

#include "base/vec.h"
#include "blob/blob.h"
#include "store/store.h"

enum audit_kind {
	AUDIT_DAMAGED,	/* other bytes than it should have */
	AUDIT_MISSING,	/* a row without a file, found by this check or an earlier one */
	AUDIT_STRAY,	/* a file that no row knows */
	AUDIT_MANIFEST, /* the database has other bytes of a manifest than it should */
};
const char *audit_kind_name(enum audit_kind kind);

struct audit_affected {
	struct str repository;
	struct str digest; /* of the manifest */
	struct str tags;   /* comma separated; empty: none */
};

struct audit_finding {
	enum audit_kind kind;
	struct str name;   /* the digest, or of a stray file where it was below blobs/ */
	struct str reason; /* half a sentence */
	struct str moved;  /* its name in quarantine/; empty: it was not moved */
	VEC(struct audit_affected) affected;
};

struct audit_result {
	VEC(struct audit_finding) findings;
	uint64_t blobs; /* hashed */
	uint64_t bytes; /* … read for that */
	uint64_t manifests;
	uint64_t pardoned; /* were condemned before and are right: shown again */
};

struct audit_settings {
	struct store *store;
	struct blob_store *blobs;
	unsigned threads; /* 0: one for each processor */
	/* May be NULL; called by one thread at a time, not more than every few megabytes. */
	void (*progress)(void *context, uint64_t bytes, uint64_t total);
	void *context;
};

/* Text and lists of *result are in arena. An error (not damage) ends it; *result holds what was
 * found by then. */
int registry_audit(const struct audit_settings *settings, struct arena *arena,
	struct audit_result *result, struct err *err) MUST_CHECK;

#endif
