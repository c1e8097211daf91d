/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames in bytes (contract in protocol.h). Texts inside payloads are a 32-bit length and the
 * bytes; a payload must be used up exactly. Pure functions; the socket calls are in transport.c.
 */
#include "inventory/protocol.h"

#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

#define FRAME_MAGIC 0x315a4c57u /* "WLZ1" */

static void put_u32(struct strbuf *out, uint32_t value)
{
	char bytes[4];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(unsigned char)(value >> (8 * i));
	strbuf_add(out, bytes, sizeof(bytes));
}

static void put_u64(struct strbuf *out, uint64_t value)
{
	put_u32(out, (uint32_t)value);
	put_u32(out, (uint32_t)(value >> 32));
}

static void put_text(struct strbuf *out, struct str text)
{
	put_u32(out, (uint32_t)text.n);
	strbuf_add_str(out, text);
}

/* Takes from the front of *rest; a lack of bytes sets *broken and gives zeros. */
static uint64_t take_number(struct str *rest, size_t bytes, bool *broken)
{
	uint64_t value = 0;
	if (rest->n < bytes) {
		*broken = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)(unsigned char)rest->p[i] << (8 * i);
	*rest = str_skip(*rest, bytes);
	return value;
}

static struct str take_text(struct str *rest, bool *broken)
{
	size_t n = (size_t)take_number(rest, 4, broken);
	if (n > rest->n) {
		*broken = true;
		return STR("");
	}
	struct str text = str_sub(*rest, 0, n);
	*rest = str_skip(*rest, n);
	return text;
}

uint64_t frame_payload_max(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_REQUEST:
		return LIMIT_ENTRY_PATH + 64;
	case FRAME_HELLO:
		return 256;
	case FRAME_LAYER:
		return LIMIT_INVENTORY_BYTES;
	case FRAME_ENTRY:
		return LIMIT_INVENTORY_BYTES + 2 * LIMIT_ENTRY_PATH + 64;
	case FRAME_ARCHIVE:
		return LIMIT_PACKAGE_TEXT;
	case FRAME_WANT:
		return 8;
	case FRAME_GROWTH:
		return 4 + 8;
	}
	return 0;
}

void frame_encode_header(enum frame_kind kind, uint64_t length, char out[FRAME_HEADER_BYTES])
{
	AUTO_STRBUF struct strbuf header = STRBUF(FRAME_HEADER_BYTES);
	put_u32(&header, FRAME_MAGIC);
	put_u32(&header, (uint32_t)kind);
	put_u64(&header, length);
	memcpy(out, strbuf_cstr(&header), FRAME_HEADER_BYTES);
}

int frame_decode_header(const char header[FRAME_HEADER_BYTES], enum frame_kind *kind,
	uint64_t *length, struct err *err)
{
	struct str rest = { header, FRAME_HEADER_BYTES };
	bool broken = false;
	uint64_t magic = take_number(&rest, 4, &broken);
	uint64_t found = take_number(&rest, 4, &broken);
	uint64_t n = take_number(&rest, 8, &broken);
	if (magic != FRAME_MAGIC)
		return err_set(err, EPROTO, "not a frame of the worker protocol");
	uint64_t max = found <= FRAME_GROWTH ? frame_payload_max((enum frame_kind)found) : 0;
	if (!max)
		return err_set(err, EPROTO, "a frame of unknown kind %" PRIu64, found);
	if (n > max)
		return err_set(err, EPROTO,
			"a frame of kind %" PRIu64 " with %" PRIu64 " bytes, at most %" PRIu64
			" are allowed",
			found, n, max);
	*kind = (enum frame_kind)found;
	*length = n;
	return 0;
}

void worker_request_encode(const struct worker_request *request, struct strbuf *out)
{
	put_u32(out, (uint32_t)request->kind);
	put_u64(out, request->inflated_bytes);
	put_u64(out, request->entries);
	put_u64(out, request->database_bytes);
	put_u64(out, request->file_bytes);
	put_u64(out, request->nested_bytes);
	put_u64(out, request->nested_entries);
	put_u64(out, request->nested_depth);
	put_text(out, str_sub(request->name, 0, LIMIT_ENTRY_PATH));
}

int worker_request_decode(struct str payload, struct worker_request *request, struct err *err)
{
	bool broken = false;
	struct str rest = payload;
	uint64_t kind = take_number(&rest, 4, &broken);
	struct worker_request found = {
		.inflated_bytes = take_number(&rest, 8, &broken),
		.entries = take_number(&rest, 8, &broken),
		.database_bytes = take_number(&rest, 8, &broken),
		.file_bytes = take_number(&rest, 8, &broken),
		.nested_bytes = take_number(&rest, 8, &broken),
		.nested_entries = take_number(&rest, 8, &broken),
		.nested_depth = take_number(&rest, 8, &broken),
		.name = take_text(&rest, &broken),
	};
	if (broken || rest.n || kind < WORKER_REQUEST_LAYER || kind > WORKER_REQUEST_FOLLOW)
		return err_set(err, EPROTO, "a malformed request");
	found.kind = (enum worker_request_kind)kind;
	*request = found;
	return 0;
}

void worker_entry_encode(const struct worker_entry *entry, struct strbuf *out)
{
	put_text(out, entry->path);
	put_text(out, entry->link);
	put_text(out, entry->document);
	put_text(out, entry->layer);
}

int worker_entry_decode(struct str payload, struct worker_entry *entry, struct err *err)
{
	bool broken = false;
	struct str rest = payload;
	struct worker_entry found = {
		.path = take_text(&rest, &broken),
		.link = take_text(&rest, &broken),
		.document = take_text(&rest, &broken),
		.layer = take_text(&rest, &broken),
	};
	int filled = !!found.link.n + !!found.document.n + !!found.layer.n;
	if (broken || rest.n || filled != 1 || !found.path.n || found.path.n > LIMIT_ENTRY_PATH ||
		found.link.n > LIMIT_ENTRY_PATH || found.document.n > LIMIT_MANIFEST_BYTES)
		return err_set(err, EPROTO, "a malformed archive entry");
	*entry = found;
	return 0;
}

void worker_archive_encode(const struct worker_archive *archive, struct strbuf *out)
{
	put_u32(out, (uint32_t)archive->state);
	put_text(out, archive->reason);
}

int worker_archive_decode(struct str payload, struct worker_archive *archive, struct err *err)
{
	bool broken = false;
	struct str rest = payload;
	uint64_t state = take_number(&rest, 4, &broken);
	struct str reason = take_text(&rest, &broken);
	if (broken || rest.n || state > LAYER_FAILED || (state == LAYER_OK) != (reason.n == 0))
		return err_set(err, EPROTO, "a malformed archive result");
	archive->state = (enum layer_state)state;
	archive->reason = reason;
	return 0;
}

void worker_growth_encode(const struct worker_growth *growth, struct strbuf *out)
{
	put_u32(out, (uint32_t)growth->state);
	put_u64(out, growth->bytes);
}

int worker_growth_decode(struct str payload, struct worker_growth *growth, struct err *err)
{
	bool broken = false;
	struct str rest = payload;
	uint64_t state = take_number(&rest, 4, &broken);
	uint64_t bytes = take_number(&rest, 8, &broken);
	if (broken || rest.n || state > WORKER_GIVEN_UP || bytes > INT64_MAX)
		return err_set(err, EPROTO, "a malformed growth");
	*growth = (struct worker_growth){ (enum worker_growth_state)state, bytes };
	return 0;
}

void worker_want_encode(uint64_t have, struct strbuf *out)
{
	put_u64(out, have);
}

int worker_want_decode(struct str payload, uint64_t *have, struct err *err)
{
	bool broken = false;
	struct str rest = payload;
	*have = take_number(&rest, 8, &broken);
	return broken || rest.n ? err_set(err, EPROTO, "a malformed want") : 0;
}
