/* SPDX-License-Identifier: Apache-2.0 */
/* Deflate and zlib: the first byte says which; the ceiling holds, and results do not depend on it.
 */
#include "codec/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (!n)
		return 0;
	enum inflate_form form = bytes[0] & 1 ? INFLATE_ZLIB : INFLATE_RAW;
	struct str packed = { (const char *)bytes + 1, n - 1 };
	AUTO_STRBUF struct strbuf large = STRBUF(1 << 20);
	AUTO_STRBUF struct strbuf small = STRBUF(100);
	struct err err = ERR_INIT;
	int r = inflate_bytes(form, packed, &large, &err);
	int s = inflate_bytes(form, packed, &small, &err);
	CHECK(small.n <= 100 && large.n <= 1 << 20);
	CHECK(r < 0 || large.n > 100 || s == 0);
	CHECK(str_starts(strbuf_view(&large), strbuf_view(&small)));
	return 0;
}
