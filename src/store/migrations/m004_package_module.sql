-- SPDX-License-Identifier: Apache-2.0
-- rpm's modularity label becomes part of what a package is: nodejs of stream 12 and of stream 14 are
-- judged by different advisories. SQLite cannot change a UNIQUE constraint, so the table is made again
-- under its name; references to its rows are checked when the step is whole.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE package_before AS SELECT * FROM package;
DROP TABLE package;
CREATE TABLE package (
	id INTEGER PRIMARY KEY,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	source_name TEXT NOT NULL,
	source_version TEXT NOT NULL,
	arch TEXT NOT NULL,
	module TEXT NOT NULL,
	licence TEXT NOT NULL,
	supplier TEXT NOT NULL,
	UNIQUE (name, version, arch, source_name, source_version, type, module)
) STRICT;
INSERT INTO package (id, type, name, version, source_name, source_version, arch, module, licence, supplier)
	SELECT id, type, name, version, source_name, source_version, arch, '', licence, supplier
	FROM package_before;
DROP TABLE package_before;
