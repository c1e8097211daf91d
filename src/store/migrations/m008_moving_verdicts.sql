-- SPDX-License-Identifier: Apache-2.0
-- Counts of a judgement beside it, so that the state of an image is a sum over its packages, and the
-- record of what a new snapshot changed in stored images.

ALTER TABLE judgement ADD COLUMN unknown_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judgement ADD COLUMN low_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judgement ADD COLUMN medium_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judgement ADD COLUMN high_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judgement ADD COLUMN critical_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE judgement ADD COLUMN fixable_count INTEGER NOT NULL DEFAULT 0;

UPDATE judgement SET
	unknown_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.severity = 0),
	low_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.severity = 1),
	medium_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.severity = 2),
	high_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.severity = 3),
	critical_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.severity = 4),
	fixable_count = (SELECT count(*) FROM package_match m WHERE m.package_id = judgement.package_id
		AND m.platform_id = judgement.platform_id AND m.fix_state = 'fixed');

-- A vulnerability that a snapshot brought to a package or took from it. appeared: 1 or 0.
CREATE TABLE match_event (
	snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
	package_id INTEGER NOT NULL REFERENCES package (id),
	platform_id INTEGER NOT NULL REFERENCES platform (id),
	vulnerability_id INTEGER NOT NULL REFERENCES vulnerability (id),
	appeared INTEGER NOT NULL,
	PRIMARY KEY (snapshot_id, package_id, platform_id, vulnerability_id)
) STRICT, WITHOUT ROWID;

-- A stored image whose findings a snapshot changed; which they are is in match_event.
CREATE TABLE image_event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_us INTEGER NOT NULL,
	digest TEXT NOT NULL,
	snapshot_id INTEGER NOT NULL REFERENCES snapshot (id),
	state_before TEXT NOT NULL,
	state_after TEXT NOT NULL,
	appeared INTEGER NOT NULL,
	gone INTEGER NOT NULL
) STRICT;
CREATE INDEX image_event_by_time ON image_event (at_us);
CREATE INDEX image_event_by_snapshot ON image_event (snapshot_id);
