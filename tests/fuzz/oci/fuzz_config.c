/* SPDX-License-Identifier: Apache-2.0 */
/* Image configurations: an accepted one has only valid diffIDs. */
#include "base/check.h"
#include "oci/digest.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct oci_config config;
	struct err err = ERR_INIT;
	if (oci_config_parse(arena, (struct str){ (const char *)bytes, n }, &config, &err) == 0) {
		for (size_t i = 0; i < config.diff_ids.n; i++)
			CHECK(oci_digest_valid(config.diff_ids.items[i]));
	} else {
		CHECK(err.code < 0 && err.text[0]);
	}
	arena_free(&arena);
	return 0;
}
