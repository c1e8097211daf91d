/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the snapshot directory; see place.h. The order of publishing makes a crash harmless at
 * every point: content on disk, then its name, then the pointer, then the old files. A server that
 * still reads an old snapshot keeps it through its open descriptor. Any thread.
 */
#include "advisory/place.h"

#include "base/cleanup.h"
#include "base/hex.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define SUFFIX ".snapshot"

enum { ID_DIGITS = 64 };

int place_lock(const char *data_dir, int *directory, int *lock, struct err *err)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/advisories", data_dir);
	if ((mkdir(data_dir, 0750) < 0 && errno != EEXIST) ||
		(mkdir(path, 0750) < 0 && errno != EEXIST))
		return err_sys(err, "cannot make %s", path);
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "cannot open %s", path);
	AUTO_CLOSE int held = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (held < 0)
		return err_sys(err, "cannot write in %s", path);
	if (flock(held, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? err_set(err, EBUSY, "another import into %s is running", data_dir)
			       : err_sys(err, "cannot lock %s", path);
	*directory = TAKE_FD(dir);
	*lock = TAKE_FD(held);
	return 0;
}

int place_current(const char *data_dir, char id[65], bool *found, struct err *err)
{
	char path[PATH_MAX];
	*found = false;
	snprintf(path, sizeof(path), "%s/advisories/current", data_dir);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "cannot read %s", path);
	ssize_t n = read(fd, id, ID_DIGITS);
	if (n < 0)
		return err_sys(err, "cannot read %s", path);
	if (n != ID_DIGITS || !hex_is_lower((struct str){ id, ID_DIGITS }))
		return err_set(err, EPROTO, "%s does not name a snapshot", path);
	id[ID_DIGITS] = '\0';
	*found = true;
	return 0;
}

static int write_pointer(int directory, const char *id, struct err *err)
{
	AUTO_CLOSE int fd =
		openat(directory, "current.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_sys(err, "cannot write the snapshot pointer");
	char line[ID_DIGITS + 2];
	int n = snprintf(line, sizeof(line), "%s\n", id);
	if (write(fd, line, (size_t)n) != n || fsync(fd) < 0)
		return err_sys(err, "cannot write the snapshot pointer");
	if (renameat(directory, "current.tmp", directory, "current") < 0 || fsync(directory) < 0)
		return err_sys(err, "cannot switch the snapshot pointer");
	return 0;
}

static bool is_snapshot(const char *name)
{
	struct str text = str_from(name);
	return text.n == ID_DIGITS + sizeof(SUFFIX) - 1 && str_ends(text, STR(SUFFIX));
}

/* Removes the oldest snapshots but one beside `current`. */
static void remove_old(int directory, const char *current)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	char kept[NAME_MAX + 1] = "";
	struct timespec newest = { 0 };
	const struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		struct stat st;
		if (!is_snapshot(entry->d_name) ||
			str_eq(str_from(entry->d_name), str_from(current)) ||
			fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bool newer =
			st.st_mtim.tv_sec > newest.tv_sec ||
			(st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec > newest.tv_nsec);
		const char *victim = newer ? kept : entry->d_name;
		if (*victim)
			unlinkat(directory, victim, 0);
		if (newer) {
			newest = st.st_mtim;
			snprintf(kept, sizeof(kept), "%s", entry->d_name);
		}
	}
	if (dir)
		closedir(dir);
	else if (copy >= 0)
		close(copy);
}

int place_publish(int directory, const char *temporary, const char *id, struct err *err)
{
	char name[ID_DIGITS + sizeof(SUFFIX)];
	snprintf(name, sizeof(name), "%.64s" SUFFIX, id);
	AUTO_CLOSE int fd = openat(directory, temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, "cannot store the new snapshot");
	if (renameat(directory, temporary, directory, name) < 0 || fsync(directory) < 0)
		return err_sys(err, "cannot store the new snapshot");
	int r = write_pointer(directory, id, err);
	if (r < 0)
		return err_trace(err, r);
	remove_old(directory, name);
	return 0;
}

void place_sweep(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (str_starts(str_from(entry->d_name), STR("building")) ||
			str_eq(str_from(entry->d_name), STR("current.tmp")))
			unlinkat(directory, entry->d_name, 0);
	if (dir)
		closedir(dir);
	else if (copy >= 0)
		close(copy);
}
