/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digest text (contract in digest.h). Only the two registered algorithms that this registry can
 * compute are digests here: a name that cannot be verified must never become a key of the store.
 * Upper-case hexadecimal is refused, so one content has one name.
 */
#include "oci/digest.h"

#include "base/hex.h"

bool oci_digest_valid(struct str text)
{
	struct str algorithm = oci_digest_algorithm(text);
	size_t digits = 0;
	if (str_eq(algorithm, STR("sha256")))
		digits = 64;
	else if (str_eq(algorithm, STR("sha512")))
		digits = 128;
	struct str hex = oci_digest_hex(text);
	return digits && hex.n == digits && hex_is_lower(hex);
}

struct str oci_digest_algorithm(struct str digest)
{
	size_t colon = str_find(digest, ':');
	return colon == STR_NONE ? STR_NULL : str_sub(digest, 0, colon);
}

struct str oci_digest_hex(struct str digest)
{
	size_t colon = str_find(digest, ':');
	return colon == STR_NONE ? STR_NULL : str_skip(digest, colon + 1);
}
