/* SPDX-License-Identifier: Apache-2.0 */
/* Frame headers and payloads of the worker protocol, from either side. */
#include "inventory/protocol.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct err err = ERR_INIT;
	enum frame_kind kind;
	uint64_t length;
	char header[FRAME_HEADER_BYTES] = { 0 };
	memcpy(header, bytes, n < sizeof(header) ? n : sizeof(header));
	if (frame_decode_header(header, &kind, &length, &err) == 0)
		CHECK(length <= frame_payload_max(kind));

	struct str payload = str_skip((struct str){ (const char *)bytes, n }, sizeof(header));
	struct worker_request request;
	struct worker_entry entry;
	struct worker_archive archive;
	AUTO_STRBUF struct strbuf again = STRBUF(n + 64);
	if (worker_request_decode(payload, &request, &err) == 0)
		CHECK(request.name.n <= n);
	struct worker_growth growth;
	uint64_t have;
	if (worker_growth_decode(payload, &growth, &err) == 0) {
		worker_growth_encode(&growth, &again);
		CHECK(str_eq(strbuf_view(&again), payload));
	}
	if (worker_want_decode(payload, &have, &err) == 0) {
		strbuf_clear(&again);
		worker_want_encode(have, &again);
		CHECK(str_eq(strbuf_view(&again), payload));
	}
	strbuf_clear(&again);
	if (worker_archive_decode(payload, &archive, &err) == 0)
		CHECK((archive.state == LAYER_OK) == (archive.reason.n == 0));
	if (worker_entry_decode(payload, &entry, &err) == 0) {
		worker_entry_encode(&entry, &again);
		CHECK(str_eq(strbuf_view(&again), payload));
	}
	return 0;
}
