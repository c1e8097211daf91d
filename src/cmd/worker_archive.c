/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole image archive (docker save, OCI archive) in one pass, so that it may come from a pipe.
 * What an entry is, is decided by its first bytes: archives are analyzed as layers where they
 * stand, JSON documents and links are handed out as they are, the rest is passed over. The reader
 * on the other side knows which entry is which from the documents, and throws away what no manifest
 * names.
 */
#include "base/limits.h"
#include "cmd/worker.h"
#include "codec/tar.h"

#include <inttypes.h>
/* The archive may hold as much as this many layers of full size. */
enum { LAYERS_OF_FULL_SIZE = 8 };

struct unpacking {
	struct worker *worker;
	const struct worker_request *request;
	struct tar *tar;
	uint64_t sent;
};

static int send_entry(
	struct unpacking *unpacking, const struct worker_entry *entry, struct err *err)
{
	struct worker *worker = unpacking->worker;
	unpacking->sent++;
	strbuf_clear(&worker->payload);
	worker_entry_encode(entry, &worker->payload);
	CHECK(!strbuf_failed(&worker->payload));
	int r = frame_send(worker->socket, FRAME_ENTRY, strbuf_view(&worker->payload), -1, err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int send_document(struct unpacking *unpacking, const struct tar_entry *entry,
	struct stream *content, struct err *err)
{
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_MANIFEST_BYTES);
	if (entry->size > LIMIT_MANIFEST_BYTES)
		return 0;
	size_t got;
	char *room = strbuf_reserve(&text, (size_t)entry->size);
	struct err damage = ERR_INIT;
	/* Damage of the archive shows up again in tar_next(), which words it. */
	if (stream_read_full(content, room, (size_t)entry->size, &got, &damage) < 0 || !got)
		return 0;
	strbuf_commit(&text, got);
	struct worker_entry document = { .path = entry->path, .document = strbuf_view(&text) };
	return send_entry(unpacking, &document, err);
}

static int send_layer(struct unpacking *unpacking, const struct tar_entry *entry,
	struct stream *content, struct err *err)
{
	struct worker *worker = unpacking->worker;
	struct analyze_input input = { .stream = content, .fd = -1, .hash_stored = true };
	worker_inventory(worker, unpacking->request, &input);
	struct worker_entry layer = { .path = entry->path, .layer = strbuf_view(&worker->text) };
	return send_entry(unpacking, &layer, err);
}

static int take_file(struct unpacking *unpacking, const struct tar_entry *entry, struct err *err)
{
	char head[STREAM_SNIFF_BYTES];
	size_t got;
	int r = 0;
	struct stream *content = tar_entry_stream(unpacking->tar);
	struct err damage = ERR_INIT;
	if (stream_read_full(content, head, sizeof(head), &got, &damage) < 0)
		got = 0;
	struct str first = { head, got };
	content = stream_prepend(content, first);
	switch (stream_sniff(first)) {
	case STREAM_JSON:
		r = send_document(unpacking, entry, content, err);
		break;
	case STREAM_TAR:
	case STREAM_GZIP:
	case STREAM_ZSTD:
		r = send_layer(unpacking, entry, content, err);
		break;
	default:
		break;
	}
	stream_close(&content);
	return r < 0 ? err_trace(err, r) : 0;
}

static int take_entry(struct unpacking *unpacking, const struct tar_entry *entry, struct err *err)
{
	if (entry->impossible || !entry->path.n)
		return 0;
	if (entry->type == TAR_FILE)
		return take_file(unpacking, entry, err);
	bool link = entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK;
	if (!link || !entry->target.n)
		return 0;
	struct worker_entry made = { .path = entry->path, .link = entry->target };
	return send_entry(unpacking, &made, err);
}

/* *state and words say how the archive was; the result is about the conversation only. */
static int walk(struct unpacking *unpacking, struct stream *inside, enum layer_state *state,
	struct err *words, struct err *err)
{
	*state = LAYER_FAILED;
	for (;;) {
		struct tar_entry entry;
		int r = tar_next(unpacking->tar, &entry, words);
		if (r < 0)
			return 0;
		if (r == TAR_END)
			break;
		r = take_entry(unpacking, &entry, err);
		if (r < 0)
			return err_trace(err, r);
		if (unpacking->sent > LIMIT_ARCHIVE_ENTRIES) {
			err_set(words, E2BIG,
				"the archive holds more than %zu layers, documents and links",
				LIMIT_ARCHIVE_ENTRIES);
			return 0;
		}
	}
	if (stream_drain(inside, words) == 0)
		*state = LAYER_OK;
	return 0;
}

static int read_archive(struct worker *worker, const struct worker_request *request,
	struct stream *source, enum layer_state *state, struct err *words, struct err *err)
{
	char head[STREAM_SNIFF_BYTES];
	size_t got;
	enum stream_format format;
	*state = LAYER_FAILED;
	if (stream_read_full(source, head, sizeof(head), &got, words) < 0)
		return 0;
	struct stream *view = stream_borrow(source);
	struct stream *inside = analyze_inflate(view, (struct str){ head, got }, &format);
	if (!inside) {
		stream_close(&view);
		*state = LAYER_NOT_A_LAYER;
		err_set(words, EBADMSG, "it is %s, not an image archive",
			stream_format_words(format));
		return 0;
	}
	uint64_t max;
	if (__builtin_mul_overflow(request->inflated_bytes, (uint64_t)LAYERS_OF_FULL_SIZE, &max))
		max = UINT64_MAX;
	inside = stream_limit(inside, max, "the archive holds");
	struct tar_limits limits = { .entries = request->entries, .path = LIMIT_ENTRY_PATH };
	struct unpacking unpacking = {
		.worker = worker, .request = request, .tar = tar_new(inside, &limits)
	};
	int r = walk(&unpacking, inside, state, words, err);
	tar_free(&unpacking.tar);
	stream_close(&inside);
	return r < 0 ? err_trace(err, r) : 0;
}

int worker_archive(
	struct worker *worker, const struct worker_request *request, int fd, struct err *err)
{
	struct err words = ERR_INIT;
	enum layer_state state;
	struct stream *source = stream_from_fd(fd);
	int r = read_archive(worker, request, source, &state, &words, err);
	stream_close(&source);
	if (r < 0)
		return err_trace(err, r);
	struct worker_archive archive = { .state = state,
		.reason = state == LAYER_OK ? STR("") : str_from(err_text(&words)) };
	strbuf_clear(&worker->payload);
	worker_archive_encode(&archive, &worker->payload);
	r = frame_send(worker->socket, FRAME_ARCHIVE, strbuf_view(&worker->payload), -1, err);
	return r < 0 ? err_trace(err, r) : 0;
}
