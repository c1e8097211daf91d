/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: everything that touches the disk durably goes through here, so that faults can be injected
 * in one place (os/fault.h). All descriptors are close-on-exec. Any thread.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

int file_open(const char *path, int flags, mode_t mode, int *fd, struct err *err) MUST_CHECK;
int file_open_at(int directory, const char *name, int flags, mode_t mode, int *fd,
	struct err *err) MUST_CHECK;
int file_write_all(int fd, const void *bytes, size_t n, struct err *err) MUST_CHECK;
/* Reads until n bytes or the end; *got says how many. */
int file_read_full(int fd, void *bytes, size_t n, size_t *got, struct err *err) MUST_CHECK;
int file_read_at(
	int fd, void *bytes, size_t n, uint64_t offset, size_t *got, struct err *err) MUST_CHECK;
/* Whole file of at most max_bytes into the arena. */
int file_slurp(struct arena *arena, const char *path, size_t max_bytes, struct str *text,
	struct err *err) MUST_CHECK;
int file_slurp_fd(struct arena *arena, int fd, size_t max_bytes, struct str *text,
	struct err *err) MUST_CHECK;
int file_size(int fd, uint64_t *size, struct err *err) MUST_CHECK;
int file_truncate(int fd, uint64_t size, struct err *err) MUST_CHECK; /* cuts or extends */
int file_sync(int fd, struct err *err) MUST_CHECK;		      /* fdatasync */
/* Asks the kernel to start writing a range out, so that a later file_sync() has less to wait for.
 */
void file_start_writeback(int fd, uint64_t offset, uint64_t n);
int file_sync_dir(const char *path, struct err *err) MUST_CHECK;
int file_sync_dir_at(int directory, struct err *err) MUST_CHECK;
int file_rename_at(
	int from_dir, const char *from, int to_dir, const char *to, struct err *err) MUST_CHECK;
/* Gives the file a second name; fault point rename. Outcome FILE_EXISTS: to is taken already. */
enum { FILE_EXISTS = 1 };
int file_link_at(
	int from_dir, const char *from, int to_dir, const char *to, struct err *err) MUST_CHECK;
int file_remove_at(int directory, const char *name, struct err *err) MUST_CHECK; /* absent: 0 */
int file_make_dirs(const char *path, mode_t mode,
	struct err *err) MUST_CHECK; /* like mkdir -p; syncs parents */
/* Writes text to path durably: temporary beside it, fsync, rename, fsync directory. */
int file_replace(const char *path, struct str text, mode_t mode, struct err *err) MUST_CHECK;

#endif
