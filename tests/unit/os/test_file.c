/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole transfers, limits, durable replacement, and the injected faults on every path. */
#include "os/file.h"

#include "../temporary.h"
#include "base/cleanup.h"
#include "os/fault.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[TEMPORARY_MAX];

static const char *at(const char *name)
{
	static char paths[4][TEMPORARY_MAX + 64];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	temporary_make(root);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	os_fault_set(NULL);
	temporary_remove(root);
	return 0;
}

static void assert_content(const char *path, struct str expected)
{
	struct arena *arena = arena_new(0);
	struct str text;
	struct err err = ERR_INIT;
	assert_int_equal(file_slurp(arena, path, 1 << 20, &text, &err), 0);
	assert_true(str_eq(text, expected));
	arena_free(&arena);
}

static void replace_is_whole_or_nothing(void **state)
{
	(void)state;
	static const char *const faults[] = { "open:EMFILE:nth=1", "write:ENOSPC",
		"short-write:EIO", "fsync:EIO:nth=1", "rename:EIO" };
	struct err err = ERR_INIT;
	assert_int_equal(file_replace(at("state"), STR("old content"), 0600, &err), 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		os_fault_set(faults[i]);
		assert_true(file_replace(at("state"), STR("new"), 0600, &err) < 0);
		os_fault_set(NULL);
		assert_content(at("state"), STR("old content"));
	}
	assert_int_equal(file_replace(at("state"), STR("new"), 0600, &err), 0);
	assert_content(at("state"), STR("new"));
	/* No temporary was left behind by any of the failures. */
	assert_int_equal(remove(at("state")), 0);
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(mkdir(root, 0700), 0);
}

static void slurp_keeps_its_limit(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct str text;
	struct err err = ERR_INIT;
	assert_int_equal(file_replace(at("ten"), STR("0123456789"), 0600, &err), 0);
	assert_int_equal(file_slurp(arena, at("ten"), 10, &text, &err), 0);
	assert_int_equal(text.n, 10);
	assert_int_equal(file_slurp(arena, at("ten"), 9, &text, &err), -E2BIG);
	/* A file without a size of its own is read to its end, within the same limit. */
	assert_int_equal(file_slurp(arena, "/proc/self/status", 1 << 20, &text, &err), 0);
	assert_true(text.n > 100 && str_starts(text, STR("Name:")));
	assert_int_equal(file_slurp(arena, "/proc/self/status", 100, &text, &err), -E2BIG);
	assert_int_equal(file_slurp(arena, at("absent"), 10, &text, &err), -ENOENT);
	assert_true(str_contains(str_from(err_text(&err)), str_from(at("absent"))));
	arena_free(&arena);
}

static void reading_stops_at_the_end(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_int_equal(file_replace(at("ten"), STR("0123456789"), 0600, &err), 0);
	AUTO_CLOSE int fd = -1;
	assert_int_equal(file_open(at("ten"), O_RDONLY, 0, &fd, &err), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	char bytes[32];
	size_t got;
	assert_int_equal(file_read_full(fd, bytes, 4, &got, &err), 0);
	assert_int_equal(got, 4);
	assert_int_equal(file_read_at(fd, bytes, sizeof(bytes), 7, &got, &err), 0);
	assert_int_equal(got, 3);
	assert_memory_equal(bytes, "789", 3);
	assert_int_equal(file_read_full(fd, bytes, sizeof(bytes), &got, &err), 0);
	assert_int_equal(got, 6); /* reading at an offset had not moved the position */
	assert_true(file_read_at(fd, bytes, 8, UINT64_MAX - 3, &got, &err) < 0);
}

static void directories_are_made_in_depth(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct stat info;
	assert_int_equal(file_make_dirs(at("a//b/c/"), 0700, &err), 0);
	assert_int_equal(stat(at("a/b/c"), &info), 0);
	assert_true(S_ISDIR(info.st_mode));
	assert_int_equal(file_make_dirs(at("a/b/c"), 0700, &err), 0);
	assert_int_equal(file_replace(at("a/file"), STR("x"), 0600, &err), 0);
	assert_true(file_make_dirs(at("a/file/d"), 0700, &err) < 0);
	os_fault_set("fsync:EIO");
	assert_int_equal(file_make_dirs(at("a/e"), 0700, &err), -EIO);
}

static void links_never_replace(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_int_equal(file_replace(at("one"), STR("1"), 0600, &err), 0);
	assert_int_equal(file_replace(at("two"), STR("2"), 0600, &err), 0);
	assert_int_equal(file_link_at(AT_FDCWD, at("one"), AT_FDCWD, at("two"), &err), FILE_EXISTS);
	assert_content(at("two"), STR("2"));
	assert_int_equal(file_link_at(AT_FDCWD, at("one"), AT_FDCWD, at("three"), &err), 0);
	assert_content(at("three"), STR("1"));
	assert_int_equal(file_remove_at(AT_FDCWD, at("three"), &err), 0);
	assert_int_equal(file_remove_at(AT_FDCWD, at("three"), &err), 0);
}

static void a_short_write_leaves_half(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;
	assert_int_equal(file_open(at("torn"), O_RDWR | O_CREAT, 0600, &fd, &err), 0);
	os_fault_set("short-write:ENOSPC:nth=2");
	assert_int_equal(file_write_all(fd, "abcd", 4, &err), 0);
	assert_int_equal(file_write_all(fd, "efgh", 4, &err), -ENOSPC);
	os_fault_set(NULL);
	assert_content(at("torn"), STR("abcdef"));
	assert_int_equal(file_truncate(fd, 4, &err), 0);
	assert_content(at("torn"), STR("abcd"));
}

static void a_full_disk_stays_full(void **state)
{
	(void)state;
	os_fault_set("write:ENOSPC:after=100,fsync:EIO:from=2");
	assert_int_equal(os_fault(OS_FAULT_WRITE, 60), 0);
	assert_int_equal(os_fault(OS_FAULT_WRITE, 40), 0);
	assert_int_equal(os_fault(OS_FAULT_WRITE, 1), ENOSPC);
	assert_int_equal(os_fault(OS_FAULT_WRITE, 1), ENOSPC);
	assert_int_equal(os_fault(OS_FAULT_FSYNC, 0), 0);
	assert_int_equal(os_fault(OS_FAULT_FSYNC, 0), EIO);
	assert_int_equal(os_fault(OS_FAULT_FSYNC, 0), EIO);
	assert_int_equal(os_fault(OS_FAULT_RENAME, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replace_is_whole_or_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slurp_keeps_its_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reading_stops_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_are_made_in_depth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_never_replace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_short_write_leaves_half, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_stays_full, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
