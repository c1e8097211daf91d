/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers (contract in uuid.h); the name-based ones by libuuid. The name space below was drawn
 * once at random and is part of the data format: changing it changes every id that was ever given
 * out.
 *
 * Each request has a random id, so random bytes are fetched from the kernel for several ids at once
 * and kept per thread; used ones are wiped.
 */
#include "base/uuid.h"

#include "base/hex.h"
#include "base/strbuf.h"

#include <sys/random.h>
#include <uuid/uuid.h>

enum { ID_BYTES = 16, IDS_AT_ONCE = 16 }; /* getrandom() gives up to 256 bytes in one piece */

static __thread struct {
	unsigned char bytes[IDS_AT_ONCE * ID_BYTES];
	size_t left;
} reserve;

static const char name_space_text[] = "6f0d4c0e-93b5-4e62-8e3c-5a1f7c2b9d44";

void uuid_random(char out[UUID_TEXT])
{
	if (reserve.left < ID_BYTES) {
		CHECK(getrandom(reserve.bytes, sizeof(reserve.bytes), 0) ==
			(ssize_t)sizeof(reserve.bytes));
		reserve.left = sizeof(reserve.bytes);
	}
	reserve.left -= ID_BYTES;
	unsigned char *id = reserve.bytes + reserve.left;
	id[6] = (unsigned char)((id[6] & 0x0f) | 0x40); /* version 4 */
	id[8] = (unsigned char)((id[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
	char hex[2 * ID_BYTES + 1];
	hex_encode(id, ID_BYTES, hex);
	explicit_bzero(id, ID_BYTES);
	snprintf(out, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
}

void uuid_from_parts(const struct str *parts, size_t count, char out[UUID_TEXT])
{
	AUTO_STRBUF struct strbuf name = STRBUF(1 << 20);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&name, "%zu:" STR_FMT ",", parts[i].n, STR_ARG(parts[i]));
	CHECK(!strbuf_failed(&name));
	uuid_t name_space, id;
	CHECK(uuid_parse(name_space_text, name_space) == 0);
	uuid_generate_sha1(id, name_space, strbuf_cstr(&name), name.n);
	uuid_unparse_lower(id, out);
}

bool uuid_valid(struct str text)
{
	if (text.n != UUID_TEXT - 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (dash ? c != '-' : !hex)
			return false;
	}
	return true;
}
