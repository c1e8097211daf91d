/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer from stored bytes to its inventory. Never fails as a function: what is wrong with the
 * layer is the inventory's state and reason, because that is what people need to see. One thread,
 * plus the hasher's.
 */
#ifndef ANALYZE_LAYER_H
#define ANALYZE_LAYER_H

#include "analyze/hasher.h"
#include "base/arena.h"
#include "codec/stream.h"
#include "inventory/layer.h"

struct analyze_budget {
	uint64_t inflated_bytes;
	uint64_t entries;
	uint64_t database_bytes; /* one package database */
	/* Of languages' files; 0: the limit in base/limits.h. */
	uint64_t file_bytes;	 /* one file, and all archives that are open inside it */
	uint64_t nested_bytes;	 /* unpacked from archives */
	uint64_t nested_entries; /* their members */
	uint64_t nested_depth;	 /* archives inside archives */
};

struct analyze_input {
	/* Bytes as stored. NULL: read from fd at offset 0; only then can a layer be read twice. */
	struct stream *stream;
	int fd;
	/* Where set: makes a stream from the first stored byte on, as often as it is called, in
	 * place of stream and fd. */
	struct stream *(*open)(void *context);
	void *context;
	bool hash_stored; /* fill inventory->digest, whatever the state */
};

/*
 * All text is in arena; packages past the arena's ceiling fail the layer. The bytes are read to
 * their end, also behind the end mark of the tar; after a failure only if hash_stored asks for it.
 */
void analyze_layer(struct arena *arena, struct hasher *hasher, const struct analyze_input *input,
	const struct analyze_budget *budget, struct layer_inventory *inventory);

/*
 * Opens what tar bytes are inside: plain, gzip or zstd. head is what was read from source already,
 * to be looked at and given back. The result owns source. NULL: *format is none of these and source
 * is left alone.
 */
struct stream *analyze_inflate(struct stream *source, struct str head, enum stream_format *format);

#endif
