/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adapter over libarchive's tar reader. Only the tar format is switched on and no filter, so
 * nothing but tar is ever tried on hostile bytes. The library pulls blocks through block_read(),
 * which hands it our own buffer; an error of the source is kept aside, because the library would
 * put its own, poorer words in front.
 *
 * A path with ".." is reported as impossible instead of being cleaned: no tool that extracts layers
 * agrees with another about what it means, so it must never influence an inventory.
 */
#include "codec/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 256 << 10 };

struct tar {
	struct archive *archive;
	struct stream *source;
	struct tar_limits limits;
	uint64_t entries;
	struct err source_failure;
	bool opened;
	bool ended;
	struct strbuf path;
	struct strbuf target;
	char block[BLOCK_BYTES];
};

bool tar_normalise_path(struct str raw, size_t max, struct strbuf *out)
{
	if (str_has_nul(raw) || raw.n > max)
		return false;
	struct str rest = raw;
	struct str part;
	while (str_cut(&rest, '/', &part)) {
		if (!part.n || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR("..")))
			return false;
		if (out->n)
			strbuf_add_char(out, '/');
		strbuf_add_str(out, part);
	}
	return !strbuf_failed(out);
}

static la_ssize_t block_read(struct archive *archive, void *context, const void **block)
{
	struct tar *tar = context;
	size_t got;
	if (stream_read(tar->source, tar->block, BLOCK_BYTES, &got, &tar->source_failure) < 0) {
		archive_set_error(archive, EIO, "source failed");
		return -1;
	}
	*block = tar->block;
	return (la_ssize_t)got;
}

struct tar *tar_new(struct stream *source, const struct tar_limits *limits)
{
	struct tar *tar = calloc(1, sizeof(*tar));
	CHECK(tar);
	tar->source = source;
	tar->limits = *limits;
	tar->path.ceiling = limits->path;
	tar->target.ceiling = limits->path;
	tar->archive = archive_read_new();
	CHECK(tar->archive);
	CHECK(archive_read_support_format_tar(tar->archive) == ARCHIVE_OK);
	CHECK(archive_read_support_format_empty(tar->archive) == ARCHIVE_OK);
	return tar;
}

void tar_free(struct tar **tar)
{
	if (!*tar)
		return;
	archive_read_free((*tar)->archive);
	strbuf_free(&(*tar)->path);
	strbuf_free(&(*tar)->target);
	free(*tar);
	*tar = NULL;
}

static int failed(struct tar *tar, struct err *err)
{
	if (tar->source_failure.code) {
		if (err)
			*err = tar->source_failure;
		return err_trace(err, tar->source_failure.code);
	}
	const char *words = archive_error_string(tar->archive);
	return err_set(err, EBADMSG, "the tar archive is damaged after %" PRIu64 " entries: %s",
		tar->entries, words ? words : "no reason given");
}

static enum tar_entry_type entry_type(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return TAR_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return TAR_FILE;
	case AE_IFDIR:
		return TAR_DIRECTORY;
	case AE_IFLNK:
		return TAR_SYMLINK;
	default:
		return TAR_OTHER;
	}
}

static void fill(struct tar *tar, struct archive_entry *from, struct tar_entry *entry)
{
	struct str raw = str_from(archive_entry_pathname(from));
	int64_t size = archive_entry_size(from);
	*entry = (struct tar_entry){ .type = entry_type(from) };
	strbuf_clear(&tar->path);
	strbuf_clear(&tar->target);
	entry->impossible = !raw.p || !tar_normalise_path(raw, tar->limits.path, &tar->path);
	entry->size = size > 0 ? (uint64_t)size : 0;
	entry->executable = (archive_entry_perm(from) & 0111) != 0;
	if (entry->type == TAR_HARDLINK) {
		struct str target = str_from(archive_entry_hardlink(from));
		if (!tar_normalise_path(target, tar->limits.path, &tar->target))
			entry->impossible = true;
	} else if (entry->type == TAR_SYMLINK) {
		strbuf_add_str(&tar->target, str_from(archive_entry_symlink(from)));
		if (strbuf_failed(&tar->target))
			entry->impossible = true;
	}
	entry->path = strbuf_view(&tar->path);
	entry->target = strbuf_view(&tar->target);
}

int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err)
{
	if (tar->ended)
		return TAR_END;
	if (!tar->opened) {
		tar->opened = true;
		if (archive_read_open(tar->archive, tar, NULL, block_read, NULL) != ARCHIVE_OK)
			return failed(tar, err);
	}
	struct archive_entry *from;
	int r = archive_read_next_header(tar->archive, &from);
	if (r == ARCHIVE_EOF) {
		tar->ended = true;
		return TAR_END;
	}
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return failed(tar, err);
	if (++tar->entries > tar->limits.entries)
		return err_set(err, E2BIG, "the tar archive has more than %" PRIu64 " entries",
			tar->limits.entries);
	fill(tar, from, entry);
	return 0;
}

uint64_t tar_entries(const struct tar *tar)
{
	return tar->entries;
}

struct entry_stream {
	struct stream stream;
	struct tar *tar;
};

static int entry_read(struct stream *stream, void *buffer, size_t n, size_t *got, struct err *err)
{
	struct tar *tar = ((struct entry_stream *)stream)->tar;
	la_ssize_t r;
	do
		r = archive_read_data(tar->archive, buffer, n);
	while (r == ARCHIVE_RETRY);
	if (r < 0)
		return failed(tar, err);
	*got = (size_t)r;
	return 0;
}

static void entry_close(struct stream *stream)
{
	free(stream);
}

struct stream *tar_entry_stream(struct tar *tar)
{
	static const struct stream_ops ops = { entry_read, entry_close };
	struct entry_stream *self = calloc(1, sizeof(*self));
	CHECK(self);
	self->stream.ops = &ops;
	self->tar = tar;
	return &self->stream;
}
