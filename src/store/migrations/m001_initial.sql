-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Times are microseconds since 1970-01-01 UTC, NULL = not known. Text is compared
-- byte by byte (SQLite's default collation). Tables are STRICT: a value of a wrong type is refused.
-- An index exists only where a statement of statements.def needs it.

-- Who we are towards Azure-style clients -----------------------------------------------------------

CREATE TABLE subscription (
	id INTEGER PRIMARY KEY,
	guid TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL
) STRICT;

CREATE TABLE resource_group (
	id INTEGER PRIMARY KEY,
	subscription_id INTEGER NOT NULL REFERENCES subscription (id),
	name TEXT NOT NULL,
	UNIQUE (subscription_id, name)
) STRICT;

CREATE TABLE registry (
	id INTEGER PRIMARY KEY,
	resource_group_id INTEGER NOT NULL REFERENCES resource_group (id),
	name TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO subscription (id, guid, name) VALUES (1, '00000000-0000-0000-0000-000000000001', 'default');
INSERT INTO resource_group (id, subscription_id, name) VALUES (1, 1, 'default');
INSERT INTO registry (id, resource_group_id, name) VALUES (1, 1, 'lazaret');

-- Content -----------------------------------------------------------------------------------------

CREATE TABLE repository (
	id INTEGER PRIMARY KEY,
	registry_id INTEGER NOT NULL REFERENCES registry (id),
	name TEXT NOT NULL,
	created_us INTEGER NOT NULL,
	UNIQUE (registry_id, name)
) STRICT;

-- One row per content, whoever holds it; repository_blob says where it is visible.
CREATE TABLE blob (
	id INTEGER PRIMARY KEY,
	digest TEXT NOT NULL UNIQUE,
	size INTEGER NOT NULL CHECK (size >= 0),
	created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE repository_blob (
	repository_id INTEGER NOT NULL REFERENCES repository (id),
	blob_id INTEGER NOT NULL REFERENCES blob (id),
	linked_us INTEGER NOT NULL,
	PRIMARY KEY (repository_id, blob_id)
) STRICT, WITHOUT ROWID;

-- The repository by name: its row may come only with the first committed content.
CREATE TABLE upload (
	id TEXT PRIMARY KEY,
	repository TEXT NOT NULL,
	durable_bytes INTEGER NOT NULL CHECK (durable_bytes >= 0),
	digest_state BLOB NOT NULL,
	started_us INTEGER NOT NULL,
	updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- kind: enum store_manifest_kind. total_bytes: the manifest, its configuration and its layers.
-- bytes is the last column so that lists never read its overflow pages.
CREATE TABLE manifest (
	id INTEGER PRIMARY KEY,
	repository_id INTEGER NOT NULL REFERENCES repository (id),
	digest TEXT NOT NULL,
	media_type TEXT NOT NULL,
	kind INTEGER NOT NULL,
	artifact_type TEXT NOT NULL,
	subject TEXT NOT NULL,
	total_bytes INTEGER NOT NULL,
	pushed_us INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	UNIQUE (repository_id, digest)
) STRICT;
CREATE INDEX manifest_by_digest ON manifest (digest);

-- kind: enum store_reference_kind. os, architecture, variant: of an index entry.
CREATE TABLE manifest_reference (
	manifest_id INTEGER NOT NULL REFERENCES manifest (id),
	position INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	digest TEXT NOT NULL,
	media_type TEXT NOT NULL,
	size INTEGER NOT NULL,
	os TEXT NOT NULL,
	architecture TEXT NOT NULL,
	variant TEXT NOT NULL,
	PRIMARY KEY (manifest_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
	repository_id INTEGER NOT NULL REFERENCES repository (id),
	name TEXT NOT NULL,
	manifest_id INTEGER NOT NULL REFERENCES manifest (id),
	updated_us INTEGER NOT NULL,
	PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_manifest ON tag (manifest_id, name);

-- What is known about content ---------------------------------------------------------------------

-- wire: the inventory as the worker sent it, compressed by zstd.
CREATE TABLE layer (
	id INTEGER PRIMARY KEY,
	digest TEXT NOT NULL UNIQUE,
	read_us INTEGER NOT NULL,
	wire BLOB NOT NULL
) STRICT;

CREATE TABLE package (
	id INTEGER PRIMARY KEY,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	source_name TEXT NOT NULL,
	source_version TEXT NOT NULL,
	arch TEXT NOT NULL,
	licence TEXT NOT NULL,
	supplier TEXT NOT NULL,
	UNIQUE (name, version, arch, source_name, source_version, type)
) STRICT;

CREATE TABLE platform (
	id INTEGER PRIMARY KEY,
	release_key TEXT NOT NULL,
	flavours TEXT NOT NULL,
	os_id TEXT NOT NULL,
	os_version TEXT NOT NULL,
	os_name TEXT NOT NULL,
	UNIQUE (release_key, flavours, os_id, os_version, os_name)
) STRICT;

-- Advisory snapshots that verdicts rest on, by content digest.
CREATE TABLE snapshot (
	id INTEGER PRIMARY KEY,
	digest TEXT NOT NULL UNIQUE
) STRICT;

-- By manifest digest, shared by all repositories that hold it. state: a name of image_states.def.
-- snapshot_id 0: no verdict yet. has_set 1: image_set has its packages.
CREATE TABLE image (
	id INTEGER PRIMARY KEY,
	digest TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	platform_id INTEGER REFERENCES platform (id),
	os TEXT NOT NULL,
	architecture TEXT NOT NULL,
	package_count INTEGER NOT NULL,
	not_evaluated INTEGER NOT NULL,
	unknown_count INTEGER NOT NULL,
	low_count INTEGER NOT NULL,
	medium_count INTEGER NOT NULL,
	high_count INTEGER NOT NULL,
	critical_count INTEGER NOT NULL,
	total_count INTEGER NOT NULL,
	fixable_count INTEGER NOT NULL,
	snapshot_id INTEGER NOT NULL,
	has_set INTEGER NOT NULL,
	created_us INTEGER NOT NULL,
	scanned_us INTEGER,
	judged_us INTEGER,
	attempts INTEGER NOT NULL,
	layer_digests TEXT NOT NULL
) STRICT;
CREATE INDEX image_by_state ON image (state, id);
CREATE INDEX image_by_snapshot ON image (snapshot_id, id) WHERE has_set = 1;

-- packages: the form of image_set.h.
CREATE TABLE image_set (
	image_id INTEGER PRIMARY KEY REFERENCES image (id),
	packages BLOB NOT NULL
) STRICT;

CREATE TABLE judgement (
	package_id INTEGER NOT NULL REFERENCES package (id),
	platform_id INTEGER NOT NULL REFERENCES platform (id),
	snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
	not_evaluated INTEGER NOT NULL,
	PRIMARY KEY (package_id, platform_id)
) STRICT, WITHOUT ROWID;

-- What lists of vulnerabilities show, sort and filter by; of the record modified last. severity and
-- the CVSS columns here are for those lists only: the verdict on a package is in package_match.
CREATE TABLE vulnerability (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL,
	severity INTEGER NOT NULL,
	severity_source TEXT NOT NULL,
	cvss_score_tenths INTEGER NOT NULL,
	cvss_vector TEXT NOT NULL,
	cvss_version TEXT NOT NULL,
	published_us INTEGER,
	modified_us INTEGER
) STRICT;

-- One vulnerability in one package on one platform. Severity and CVSS stand here as well, because a
-- vendor rates the same vulnerability differently by release and package, and because two records of
-- one vulnerability may carry different vectors: the verdict must not depend on which came last.
CREATE TABLE package_match (
	package_id INTEGER NOT NULL REFERENCES package (id),
	platform_id INTEGER NOT NULL REFERENCES platform (id),
	vulnerability_id INTEGER NOT NULL REFERENCES vulnerability (id),
	severity INTEGER NOT NULL,
	severity_source TEXT NOT NULL,
	cvss_score_tenths INTEGER NOT NULL,
	cvss_vector TEXT NOT NULL,
	cvss_version TEXT NOT NULL,
	fix_state TEXT NOT NULL,
	fixed_version TEXT NOT NULL,
	advisories TEXT NOT NULL,
	explanation TEXT NOT NULL,
	PRIMARY KEY (package_id, platform_id, vulnerability_id)
) STRICT, WITHOUT ROWID;
