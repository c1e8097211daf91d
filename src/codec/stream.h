/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that are pulled. A stream is read until *got is 0 (the end) or it fails; after a failure
 * every further read fails with the same words (sticky), so a reader above may test once. Wrappers
 * (limit, tap, gzip, zstd, …) own their source: closing the outermost closes all.
 *
 * A stream belongs to one thread at a time. Nothing here opens files or makes threads, so all of it
 * works inside the sandbox of the worker.
 */
#ifndef CODEC_STREAM_H
#define CODEC_STREAM_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

struct stream_ops {
	/* Up to n bytes (n > 0); *got == 0 only at the end. */
	int (*read)(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err);
	void (*close)(struct stream *stream); /* frees the stream too */
};

struct stream {
	const struct stream_ops *ops;
	struct err failure; /* code != 0: sticky */
};

/* One read. 0 with *got == 0 is the end. */
int stream_read(
	struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err) MUST_CHECK;
/* Reads until n bytes or the end. */
int stream_read_full(
	struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err) MUST_CHECK;
/* Reads and drops the rest, so that taps below see every byte. */
int stream_drain(struct stream *stream, struct err *err) MUST_CHECK;
void stream_close(struct stream **stream); /* NULL inside is fine; nulls *stream */

/* From the present position of fd, which is borrowed. */
struct stream *stream_from_fd(int fd);
/* Over bytes that outlive the stream. */
struct stream *stream_from_bytes(struct str bytes);
/* Reads through to source without owning it: closing leaves source open. */
struct stream *stream_borrow(struct stream *source);
/* Fails with -E2BIG and "<what> more than the limit of N bytes" once more than max bytes came by.
 */
struct stream *stream_limit(struct stream *source, uint64_t max, const char *what);
/* Calls fn with every piece of bytes that passes. */
typedef void stream_tap_fn(void *context, const void *bytes, size_t n);
struct stream *stream_tap(struct stream *source, stream_tap_fn *fn, void *context);
/* Gives back head (copied) before what source still has. */
struct stream *stream_prepend(struct stream *source, struct str head);

/*
 * gzip (RFC 1952) by ISA-L: any number of members one after the other; zero bytes behind the last
 * one are padding; anything else there, a cut member and a wrong checksum are errors.
 */
struct stream *stream_gunzip(struct stream *source);
/* zstd (RFC 8878): any number of frames, skippable ones included; windows up to 128 MiB. */
struct stream *stream_unzstd(struct stream *source);

/* What the first bytes say. */
enum stream_format {
	STREAM_EMPTY, /* no byte at all */
	STREAM_TAR,
	STREAM_GZIP,
	STREAM_ZSTD,
	STREAM_JSON, /* first character that is not blank is { or [ */
	STREAM_XZ,
	STREAM_BZIP2,
	STREAM_ZIP,
	STREAM_UNKNOWN,
};
enum { STREAM_SNIFF_BYTES = 512 };
/* head: the first STREAM_SNIFF_BYTES of the data, fewer only when the data is shorter. */
enum stream_format stream_sniff(struct str head);
const char *stream_format_words(enum stream_format format); /* "JSON", "data of unknown form" … */

#endif
