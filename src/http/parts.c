/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer made of pieces of one file with text before, between and behind them (multipart
 * ranges). The library asks for bytes by position; which text or which piece of the file lies there
 * is found by walking the list, which is short. The list is on the heap and belongs to the
 * response, because the library may let go of the response after the request's arena is gone.
 */
#include "http/exchange.h"

#include "os/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEP_BYTES = 64 << 10 };

struct parts {
	int fd;
	size_t count;
	struct arena *arena; /* of the texts */
	struct str tail;
	struct http_part items[];
};

static size_t copy_text(struct str text, uint64_t at, char *buffer, size_t max)
{
	size_t left = text.n - (size_t)at;
	size_t n = left < max ? left : max;
	memcpy(buffer, text.p + at, n);
	return n;
}

static ssize_t copy_file(const struct parts *parts, const struct http_part *part, uint64_t at,
	char *buffer, size_t max)
{
	uint64_t left = part->n - at;
	size_t n;
	int rc = file_read_at(
		parts->fd, buffer, left < max ? (size_t)left : max, part->offset + at, &n, NULL);
	/* A file that became shorter: the connection ends, so that the client sees it. */
	return rc < 0 || !n ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)n;
}

static ssize_t read_parts(void *argument, uint64_t position, char *buffer, size_t max)
{
	const struct parts *parts = argument;
	for (size_t i = 0; i < parts->count; i++) {
		const struct http_part *part = &parts->items[i];
		if (position < part->head.n)
			return (ssize_t)copy_text(part->head, position, buffer, max);
		position -= part->head.n;
		if (position < part->n)
			return copy_file(parts, part, position, buffer, max);
		position -= part->n;
	}
	if (position >= parts->tail.n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return (ssize_t)copy_text(parts->tail, position, buffer, max);
}

static void free_parts(void *argument)
{
	struct parts *parts = argument;
	close(parts->fd);
	arena_free(&parts->arena);
	free(parts);
}

struct MHD_Response *http_parts_response(
	int fd, const struct http_part *items, size_t count, struct str tail, uint64_t *length)
{
	struct parts *parts = malloc(sizeof(*parts) + count * sizeof(parts->items[0]));
	CHECK(parts);
	parts->fd = fd;
	parts->count = count;
	parts->arena = arena_new(0);
	parts->tail = arena_str(parts->arena, tail);
	*length = tail.n;
	for (size_t i = 0; i < count; i++) {
		parts->items[i] = items[i];
		parts->items[i].head = arena_str(parts->arena, items[i].head);
		*length += items[i].head.n + items[i].n;
	}
	return MHD_create_response_from_callback(
		*length, STEP_BYTES, read_parts, parts, free_parts);
}
