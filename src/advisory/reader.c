/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads paths into records; contract in reader.h. Zip archives go through libarchive, which reads
 * by the central directory and falls back to the entries themselves when that is damaged. Only
 * names that end in ".json" are records. Directories are walked in the order of names; symbolic
 * links in them are not followed.
 */
#include "advisory/reader.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/strbuf.h"

#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum { READ_BLOCK = 1 << 17, DIRECTORY_DEPTH_MAX = 32 };

/* "/var/feeds/Debian/all.zip" → "Debian/all.zip": enough to tell feeds apart, wherever they lie. */
static struct str name_of(char resolved[PATH_MAX])
{
	struct str path = str_from(resolved);
	size_t slash = str_rfind(path, '/');
	size_t before = slash == STR_NONE ? STR_NONE : str_rfind(str_sub(path, 0, slash), '/');
	return before == STR_NONE ? path : str_skip(path, before + 1);
}

static int begin(const char *path, bool whole, const struct reader_sink *sink, struct err *err)
{
	char resolved[PATH_MAX];
	if (!realpath(path, resolved))
		return err_sys(err, "cannot read %s", path);
	int r = sink->begin(sink->context, name_of(resolved), whole, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/* libarchive gives NULL or nothing at all where it has no words or an entry has no name. */
static struct str or_else(const char *text, struct str otherwise)
{
	return text && *text ? str_from(text) : otherwise;
}

static int read_entry(struct archive *archive, struct str place, const struct reader_sink *sink,
	struct strbuf *bytes, struct err *err)
{
	strbuf_clear(bytes);
	ssize_t n = 0;
	char *room;
	while ((room = strbuf_reserve(bytes, READ_BLOCK)) &&
		(n = archive_read_data(archive, room, READ_BLOCK)) > 0)
		strbuf_commit(bytes, (size_t)n);
	int r;
	if (!room)
		r = sink->bad(
			sink->context, place, STR("larger than the limit for one record"), err);
	else if (n < 0)
		r = sink->bad(sink->context, place,
			or_else(archive_error_string(archive), STR("damaged")), err);
	else
		r = sink->record(sink->context, place, strbuf_view(bytes), err);
	return r < 0 ? err_trace(err, r) : 0;
}

struct archive *reader_archive_new(void)
{
	struct archive *archive = archive_read_new();
	CHECK(archive && archive_read_support_format_zip(archive) == ARCHIVE_OK);
	return archive;
}

int reader_archive(struct archive *archive, const struct reader_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf bytes = STRBUF(LIMIT_ADVISORY_BYTES + READ_BLOCK);
	struct archive_entry *entry;
	int status;
	int r = 0;
	/* ARCHIVE_WARN is a usable entry; ARCHIVE_FAILED one that is not, with others behind it. */
	while (r == 0 && (status = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF &&
		status != ARCHIVE_FATAL) {
		struct str place =
			or_else(archive_entry_pathname(entry), STR("(entry without a name)"));
		if (status == ARCHIVE_FAILED)
			r = sink->bad(sink->context, place, STR("damaged archive entry"), err);
		else if (status != ARCHIVE_RETRY && archive_entry_filetype(entry) == AE_IFREG &&
			 str_ends(place, STR(".json")))
			r = read_entry(archive, place, sink, &bytes, err);
	}
	if (r == 0 && status == ARCHIVE_FATAL)
		r = sink->bad(sink->context, STR("(archive)"),
			or_else(archive_error_string(archive), STR("damaged")), err);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_zip(int fd, const struct reader_sink *sink, struct err *err)
{
	struct archive *archive = reader_archive_new();
	int r;
	if (archive_read_open_fd(archive, fd, READ_BLOCK) != ARCHIVE_OK)
		r = sink->bad(sink->context, STR("(archive)"), STR("not a zip archive"), err);
	else
		r = reader_archive(archive, sink, err);
	archive_read_free(archive);
	return r < 0 ? err_trace(err, r) : 0;
}

static int read_stream(
	int fd, const char *path, bool lines, const struct reader_sink *sink, struct err *err)
{
	struct splitter *splitter = splitter_new(lines, sink);
	AUTO_FREE char *block = malloc(READ_BLOCK);
	CHECK(block);
	int r = 0;
	ssize_t n;
	while (r == 0 && (n = read(fd, block, READ_BLOCK)) != 0)
		r = n < 0 ? err_sys(err, "cannot read %s", path)
			  : splitter_feed(splitter, (struct str){ block, (size_t)n }, err);
	if (r == 0)
		r = splitter_end(splitter, err);
	splitter_free(&splitter);
	return r < 0 ? err_trace(err, r) : 0;
}

static bool is_container(struct str name)
{
	return str_ends(name, STR(".zip")) || str_ends(name, STR(".jsonl"));
}

/* The content of one file into the container that is open. */
static int read_content(const char *path, const struct reader_sink *sink, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "cannot read %s", path);
	struct str name = str_from(path);
	int r = str_ends(name, STR(".zip"))
			? read_zip(fd, sink, err)
			: read_stream(fd, path, str_ends(name, STR(".jsonl")), sink, err);
	return r < 0 ? err_trace(err, r) : 0;
}

/*
 * A file of its own. A .zip or .jsonl is the whole of its feed; a single .json only adds to or
 * replaces in the feed that the folder it lies in is.
 */
static int read_file(const char *path, const struct reader_sink *sink, struct err *err)
{
	bool whole = is_container(str_from(path));
	char folder[PATH_MAX];
	size_t slash = str_rfind(str_from(path), '/');
	if (slash == STR_NONE)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash ? slash : 1), path);
	int r = begin(whole ? path : folder, whole, sink, err);
	if (r == 0)
		r = read_content(path, sink, err);
	if (r == 0)
		r = sink->end(sink->context, err);
	return r < 0 ? err_trace(err, r) : 0;
}

struct listing {
	struct dirent **items;
	int n;
};

static void free_listing(struct listing *listing)
{
	for (int i = 0; i < listing->n; i++)
		free(listing->items[i]);
	free(listing->items);
}

static int no_dots(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static int kind_of(
	const char *folder, const char *name, char path[PATH_MAX], mode_t *kind, struct err *err)
{
	struct stat st;
	if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "a path in %s is too long", folder);
	if (lstat(path, &st) < 0)
		return err_sys(err, "cannot read %s", path);
	*kind = st.st_mode & S_IFMT;
	return 0;
}

/* The loose records of a folder are one container; archives and subfolders follow as their own. */
static int read_folder(
	const char *folder, unsigned depth, const struct reader_sink *sink, struct err *err)
{
	if (depth > DIRECTORY_DEPTH_MAX)
		return err_set(err, ELOOP, "%s is nested too deeply", folder);
	AUTO(free_listing) struct listing listing = { 0 };
	listing.n = scandir(folder, &listing.items, no_dots, alphasort);
	if (listing.n < 0) {
		listing.n = 0;
		return err_sys(err, "cannot read %s", folder);
	}
	char path[PATH_MAX];
	mode_t kind;
	bool open_container = false;
	int r = 0;
	for (int i = 0; i < listing.n && r == 0; i++) {
		if (!str_ends(str_from(listing.items[i]->d_name), STR(".json")))
			continue;
		r = kind_of(folder, listing.items[i]->d_name, path, &kind, err);
		if (r == 0 && kind == S_IFREG && !open_container) {
			r = begin(folder, true, sink, err);
			open_container = true;
		}
		if (r == 0 && kind == S_IFREG)
			r = read_content(path, sink, err);
	}
	if (r == 0 && open_container)
		r = sink->end(sink->context, err);
	for (int i = 0; i < listing.n && r == 0; i++) {
		r = kind_of(folder, listing.items[i]->d_name, path, &kind, err);
		if (r == 0 && kind == S_IFDIR)
			r = read_folder(path, depth + 1, sink, err);
		else if (r == 0 && kind == S_IFREG && is_container(str_from(path)))
			r = read_file(path, sink, err);
	}
	return r < 0 ? err_trace(err, r) : 0;
}

int reader_path(const char *path, const struct reader_sink *sink, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, "cannot read %s", path);
	int r;
	if (S_ISDIR(st.st_mode))
		r = read_folder(path, 0, sink, err);
	else if (str_ends(str_from(path), STR(".json")) || is_container(str_from(path)))
		r = read_file(path, sink, err);
	else
		return err_set(err, EINVAL,
			"%s is neither a directory nor a .zip, .json or .jsonl file", path);
	return r < 0 ? err_trace(err, r) : 0;
}
