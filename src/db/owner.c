/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner lock (contract in owner.h): an open-file-description lock on "<path>.lock". The kernel
 * drops it when the last descriptor goes, so a killed server leaves nothing to clean up, and unlike
 * a classic record lock it also holds between two opens of one process. The file keeps the owner's
 * pid for the words that the second server prints; the pid decides nothing.
 */
#include "db/owner.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "os/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static int open_lock_file(const char *lock_path, int *fd, struct err *err)
{
	int result = file_open(lock_path, O_RDWR | O_CREAT, 0600, fd, err);
	if (result == 0)
		return 0;
	if (result == -EROFS || result == -EACCES || result == -EPERM)
		return err_wrap(err, result,
			"the data directory cannot be written; make it writable or choose another "
			"with --data");
	return err_trace(err, result);
}

static int say_busy(int fd, const char *path, struct err *err)
{
	char text[24];
	size_t got = 0;
	if (file_read_at(fd, text, sizeof(text), 0, &got, NULL) < 0)
		got = 0;
	struct str pid = str_trim((struct str){ text, got });
	uint64_t number;
	if (!str_parse_u64(pid, &number))
		pid = STR("unknown");
	return err_set(err, EBUSY,
		"another lazaret server uses this data directory (%s is owned by process " STR_FMT
		"); stop it or choose another directory with --data",
		path, STR_ARG(pid));
}

int db_owner_claim(const char *path, int *claim, struct err *err)
{
	char lock_path[PATH_MAX];
	int n = snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	if (n < 0 || (size_t)n >= sizeof(lock_path))
		return err_set(err, ENAMETOOLONG, "%s", path);
	AUTO_CLOSE int fd = -1;
	int result = open_lock_file(lock_path, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			return say_busy(fd, path, err);
		return err_sys(err, "locking %s", lock_path);
	}
	char text[24];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	result = file_truncate(fd, 0, err);
	if (result == 0)
		result = file_write_all(fd, text, (size_t)length, err);
	if (result < 0)
		return err_wrap(err, result, "%s", lock_path);
	*claim = TAKE_FD(fd);
	return 0;
}
