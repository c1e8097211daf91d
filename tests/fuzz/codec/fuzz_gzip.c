/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a gzip stream: it ends or fails with words, and never passes its limit. */
#include "codec/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct err err = ERR_INIT;
	struct str input = { (const char *)bytes, n };
	struct stream *stream =
		stream_limit(stream_gunzip(stream_from_bytes(input)), 1 << 20, "it inflates to");
	int r = stream_drain(stream, &err);
	CHECK(r == 0 || (err.code && err.text[0]));
	stream_close(&stream);
	return 0;
}
