/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files (contract in file.h). Every call retries on EINTR, loops over short transfers, and puts the
 * path or the size into its words. The injected faults sit before the system call they stand for.
 *
 * A failed fsync is final: the kernel may already have dropped the dirty pages, and a second call
 * would report success for bytes that are gone. Nothing here retries one.
 */
#include "os/file.h"

#include "base/cleanup.h"
#include "base/uuid.h"
#include "os/fault.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fault(enum os_fault_point point, size_t bytes)
{
	int code = os_fault(point, bytes);
	if (code)
		errno = code;
	return code != 0;
}

int file_open_at(int directory, const char *name, int flags, mode_t mode, int *fd, struct err *err)
{
	if (fault(OS_FAULT_OPEN, 0))
		return err_sys(err, "opening %s", name);
	int opened;
	do {
		opened = openat(directory, name, flags | O_CLOEXEC | O_NOCTTY, mode);
	} while (opened < 0 && errno == EINTR);
	if (opened < 0)
		return err_sys(err, "opening %s", name);
	*fd = opened;
	return 0;
}

int file_open(const char *path, int flags, mode_t mode, int *fd, struct err *err)
{
	int result = file_open_at(AT_FDCWD, path, flags, mode, fd, err);
	return result < 0 ? err_trace(err, result) : 0;
}

static int write_loop(int fd, const unsigned char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, "writing %zu bytes", n);
		if (done == 0) /* no device of ours does that; do not spin on one that would */
			return err_set(err, EIO, "writing %zu bytes: nothing was taken", n);
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

int file_write_all(int fd, const void *bytes, size_t n, struct err *err)
{
	if (fault(OS_FAULT_WRITE, n))
		return err_sys(err, "writing %zu bytes", n);
	if (fault(OS_FAULT_SHORT_WRITE, n)) {
		int code = errno;
		int result = write_loop(fd, bytes, n / 2, err);
		errno = code;
		return result < 0 ? err_trace(err, result)
				  : err_sys(err, "writing %zu bytes", n - n / 2);
	}
	int result = write_loop(fd, bytes, n, err);
	return result < 0 ? err_trace(err, result) : 0;
}

int file_read_full(int fd, void *bytes, size_t n, size_t *got, struct err *err)
{
	size_t filled = 0;
	while (filled < n) {
		ssize_t done = read(fd, (char *)bytes + filled, n - filled);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, "reading %zu bytes", n - filled);
		if (done == 0)
			break;
		filled += (size_t)done;
	}
	*got = filled;
	return 0;
}

int file_read_at(int fd, void *bytes, size_t n, uint64_t offset, size_t *got, struct err *err)
{
	uint64_t end;
	if (__builtin_add_overflow(offset, n, &end) || end > INT64_MAX)
		return err_set(err, EINVAL, "reading past the largest file offset");
	size_t filled = 0;
	while (filled < n) {
		ssize_t done =
			pread(fd, (char *)bytes + filled, n - filled, (off_t)(offset + filled));
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(
				err, "reading %zu bytes at %" PRIu64, n - filled, offset + filled);
		if (done == 0)
			break;
		filled += (size_t)done;
	}
	*got = filled;
	return 0;
}

int file_slurp_fd(struct arena *arena, int fd, size_t max_bytes, struct str *text, struct err *err)
{
	/* The size is only a first guess: files of /proc say 0, and a file may grow meanwhile. */
	struct stat info;
	if (fstat(fd, &info) != 0)
		return err_sys(err, "asking for a file's size");
	if (info.st_size > 0 && (uint64_t)info.st_size > max_bytes)
		return err_set(err, E2BIG, "file of %lld bytes is over the limit of %zu",
			(long long)info.st_size, max_bytes);
	size_t capacity = info.st_size > 0 ? (size_t)info.st_size + 1 : 4096;
	char *buffer = arena_alloc(arena, capacity);
	size_t n = 0;
	for (;;) {
		size_t got;
		int result = file_read_full(fd, buffer + n, capacity - n, &got, err);
		if (result < 0)
			return err_trace(err, result);
		n += got;
		if (n > max_bytes)
			return err_set(
				err, E2BIG, "file is over the limit of %zu bytes", max_bytes);
		if (n < capacity)
			break;
		char *larger = arena_array(arena, capacity, 2);
		memcpy(larger, buffer, n);
		buffer = larger;
		capacity *= 2;
	}
	*text = (struct str){ buffer, n };
	return 0;
}

int file_slurp(
	struct arena *arena, const char *path, size_t max_bytes, struct str *text, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int result = file_open(path, O_RDONLY, 0, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	result = file_slurp_fd(arena, fd, max_bytes, text, err);
	return result < 0 ? err_wrap(err, result, "reading %s", path) : 0;
}

int file_size(int fd, uint64_t *size, struct err *err)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return err_sys(err, "asking for a file's size");
	*size = info.st_size > 0 ? (uint64_t)info.st_size : 0;
	return 0;
}

int file_truncate(int fd, uint64_t size, struct err *err)
{
	if (size > INT64_MAX)
		return err_set(err, EFBIG, "setting a file's size to %" PRIu64 " bytes", size);
	int result;
	do {
		result = ftruncate(fd, (off_t)size);
	} while (result != 0 && errno == EINTR);
	return result != 0 ? err_sys(err, "setting a file's size to %" PRIu64 " bytes", size) : 0;
}

int file_sync(int fd, struct err *err)
{
	if (fault(OS_FAULT_FSYNC, 0) || fdatasync(fd) != 0)
		return err_sys(err, "making a file durable");
	return 0;
}

void file_start_writeback(int fd, uint64_t offset, uint64_t n)
{
	/* Only a hint: what it cannot do, file_sync() does. */
	if (offset <= INT64_MAX && n <= INT64_MAX)
		(void)sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int file_sync_dir_at(int directory, struct err *err)
{
	if (fault(OS_FAULT_FSYNC, 0) || fsync(directory) != 0)
		return err_sys(err, "making a directory durable");
	return 0;
}

int file_sync_dir(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int result = file_open(path, O_RDONLY | O_DIRECTORY, 0, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	result = file_sync_dir_at(fd, err);
	return result < 0 ? err_wrap(err, result, "%s", path) : 0;
}

int file_rename_at(int from_dir, const char *from, int to_dir, const char *to, struct err *err)
{
	if (fault(OS_FAULT_RENAME, 0) || renameat(from_dir, from, to_dir, to) != 0)
		return err_sys(err, "renaming %s to %s", from, to);
	return 0;
}

int file_link_at(int from_dir, const char *from, int to_dir, const char *to, struct err *err)
{
	if (fault(OS_FAULT_RENAME, 0))
		return err_sys(err, "linking %s to %s", from, to);
	if (linkat(from_dir, from, to_dir, to, 0) == 0)
		return 0;
	return errno == EEXIST ? FILE_EXISTS : err_sys(err, "linking %s to %s", from, to);
}

int file_remove_at(int directory, const char *name, struct err *err)
{
	if (unlinkat(directory, name, 0) != 0 && errno != ENOENT)
		return err_sys(err, "removing %s", name);
	return 0;
}

/* The directory that holds path, as a C string in out. */
static void parent_of(const char *path, char *out, size_t out_size)
{
	size_t slash = str_rfind(str_from(path), '/');
	if (slash == STR_NONE)
		snprintf(out, out_size, ".");
	else if (slash == 0)
		snprintf(out, out_size, "/");
	else
		snprintf(out, out_size, "%.*s", (int)slash, path);
}

/* One step of mkdir -p; a new name is made durable in its parent. */
static int make_dir(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) != 0) {
		int code = errno;
		struct stat info;
		if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
			return 0;
		errno = code == EEXIST ? ENOTDIR : code;
		return err_sys(err, "making directory %s", path);
	}
	char parent[PATH_MAX];
	parent_of(path, parent, sizeof(parent));
	int result = file_sync_dir(parent, err);
	return result < 0 ? err_trace(err, result) : 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
	char step[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof(step))
		return err_set(err, n ? ENAMETOOLONG : ENOENT, "making directory \"%s\"", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		if (path[i - 1] == '/')
			continue;
		memcpy(step, path, i);
		step[i] = '\0';
		int result = make_dir(step, mode, err);
		if (result < 0)
			return err_trace(err, result);
	}
	return 0;
}

static int write_temporary(const char *path, struct str text, mode_t mode, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int result = file_open(path, O_WRONLY | O_CREAT | O_EXCL, mode, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	result = file_write_all(fd, text.p, text.n, err);
	if (result == 0)
		result = file_sync(fd, err);
	return result < 0 ? err_wrap(err, result, "%s", path) : 0;
}

int file_replace(const char *path, struct str text, mode_t mode, struct err *err)
{
	char parent[PATH_MAX];
	char temporary[PATH_MAX];
	char unique[UUID_TEXT];
	uuid_random(unique);
	int n = snprintf(temporary, sizeof(temporary), "%s.%s.tmp", path, unique);
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return err_set(err, ENAMETOOLONG, "replacing %s", path);
	int result = write_temporary(temporary, text, mode, err);
	if (result == 0)
		result = file_rename_at(AT_FDCWD, temporary, AT_FDCWD, path, err);
	if (result < 0) {
		unlink(temporary);
		return err_wrap(err, result, "replacing %s", path);
	}
	parent_of(path, parent, sizeof(parent));
	result = file_sync_dir(parent, err);
	return result < 0 ? err_trace(err, result) : 0;
}
