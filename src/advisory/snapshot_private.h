/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of an open snapshot share: snapshot.c opens, match.c and identity.c read. */
#ifndef ADVISORY_SNAPSHOT_PRIVATE_H
#define ADVISORY_SNAPSHOT_PRIVATE_H

#include "advisory/snapdb.h"
#include "advisory/snapshot.h"

/* Rows of the table `ecosystem`: few, so they are kept in memory. */
struct scope {
	int64_t id;
	struct str name;
	struct str base;
	struct str release; /* empty: all releases */
	int64_t records;    /* in force */
};

enum snapshot_statement {
	ST_AFFECTED, /* entries of one package in one scope */
	ST_LINKS,    /* of one record */
	ST_NAMED,    /* records with an id */
	ST_ALIASED,  /* records that name an id as alias */
	ST_RATED,    /* records about a vulnerability, best source of severity first */
	ST_TEXTS,    /* their texts, best first */
	ST_COUNT
};

enum { SNAPSHOT_MAGIC = 0x736e6170 };

struct snapshot {
	unsigned magic;
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT];
	struct arena *arena; /* of scopes */
	VEC(struct scope) scopes;
	char id[65];
	int64_t built_us;
};

typedef VEC(struct str) str_list;

/*
 * The vulnerabilities that a record is about (spec/scanner.md §2.4): itself if it is a CVE; else
 * the CVEs among its aliases, over the aliases of records with those ids too; else those of its
 * upstream records; else, for errata, of its related ids; else the smallest id of its aliases and
 * itself. Empty only for errata about bugs or features without a CVE.
 */
int identity_of(struct snapshot *snapshot, struct arena *arena, int64_t record, struct str name,
	str_list *vulnerabilities, struct err *err) MUST_CHECK;

#endif
