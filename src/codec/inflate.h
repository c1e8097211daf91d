/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deflate (RFC 1951) and zlib (RFC 1950) data that is in memory whole. Pure; any thread.
 */
#ifndef CODEC_INFLATE_H
#define CODEC_INFLATE_H

#include "base/err.h"
#include "base/strbuf.h"

enum inflate_form { INFLATE_RAW, INFLATE_ZLIB };

/*
 * Appends what packed inflates to. -E2BIG when out cannot hold it (its ceiling is the budget),
 * -EBADMSG when the data is damaged, cut, or its checksum is wrong (zlib); out then holds what came
 * before. Bytes behind the end of the data are passed over.
 */
int inflate_bytes(
	enum inflate_form form, struct str packed, struct strbuf *out, struct err *err) MUST_CHECK;

#endif
