/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation between the server and a worker over a Unix stream socket. Every message is a
 * frame: a header of 16 bytes (magic, kind, length of the payload) and the payload. The worker says
 * hello once; then each request, which carries one open descriptor, is answered by any number of
 * entry frames (archives only) and one result frame. Numbers are little-endian.
 *
 * A follow request is a layer request for a file that still grows. Whenever the worker has read
 * all it was told of, it says so (want) and gets exactly one growth frame, which may be long in
 * coming: so neither side ever has more than one frame on its way, the worker can be slower or
 * faster than the growth, and time it waits for the growth can be told from time it works.
 *
 * Both sides bound what they accept by kind: see frame_payload_max(). Neither believes the other.
 */
#ifndef INVENTORY_PROTOCOL_H
#define INVENTORY_PROTOCOL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "inventory/layer.h"

enum frame_kind {
	FRAME_REQUEST = 1, /* to the worker; struct worker_request, one descriptor attached */
	FRAME_HELLO,	   /* from the worker, once: words about its sandbox */
	FRAME_ENTRY,	   /* struct worker_entry */
	FRAME_LAYER,	   /* result of a layer request: inventory in wire form */
	FRAME_ARCHIVE,	   /* result of an archive request: struct worker_archive */
	FRAME_WANT,	   /* follow requests only: the worker has read so many bytes (8 bytes) */
	FRAME_GROWTH,	   /* to the worker, the answer to that: struct worker_growth */
};

enum { FRAME_HEADER_BYTES = 16 };

/* A worker that ran out of memory ends with this status. */
enum { WORKER_EXIT_MEMORY = 71 };
/* Where a worker finds its socket, and a pipe for words about its own end. */
enum { WORKER_SOCKET = 3, WORKER_WORDS = 4 };

struct frame {
	enum frame_kind kind;
	struct str payload;
};

/* 0 for a kind that does not exist. */
uint64_t frame_payload_max(enum frame_kind kind);
void frame_encode_header(enum frame_kind kind, uint64_t length, char out[FRAME_HEADER_BYTES]);
/* -EPROTO: no frame header, or more than the kind may carry. */
int frame_decode_header(const char header[FRAME_HEADER_BYTES], enum frame_kind *kind,
	uint64_t *length, struct err *err) MUST_CHECK;

enum worker_request_kind {
	WORKER_REQUEST_LAYER = 1,
	WORKER_REQUEST_ARCHIVE,
	WORKER_REQUEST_FOLLOW, /* answered by FRAME_LAYER */
};

struct worker_request {
	enum worker_request_kind kind;
	uint64_t inflated_bytes;
	uint64_t entries;
	uint64_t database_bytes;
	uint64_t file_bytes;	 /* one executable or archive, and all that are open inside it */
	uint64_t nested_bytes;	 /* unpacked from archives inside the layer's files */
	uint64_t nested_entries; /* members of these archives */
	uint64_t nested_depth;	 /* archives inside archives */
	struct str name;	 /* for words only */
};
void worker_request_encode(const struct worker_request *request, struct strbuf *out);
/* name borrows from payload. */
int worker_request_decode(
	struct str payload, struct worker_request *request, struct err *err) MUST_CHECK;

/* One thing inside an archive. Exactly one of link, document and layer is not empty. */
struct worker_entry {
	struct str path;
	struct str link;
	struct str document; /* JSON text */
	struct str layer;    /* inventory in wire form */
};
void worker_entry_encode(const struct worker_entry *entry, struct strbuf *out);
/* Borrows from payload. */
int worker_entry_decode(struct str payload, struct worker_entry *entry, struct err *err) MUST_CHECK;

struct worker_archive {
	enum layer_state state;
	struct str reason; /* empty only for LAYER_OK */
};
void worker_archive_encode(const struct worker_archive *archive, struct strbuf *out);
/* Borrows from payload. */
int worker_archive_decode(
	struct str payload, struct worker_archive *archive, struct err *err) MUST_CHECK;

/* How far a followed file goes. */
enum worker_growth_state {
	WORKER_GROWING,	 /* bytes may be read, more may come */
	WORKER_GROWN,	 /* that is all of it */
	WORKER_GIVEN_UP, /* the rest will not come: the answer does not matter */
};
struct worker_growth {
	enum worker_growth_state state;
	uint64_t bytes;
};
void worker_growth_encode(const struct worker_growth *growth, struct strbuf *out);
int worker_growth_decode(
	struct str payload, struct worker_growth *growth, struct err *err) MUST_CHECK;
void worker_want_encode(uint64_t have, struct strbuf *out);
int worker_want_decode(struct str payload, uint64_t *have, struct err *err) MUST_CHECK;

/*
 * Transport. Sending blocks, and attaches a copy of passed_fd unless it is -1. Receiving puts the
 * payload into buffer (cleared first) and fills *frame from it; a descriptor that came along goes
 * to *passed_fd (close-on-exec; -1: none). It waits for as long as deadline says, NULL: for ever.
 * FRAME_END: the other side closed between two frames; FRAME_LATE: the deadline passed. Another end
 * of the other side is -EPIPE or -ECONNRESET.
 */
enum { FRAME_END = 1, FRAME_LATE = 2 };
struct frame_deadline {
	const struct clock *clock;
	int64_t at_us; /* of the monotonic clock */
};
int frame_send(int socket, enum frame_kind kind, struct str payload, int passed_fd,
	struct err *err) MUST_CHECK;
int frame_receive(int socket, const struct frame_deadline *deadline, struct strbuf *buffer,
	struct frame *frame, int *passed_fd, struct err *err) MUST_CHECK;

#endif
