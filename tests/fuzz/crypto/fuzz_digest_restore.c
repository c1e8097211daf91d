/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A saved digest state comes out of the database or from another node. Whatever is accepted must be
 * exactly what saving gives again, and must be usable.
 */
#include "crypto/digest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct digest digest;
	struct err err = ERR_INIT;
	if (digest_restore(&digest, (struct str){ (const char *)bytes, n }, &err) < 0) {
		CHECK(err.code < 0 && err.text[0]);
		return 0;
	}
	unsigned char saved[DIGEST_STATE_MAX];
	CHECK(digest_save(&digest, saved) == n && memcmp(saved, bytes, n) == 0);
	char text[DIGEST_TEXT_MAX];
	digest_update(&digest, "more", 4);
	digest_final(&digest, text);
	return 0;
}
