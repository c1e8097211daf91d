/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers by libuuid (contract in uuid.h). The name space below was drawn once at random and is
 * part of the data format: changing it changes every id that was ever given out.
 */
#include "base/uuid.h"

#include "base/strbuf.h"

#include <uuid/uuid.h>

static const char name_space_text[] = "6f0d4c0e-93b5-4e62-8e3c-5a1f7c2b9d44";

void uuid_random(char out[UUID_TEXT])
{
	uuid_t id;
	uuid_generate_random(id);
	uuid_unparse_lower(id, out);
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
