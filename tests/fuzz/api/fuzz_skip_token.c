/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of a next page as clients send them back: what is accepted is written the same again. */
#include "api/security.h"
#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct security_position position;
	const struct str token = { (const char *)bytes, n };
	if (security_token_read(arena, token, &position))
		CHECK(str_eq(security_token_write(arena, &position), token));
	arena_free(&arena);
	return 0;
}
