/* SPDX-License-Identifier: Apache-2.0 */
/* See inflate.h: ISA-L, in pieces, so that a bomb costs no more than the ceiling of the buffer. */
#include "codec/inflate.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum { PIECE_BYTES = 64 << 10 };

static int inflate_piece(struct inflate_state *state, struct strbuf *out, struct err *err)
{
	size_t room = out->ceiling - out->n < PIECE_BYTES ? out->ceiling - out->n : PIECE_BYTES;
	uint8_t spare = 0;
	/* With a full buffer one more byte tells whether the data goes on. */
	uint8_t *target = room ? (uint8_t *)strbuf_reserve(out, room) : &spare;
	CHECK(target);
	state->next_out = target;
	state->avail_out = room ? (uint32_t)room : 1;
	int r = isal_inflate(state);
	size_t made = (size_t)(state->next_out - target);
	if (r != ISAL_DECOMP_OK)
		return err_set(err, EBADMSG, "its deflate data is damaged (%d)", r);
	if (!room && made)
		return err_set(err, E2BIG, "it inflates to more than the limit of %zu bytes",
			out->ceiling);
	if (room)
		strbuf_commit(out, made);
	if (!made && !state->avail_in && state->block_state != ISAL_BLOCK_FINISH)
		return err_set(err, EBADMSG, "its deflate data is cut");
	return 0;
}

int inflate_bytes(enum inflate_form form, struct str packed, struct strbuf *out, struct err *err)
{
	struct inflate_state *state = malloc(sizeof(*state));
	CHECK(state);
	int r = 0;
	isal_inflate_init(state);
	state->crc_flag = form == INFLATE_ZLIB ? ISAL_ZLIB : ISAL_DEFLATE;
	if (packed.n > UINT32_MAX)
		r = err_set(err, E2BIG, "4 GiB of deflate data or more");
	/* The library does not write through it. */
	union {
		const char *from;
		uint8_t *to;
	} bytes = { .from = packed.p };
	state->next_in = bytes.to;
	state->avail_in = (uint32_t)packed.n;
	while (r == 0 && state->block_state != ISAL_BLOCK_FINISH)
		r = inflate_piece(state, out, err);
	free(state);
	return r < 0 ? err_trace(err, r) : 0;
}
