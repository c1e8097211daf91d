/* SPDX-License-Identifier: Apache-2.0 */
/* Zip archives: whatever the bytes, names and contents lie inside them or inside the buffer. */
#include "codec/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = { (const char *)bytes, n };
	struct zip zip;
	struct zip_member member;
	struct err err = ERR_INIT;
	size_t members = 0;
	if (zip_open(text, &zip, &err) < 0)
		return 0;
	while (zip_next(&zip, &member, &err) == 0 && members++ < 100) {
		AUTO_STRBUF struct strbuf room = STRBUF(1 << 20);
		struct str content;
		CHECK(member.name.p >= text.p && member.name.n <= n);
		int r = zip_read(&zip, &member, &room, &content, &err);
		CHECK(r <= 0 && room.n <= 1 << 20);
		CHECK(r < 0 || content.n <= (room.n > n ? room.n : n));
	}
	return 0;
}
