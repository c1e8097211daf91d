/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token of a next page: a key, not a row number, so that pages do not overlap when images come
 * or go between them. Form: hexadecimal of "1\n<repository>\n<digest>\n<row id>"; the first
 * character is the version of the form. Clients must treat it as opaque.
 */
#include "api/security.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "oci/digest.h"
#include "oci/reference.h"

struct str security_token_write(struct arena *arena, const struct security_position *position)
{
	struct str text = arena_printf(arena, "1\n" STR_FMT "\n" STR_FMT "\n" STR_FMT,
		STR_ARG(position->repository), STR_ARG(position->digest), STR_ARG(position->row));
	char *hex = arena_alloc(arena, text.n * 2 + 1);
	hex_encode((const uint8_t *)text.p, text.n, hex);
	return (struct str){ hex, text.n * 2 };
}

bool security_token_read(struct arena *arena, struct str token, struct security_position *position)
{
	struct security_position read = { 0 };
	struct str version;
	if (!token.n || token.n % 2 || token.n > 4096)
		return false;
	uint8_t *bytes = arena_alloc(arena, token.n / 2);
	if (!hex_decode(token, bytes))
		return false;
	struct str rest = { (const char *)bytes, token.n / 2 };
	if (!str_cut(&rest, '\n', &version) || !str_eq(version, STR("1")) ||
		!str_cut(&rest, '\n', &read.repository) || !str_cut(&rest, '\n', &read.digest) ||
		!rest.p)
		return false;
	read.row = rest;
	if (!oci_repository_valid(read.repository) || !oci_digest_valid(read.digest) ||
		(read.row.n && !uuid_valid(read.row)))
		return false;
	*position = read;
	return true;
}
