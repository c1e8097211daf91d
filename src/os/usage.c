/* SPDX-License-Identifier: Apache-2.0 */
/* Contract in usage.h. From /proc: getrusage() knows only the peak of resident memory. */
#include "os/usage.h"

#include "base/str.h"
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t entries_of(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return 0;
	int64_t n = 0;
	for (const struct dirent *entry; (entry = readdir(directory));)
		n += entry->d_name[0] != '.';
	closedir(directory);
	return n;
}

/* Second number of /proc/self/statm, in pages. */
static int read_resident(int64_t *bytes, struct err *err)
{
	int fd;
	int result = file_open("/proc/self/statm", O_RDONLY, 0, &fd, err);
	if (result < 0)
		return err_trace(err, result);
	char text[128];
	size_t n = 0;
	result = file_read_at(fd, text, sizeof(text), 0, &n, err);
	close(fd);
	if (result < 0)
		return err_trace(err, result);
	struct str rest = { text, n };
	struct str word;
	uint64_t pages = 0;
	bool found = str_cut(&rest, ' ', &word);
	found = found && str_cut(&rest, ' ', &word);
	if (!found || !str_parse_u64(word, &pages))
		return err_set(err, EPROTO, "/proc/self/statm is not what it was");
	*bytes = (int64_t)pages * sysconf(_SC_PAGESIZE);
	return 0;
}

int os_usage(struct os_usage *usage, struct err *err)
{
	struct rusage times;
	struct rlimit files;
	if (getrusage(RUSAGE_SELF, &times) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_sys(err, "asking for the usage of this process");
	*usage = (struct os_usage){
		.cpu_us = ((int64_t)times.ru_utime.tv_sec + times.ru_stime.tv_sec) * 1000000 +
			  times.ru_utime.tv_usec + times.ru_stime.tv_usec,
		/* The directory that is being read is one of them. */
		.open_fds = entries_of("/proc/self/fd") - 1,
		.fd_limit = (int64_t)files.rlim_cur,
		.threads = entries_of("/proc/self/task"),
	};
	int result = read_resident(&usage->resident_bytes, err);
	return result < 0 ? err_trace(err, result) : 0;
}
