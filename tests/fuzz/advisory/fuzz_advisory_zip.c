/* SPDX-License-Identifier: Apache-2.0 */
/* A zip archive of records, as the import reads it. */
#include "sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	unsigned sum = 0;
	const struct reader_sink sink = sink_make(&sum);
	struct archive *archive = reader_archive_new();
	if (archive_read_open_memory(archive, bytes, n) == ARCHIVE_OK)
		CHECK(reader_archive(archive, &sink, NULL) == 0);
	archive_read_free(archive);
	return 0;
}
