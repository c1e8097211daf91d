/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root directory as one layer: a thread walks it and writes a tar into a pipe, a worker reads the
 * other end. So a root directory meets the same code and the same sandbox as any layer.
 *
 * The walk stays where it was sent: every name is opened relative to its directory without
 * following links, other file systems are not entered (which leaves out proc, sys and dev of a
 * running system; a directory named so at the top is left out too), and only directories, regular
 * files and symbolic links are passed on, links as links. Content is passed on only where analyzers
 * look for it (inventory/watched.h): a running system has tens of
 * gigabytes that nobody would read. All other files are passed on as empty ones, because that a
 * path exists can matter. A file above LIMIT_SPOOL_BYTES is an empty one too, counted. What
 * cannot be read, or changes while it is read, is counted and told, never fatal: a live system is a
 * legitimate target.
 */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "cmd/scan_target.h"
#include "inventory/watched.h"
#include "os/file.h"
#include "os/thread.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_DEPTH = 200, COPY_BYTES = 65536 };

struct walk {
	struct archive *tar;
	dev_t device;
	struct strbuf path; /* of the current directory, "" or ending with "/" */
	struct root_notes notes;
	int root;
	int pipe;
	bool reader_gone; /* the worker reads no more: end quietly, its answer says why */
	char copy[COPY_BYTES];
};

/* libarchive writes through this, so that a closed pipe is an error code and nothing else. */
static la_ssize_t write_pipe(struct archive *tar, void *context, const void *bytes, size_t n)
{
	struct walk *walk = context;
	for (;;) {
		ssize_t written = write(walk->pipe, bytes, n);
		if (written >= 0)
			return written;
		if (errno != EINTR) {
			archive_set_error(tar, errno, "the reader is gone");
			return -1;
		}
	}
}

static struct archive_entry *entry_for(const struct walk *walk, const struct stat *st)
{
	struct archive_entry *entry = archive_entry_new();
	CHECK(entry);
	archive_entry_copy_stat(entry, st);
	archive_entry_set_nlink(entry, 1); /* hard links are passed on as files */
	archive_entry_set_pathname(entry, strbuf_cstr(&walk->path));
	return entry;
}

static bool put_header(struct walk *walk, struct archive_entry *entry)
{
	int r = archive_write_header(walk->tar, entry);
	archive_entry_free(entry);
	if (r == ARCHIVE_FATAL)
		walk->reader_gone = true;
	return r == ARCHIVE_OK || r == ARCHIVE_WARN;
}

static void put_link(struct walk *walk, int directory, const char *name, const struct stat *st)
{
	char target[LIMIT_ENTRY_PATH];
	ssize_t n = readlinkat(directory, name, target, sizeof(target) - 1);
	if (n < 0) {
		walk->notes.vanished++;
		return;
	}
	target[n] = '\0';
	struct archive_entry *entry = entry_for(walk, st);
	archive_entry_set_size(entry, 0);
	archive_entry_set_symlink(entry, target);
	put_header(walk, entry);
}

/* A file that shrinks is filled with zeros by libarchive, one that grows is cut. */
static void put_content(struct walk *walk, int fd, uint64_t size)
{
	while (size && !walk->reader_gone) {
		size_t want = size < COPY_BYTES ? (size_t)size : COPY_BYTES;
		ssize_t got = read(fd, walk->copy, want);
		if (got <= 0) {
			walk->notes.vanished++;
			break;
		}
		if (archive_write_data(walk->tar, walk->copy, (size_t)got) < 0)
			walk->reader_gone = true;
		size -= (uint64_t)got;
	}
}

static bool is_executable(int fd)
{
	char head[WATCHED_HEAD_BYTES];
	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       watched_head((struct str){ head, sizeof(head) });
}

static void put_empty(struct walk *walk, const struct stat *st)
{
	struct archive_entry *entry = entry_for(walk, st);
	archive_entry_set_size(entry, 0);
	put_header(walk, entry);
}

static void put_file(struct walk *walk, int directory, const char *name)
{
	AUTO_CLOSE int fd =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		walk->notes.unreadable++;
		return;
	}
	if (!watched_path(strbuf_view(&walk->path)) && !is_executable(fd)) {
		put_empty(walk, &st);
	} else if ((uint64_t)st.st_size > LIMIT_SPOOL_BYTES) {
		walk->notes.large_files++;
		put_empty(walk, &st);
	} else if (put_header(walk, entry_for(walk, &st))) {
		put_content(walk, fd, (uint64_t)st.st_size);
	}
}

static void walk_directory(struct walk *walk, int fd, unsigned depth);

static void put_directory(
	struct walk *walk, int directory, const char *name, const struct stat *st, unsigned depth)
{
	if (st->st_dev != walk->device) {
		walk->notes.other_mounts++;
		return;
	}
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || depth == WALK_DEPTH) {
		walk->notes.unreadable++;
		if (fd >= 0)
			close(fd);
		return;
	}
	strbuf_add_char(&walk->path, '/');
	if (put_header(walk, entry_for(walk, st)))
		walk_directory(walk, fd, depth + 1);
	else
		close(fd);
}

static bool is_left_out(const struct walk *walk, const char *name)
{
	static const char *const names[] = { "proc", "sys", "dev" };
	if (walk->path.n)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(str_from(name), str_from(names[i])))
			return true;
	return false;
}

static void put_name(struct walk *walk, int directory, const char *name, unsigned depth)
{
	struct stat st;
	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW)) {
		walk->notes.vanished++;
		return;
	}
	size_t before = walk->path.n;
	strbuf_add_cstr(&walk->path, name);
	if (strbuf_failed(&walk->path))
		walk->notes.unreadable++;
	else if (S_ISDIR(st.st_mode))
		put_directory(walk, directory, name, &st, depth);
	else if (S_ISLNK(st.st_mode))
		put_link(walk, directory, name, &st);
	else if (S_ISREG(st.st_mode) && (st.st_size || watched_path(strbuf_view(&walk->path))))
		put_file(walk, directory, name);
	else if (S_ISREG(st.st_mode))
		put_empty(walk, &st);
	walk->path.failed = false;
	walk->path.n = before;
	if (walk->path.p)
		walk->path.p[before] = '\0';
}

/* Takes the descriptor. */
static void walk_directory(struct walk *walk, int fd, unsigned depth)
{
	DIR *open = fdopendir(fd);
	if (!open) {
		walk->notes.unreadable++;
		close(fd);
		return;
	}
	for (const struct dirent *e = readdir(open); e && !walk->reader_gone; e = readdir(open)) {
		struct str name = str_from(e->d_name);
		if (str_eq(name, STR(".")) || str_eq(name, STR("..")) ||
			is_left_out(walk, e->d_name))
			continue;
		put_name(walk, dirfd(open), e->d_name, depth);
	}
	closedir(open);
}

static void write_tar(void *argument)
{
	struct walk *walk = argument;
	walk->tar = archive_write_new();
	CHECK(walk->tar);
	archive_write_set_format_pax_restricted(walk->tar);
	archive_write_set_bytes_in_last_block(walk->tar, 1);
	if (archive_write_open(walk->tar, walk, NULL, write_pipe, NULL) == ARCHIVE_OK) {
		walk_directory(walk, TAKE_FD(walk->root), 0);
		archive_write_close(walk->tar);
	}
	archive_write_free(walk->tar);
	close(walk->pipe);
	strbuf_free(&walk->path);
}

int scan_root(struct arena *arena, const char *path, struct worker_pool *pool,
	struct layer_inventory *layer, struct root_notes *notes, struct err *err)
{
	struct walk *walk = ARENA_NEW(arena, struct walk);
	walk->path = STRBUF(LIMIT_ENTRY_PATH);
	AUTO_CLOSE int root = -1;
	int r = file_open(path, O_RDONLY | O_DIRECTORY, 0, &root, err);
	if (r)
		return err_trace(err, r);
	struct stat st;
	if (fstat(root, &st))
		return err_sys(err, "looking at %s", path);
	walk->device = st.st_dev;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, "making a pipe");
	AUTO_CLOSE int reader = ends[0];
	walk->pipe = ends[1];
	walk->root = root;
	pthread_t thread;
	r = thread_start("root-tar", write_tar, walk, &thread, err);
	if (r) {
		close(ends[1]);
		return err_trace(err, r);
	}
	root = -1; /* the thread's now */
	r = worker_analyze_layer(pool, reader, arena, str_from(path), layer, err);
	close(TAKE_FD(reader)); /* a writer that still writes meets a closed pipe and ends */
	thread_join(thread);
	*notes = walk->notes;
	return r ? err_trace(err, r) : 0;
}
