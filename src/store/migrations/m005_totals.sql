-- SPDX-License-Identifier: Apache-2.0
-- How many there are and how large they are together, kept by the database itself, so that nobody
-- has to count. All writes come from one writer, which finds the row on a page that it has anyway.

CREATE TABLE total (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO total (name, value) VALUES
	('blobs', (SELECT count(*) FROM blob)),
	('blob_bytes', (SELECT coalesce(sum(size), 0) FROM blob)),
	('uploads', (SELECT count(*) FROM upload));

CREATE TRIGGER blob_added AFTER INSERT ON blob BEGIN
	UPDATE total SET value = value + 1 WHERE name = 'blobs';
	UPDATE total SET value = value + new.size WHERE name = 'blob_bytes';
END;
CREATE TRIGGER blob_removed AFTER DELETE ON blob BEGIN
	UPDATE total SET value = value - 1 WHERE name = 'blobs';
	UPDATE total SET value = value - old.size WHERE name = 'blob_bytes';
END;
CREATE TRIGGER upload_added AFTER INSERT ON upload BEGIN
	UPDATE total SET value = value + 1 WHERE name = 'uploads';
END;
CREATE TRIGGER upload_removed AFTER DELETE ON upload BEGIN
	UPDATE total SET value = value - 1 WHERE name = 'uploads';
END;
