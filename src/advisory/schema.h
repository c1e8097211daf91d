/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of a snapshot file. SNAPSHOT_FORMAT goes up whenever the tables or the meaning of their
 * content change; a file of another format is not read (import again: snapshots are made from feeds
 * and can always be made anew).
 *
 *   source     what was imported: "Debian/all.zip"
 *   record     one advisory; (name, source) is unique, so two feeds may carry the same id
 *   link       its aliases, upstream and related ids (link_kind)
 *   affected   package entries, names in the spelling they are compared in (ecosystems.def), ranges
 *              in the text form of record.h
 *   ecosystem  "Debian:12" once, split and normalised
 *   bad        what could not be read, by source
 *
 * Severity 0 and score -1 mean none; times are microseconds, NULL unknown.
 */
#ifndef ADVISORY_SCHEMA_H
#define ADVISORY_SCHEMA_H

#define SNAPSHOT_FORMAT 3

#define SNAPSHOT_TABLES                                                                            \
	"CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"              \
	"CREATE TABLE IF NOT EXISTS source(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"     \
	" imported_us INTEGER NOT NULL, bad INTEGER NOT NULL DEFAULT 0);"                          \
	"CREATE TABLE IF NOT EXISTS record(id INTEGER PRIMARY KEY, source INTEGER NOT NULL,"       \
	" kind INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL,"                        \
	" withdrawn INTEGER NOT NULL, published_us INTEGER, modified_us INTEGER, title TEXT,"      \
	" word INTEGER NOT NULL, rated_by TEXT, vector TEXT, score INTEGER NOT NULL);"             \
	"CREATE UNIQUE INDEX IF NOT EXISTS record_name ON record(name, source);"                   \
	"CREATE TABLE IF NOT EXISTS record_text(record INTEGER PRIMARY KEY, details TEXT,"         \
	" refs TEXT, weaknesses TEXT);"                                                            \
	"CREATE TABLE IF NOT EXISTS link(record INTEGER NOT NULL, kind INTEGER NOT NULL,"          \
	" target TEXT NOT NULL, PRIMARY KEY(record, kind, target)) WITHOUT ROWID;"                 \
	"CREATE TABLE IF NOT EXISTS ecosystem(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"  \
	" base TEXT NOT NULL, release TEXT NOT NULL, records INTEGER NOT NULL DEFAULT 0);"         \
	"CREATE TABLE IF NOT EXISTS affected(id INTEGER PRIMARY KEY, record INTEGER NOT NULL,"     \
	" ecosystem INTEGER NOT NULL, package TEXT NOT NULL, word INTEGER NOT NULL,"               \
	" wont_fix INTEGER NOT NULL, vector TEXT, score INTEGER NOT NULL, ranges TEXT NOT NULL);"  \
	"CREATE TABLE IF NOT EXISTS bad(source INTEGER NOT NULL, place TEXT NOT NULL,"             \
	" reason TEXT NOT NULL);"

/* Made when the rows are there: cheaper than keeping them up to date row by row. */
#define SNAPSHOT_INDEXES                                                                           \
	"CREATE INDEX IF NOT EXISTS affected_package ON affected(package, ecosystem);"             \
	"CREATE INDEX IF NOT EXISTS affected_record ON affected(record);"                          \
	"CREATE INDEX IF NOT EXISTS link_target ON link(target, kind);"

#endif
