-- SPDX-License-Identifier: Apache-2.0
-- Who holds a blob, asked from the blob: for a mount that names no source.

CREATE INDEX repository_blob_by_blob ON repository_blob (blob_id);
