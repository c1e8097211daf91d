-- SPDX-License-Identifier: Apache-2.0
-- What may be done to a repository, tag or manifest, and when it was made and last changed. locks:
-- bits of enum store_lock. os and architecture: of an image's configuration; until now only the scan
-- knew them.

ALTER TABLE repository ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN updated_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tag ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tag ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;

ALTER TABLE manifest ADD COLUMN locks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN updated_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN os TEXT NOT NULL DEFAULT '';
ALTER TABLE manifest ADD COLUMN architecture TEXT NOT NULL DEFAULT '';

UPDATE repository SET updated_us = created_us;
UPDATE tag SET created_us = updated_us;
UPDATE manifest SET updated_us = pushed_us,
	os = coalesce((SELECT i.os FROM image i WHERE i.digest = manifest.digest), ''),
	architecture = coalesce(
		(SELECT i.architecture FROM image i WHERE i.digest = manifest.digest), '');

-- Lists by time.
CREATE INDEX manifest_by_update ON manifest (repository_id, updated_us, digest);
CREATE INDEX tag_by_update ON tag (repository_id, updated_us, name);
-- Few rows are locked; what they protect is found from them.
CREATE INDEX manifest_locked ON manifest (repository_id) WHERE locks <> 0;
CREATE INDEX tag_locked ON tag (repository_id) WHERE locks <> 0;
