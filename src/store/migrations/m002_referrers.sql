-- SPDX-License-Identifier: Apache-2.0
-- Referrers: the manifests of a repository by what they are about. referrer_type is the artifactType
-- of the descriptor that lists them, kept only where there is a subject; it stands behind bytes in the
-- row, so statements compare it through the index alone.

ALTER TABLE manifest ADD COLUMN referrer_type TEXT NOT NULL DEFAULT '';

UPDATE manifest SET referrer_type = coalesce(
		nullif(json_extract(CAST(bytes AS TEXT), '$.artifactType'), ''),
		json_extract(CAST(bytes AS TEXT), '$.config.mediaType'), '')
	WHERE subject <> '' AND json_valid(CAST(bytes AS TEXT));

CREATE INDEX manifest_by_subject ON manifest (repository_id, subject, digest, referrer_type)
	WHERE subject <> '';
