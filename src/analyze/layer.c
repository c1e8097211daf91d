/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From stored bytes to an inventory:
 *
 *   source → tap (count, digest) → gunzip | unzstd | nothing → limit → tap (count, diffID) → tar
 *
 * Both taps only copy into the hasher's ring. The tar ends before its bytes do (padding, or data
 * smuggled in behind the end mark); the rest is drained, because the diffID covers all of it. A
 * layer with a hard link to an entry that already passed is read again, without hashing; chains of
 * such links are followed for a few passes.
 */
#include "analyze/layer.h"

#include "analyze/walk.h"
#include "base/cleanup.h"
#include "base/limits.h"

#include <inttypes.h>

enum { PASSES_MAX = 4 };

struct meter {
	struct hasher *hasher;
	struct digest digest;
	bool hash;
	uint64_t bytes;
};

static void meter_tap(void *context, const void *bytes, size_t n)
{
	struct meter *meter = context;
	meter->bytes += n;
	if (meter->hash)
		hasher_add(meter->hasher, &meter->digest, bytes, n);
}

static void meter_begin(struct meter *meter, struct hasher *hasher, bool hash)
{
	*meter = (struct meter){ .hasher = hasher, .hash = hash };
	digest_init(&meter->digest, DIGEST_SHA256);
}

struct job {
	struct arena *arena;
	struct hasher *hasher;
	const struct analyze_input *input;
	const struct analyze_budget *budget;
	struct layer_inventory *inventory;
	struct meter stored;
	struct meter inflated;
	struct stream *source; /* of bytes as stored, with its tap */
	struct stream *tar;    /* of tar bytes; owns a borrowed view of source */
	enum stream_format format;
};

static int settle(struct job *job, enum layer_state state, const char *words)
{
	job->inventory->state = state;
	job->inventory->reason = arena_str(job->arena, str_from(words));
	return 1;
}

static int fail(struct job *job, const struct err *err)
{
	return settle(job, LAYER_FAILED, err_text(err));
}

struct stream *analyze_inflate(struct stream *source, struct str head, enum stream_format *format)
{
	*format = stream_sniff(head);
	switch (*format) {
	case STREAM_TAR:
		return stream_prepend(source, head);
	case STREAM_GZIP:
		return stream_gunzip(stream_prepend(source, head));
	case STREAM_ZSTD:
		return stream_unzstd(stream_prepend(source, head));
	default:
		return NULL;
	}
}

static int open_source(struct job *job, bool hash, struct err *err)
{
	struct stream *bottom;
	if (job->input->open) {
		bottom = job->input->open(job->input->context);
	} else if (job->input->stream) {
		bottom = stream_borrow(job->input->stream);
	} else {
		if (lseek(job->input->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
			return err_sys(err, "going back to the start of the layer");
		bottom = stream_from_fd(job->input->fd);
	}
	meter_begin(&job->stored, job->hasher, hash && job->input->hash_stored);
	meter_begin(&job->inflated, job->hasher, hash);
	job->source = stream_tap(bottom, meter_tap, &job->stored);
	return 0;
}

/* > 0: settled, the inventory has its state. */
static int open_tar(struct job *job)
{
	struct err err = ERR_INIT;
	char head[STREAM_SNIFF_BYTES];
	size_t got;
	if (stream_read_full(job->source, head, sizeof(head), &got, &err) < 0)
		return fail(job, &err);
	struct stream *view = stream_borrow(job->source);
	job->tar = analyze_inflate(view, (struct str){ head, got }, &job->format);
	if (!job->tar) {
		stream_close(&view);
		snprintf(err.text, sizeof(err.text), "it is %s, not a layer archive",
			stream_format_words(job->format));
		return settle(job, LAYER_NOT_A_LAYER, err.text);
	}
	/* Tar bytes and stored bytes of a plain tar are the same: hash them once. */
	if (job->format == STREAM_TAR)
		job->stored.hash = false;
	job->tar = stream_limit(job->tar, job->budget->inflated_bytes, "the layer inflates to");
	job->tar = stream_tap(job->tar, meter_tap, &job->inflated);
	if (job->format == STREAM_TAR)
		return 0;
	if (stream_read_full(job->tar, head, sizeof(head), &got, &err) < 0)
		return fail(job, &err);
	enum stream_format inner = stream_sniff((struct str){ head, got });
	job->tar = stream_prepend(job->tar, (struct str){ head, got });
	if (inner == STREAM_TAR || inner == STREAM_EMPTY)
		return 0;
	snprintf(err.text, sizeof(err.text),
		"it is compressed, and inside is %s, not a tar archive",
		stream_format_words(inner));
	return settle(job, LAYER_NOT_A_LAYER, err.text);
}

static void close_all(struct job *job)
{
	stream_close(&job->tar);
	stream_close(&job->source);
}

typedef int pass_fn(struct walk *walk, struct tar *tar, struct err *err);

static int run_pass(struct job *job, struct walk *walk, pass_fn *pass, struct err *err)
{
	struct tar_limits limits = { .entries = job->budget->entries, .path = LIMIT_ENTRY_PATH };
	AUTO(tar_free) struct tar *tar = tar_new(job->tar, &limits);
	int r = pass(walk, tar, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* Reads the layer again for the hard links that wait. Their count of passes is bounded. */
static int read_hard_links(struct job *job, struct walk *walk)
{
	struct err err = ERR_INIT;
	const struct place *waiting;
	for (unsigned pass = 1; (waiting = walk_waiting(walk)) != NULL; pass++) {
		bool last = pass == PASSES_MAX || job->input->stream ||
			    (!job->input->open && lseek(job->input->fd, 0, SEEK_SET) < 0);
		if (last)
			walk_give_up_links(walk);
		if (last && !walk_waiting(walk))
			return 0;
		if (last) {
			err_set(&err, EBADMSG,
				STR_FMT " is a hard link to " STR_FMT
					", which came before it, and this layer cannot be read %s",
				STR_ARG(waiting->path), STR_ARG(waiting->target),
				pass == PASSES_MAX ? "any more often" : "twice");
			return fail(job, &err);
		}
		close_all(job);
		if (open_source(job, false, &err) < 0)
			return fail(job, &err);
		int r = open_tar(job);
		if (r)
			return r;
		if (run_pass(job, walk, walk_hard_links, &err) < 0)
			return fail(job, &err);
	}
	return 0;
}

static int read_layer(struct job *job, struct walk *walk)
{
	struct err err = ERR_INIT;
	if (open_source(job, true, &err) < 0)
		return fail(job, &err);
	int r = open_tar(job);
	if (r)
		return r;
	if (run_pass(job, walk, walk_entries, &err) < 0 || stream_drain(job->tar, &err) < 0)
		return fail(job, &err);
	return 0;
}

static void finish_digests(struct job *job)
{
	char text[DIGEST_TEXT_MAX];
	struct layer_inventory *inventory = job->inventory;
	struct err ignored = ERR_INIT;
	/* The digest is that of all stored bytes even when they are no layer; what cannot be read
	 * leaves it empty. */
	struct stream *rest = job->format == STREAM_TAR ? job->tar : job->source;
	bool whole = !job->input->hash_stored ||
		     (rest && stream_drain(rest, &ignored) >= 0 && job->source);
	hasher_finish(job->hasher);
	inventory->compressed_bytes = job->stored.bytes;
	inventory->inflated_bytes = job->inflated.bytes;
	if (job->inflated.hash) {
		digest_final(&job->inflated.digest, text);
		if (inventory->state == LAYER_OK)
			inventory->diff_id = arena_str(job->arena, str_from(text));
	}
	if (!job->input->hash_stored || !whole)
		return;
	if (job->format != STREAM_TAR)
		digest_final(&job->stored.digest, text);
	inventory->digest = arena_str(job->arena, str_from(text));
}

void analyze_layer(struct arena *arena, struct hasher *hasher, const struct analyze_input *input,
	const struct analyze_budget *budget, struct layer_inventory *inventory)
{
	static const char *const formats[] = {
		[STREAM_TAR] = "tar", [STREAM_GZIP] = "tar+gzip", [STREAM_ZSTD] = "tar+zstd"
	};
	struct job job = {
		.arena = arena,
		.hasher = hasher,
		.input = input,
		.budget = budget,
		.inventory = inventory,
	};
	struct walk walk;

	*inventory = (struct layer_inventory){ .analyzers = analyze_versions(arena) };
	walk_begin(&walk, arena, budget, inventory);
	int settled = read_layer(&job, &walk);
	finish_digests(&job);
	if (!settled)
		settled = read_hard_links(&job, &walk);
	close_all(&job);
	struct err err = ERR_INIT;
	if (!settled && walk_finish(&walk, &err) < 0)
		settled = fail(&job, &err);
	walk_end(&walk);
	if (job.format == STREAM_TAR || job.format == STREAM_GZIP || job.format == STREAM_ZSTD)
		inventory->format = str_from(formats[job.format]);
	if (!settled)
		return;
	/* Half an inventory would look like a whole one. */
	inventory->diff_id = STR("");
	inventory->packages.n = inventory->facts.n = inventory->files.n = 0;
	inventory->hides.n = inventory->links.n = 0;
}
