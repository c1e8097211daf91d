-- SPDX-License-Identifier: Apache-2.0
-- Garbage collection: what may be unreferenced, and since when. A row is a question, not a verdict: it
-- is written by the change that may have taken the last reference away (or by the arrival of content
-- that nothing names yet), and what it asks is looked up when the grace has passed.
--
-- kind: enum store_gc_kind. repository_id: 0 for what belongs to none; no foreign key, because a
-- question may outlive its repository. first_us: when it began; since_us: the same, or the last time
-- somebody wanted it. bytes: of a file to remove.

CREATE TABLE gc_candidate (
	kind INTEGER NOT NULL,
	repository_id INTEGER NOT NULL,
	digest TEXT NOT NULL,
	first_us INTEGER NOT NULL,
	since_us INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	PRIMARY KEY (kind, repository_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX gc_candidate_by_time ON gc_candidate (kind, since_us);

-- Who names a digest, asked within one repository: a base layer may be named ten thousand times in
-- others.
ALTER TABLE manifest_reference ADD COLUMN repository_id INTEGER NOT NULL DEFAULT 0;
UPDATE manifest_reference SET repository_id =
	(SELECT m.repository_id FROM manifest m WHERE m.id = manifest_reference.manifest_id);
CREATE INDEX manifest_reference_by_digest ON manifest_reference (repository_id, digest);

-- Which uploads run in a repository: they keep its content.
CREATE INDEX upload_by_repository ON upload (repository);

-- 1: its bytes were found missing or wrong and set aside; invisible until it is pushed again.
ALTER TABLE blob ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0;

-- What earlier versions left behind.
INSERT INTO gc_candidate (kind, repository_id, digest, first_us, since_us, bytes)
	SELECT 1, l.repository_id, b.digest, unixepoch() * 1000000, unixepoch() * 1000000, 0
	FROM repository_blob l JOIN blob b ON b.id = l.blob_id
	WHERE NOT EXISTS (SELECT 1 FROM manifest_reference r
		WHERE r.repository_id = l.repository_id AND r.digest = b.digest);
INSERT INTO gc_candidate (kind, repository_id, digest, first_us, since_us, bytes)
	SELECT 2, 0, b.digest, unixepoch() * 1000000, unixepoch() * 1000000, 0
	FROM blob b WHERE NOT EXISTS (SELECT 1 FROM repository_blob l WHERE l.blob_id = b.id);
DELETE FROM image_set WHERE image_id IN (SELECT i.id FROM image i
	WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.digest = i.digest));
DELETE FROM image WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.digest = image.digest);
DELETE FROM layer WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = layer.digest);
