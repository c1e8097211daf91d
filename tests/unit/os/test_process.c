/* SPDX-License-Identifier: Apache-2.0 */
/* Child programs: what they get, what they do not get, and how their end is told. */
#include "os/process.h"

#include "base/cleanup.h"
#include "os/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include <cmocka.h>

/* Runs a shell script with fds at 3, 4 …; its status. */
static int run_script(const char *script, const int *fds, size_t fd_count)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct process_settings settings = {
		.program = "/bin/sh", .argv = argv, .fds = fds, .fd_count = fd_count
	};
	pid_t pid;
	int status = -1;
	struct err err = ERR_INIT;
	assert_int_equal(process_start(&settings, &pid, &err), 0);
	assert_int_equal(process_wait(pid, &status, &err), 0);
	return status;
}

static struct str read_pipe(struct arena *arena, int fd)
{
	struct str text;
	assert_int_equal(file_slurp_fd(arena, fd, 65536, &text, NULL), 0);
	return text;
}

static void descriptors_land_at_their_numbers(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	int one[2];
	int two[2];
	assert_int_equal(pipe2(one, O_CLOEXEC), 0);
	assert_int_equal(pipe2(two, O_CLOEXEC), 0);
	/* The second goes to 3 and the first to 4, though their own numbers may be just those. */
	const int fds[] = { two[1], one[1] };
	int status = run_script("echo three >&3; echo four >&4", fds, 2);
	assert_int_equal(status, 0);
	close(one[1]);
	close(two[1]);
	assert_true(str_eq(read_pipe(arena, two[0]), STR("three\n")));
	assert_true(str_eq(read_pipe(arena, one[0]), STR("four\n")));
	close(one[0]);
	close(two[0]);
	arena_free(&arena);
}

static void nothing_else_is_inherited(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	int out[2];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	int leaky = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(leaky >= 0);
	assert_int_equal(fcntl(leaky, F_SETFD, 0), 0); /* as a careless library would */
	setenv("LAZARET_TEST_SECRET", "x", 1);
	int status = run_script("cd /proc/self/fd && echo * >&3; readlink 0 >&3; "
				"echo \"secret=$LAZARET_TEST_SECRET\" >&3; "
				"grep ^SigBlk /proc/self/status >&3",
		&out[1], 1);
	assert_int_equal(status, 0);
	close(out[1]);
	struct str text = read_pipe(arena, out[0]);
	struct str line;
	assert_true(str_cut(&text, '\n', &line));
	/* The glob may also see the descriptor that it lists the directory with. */
	assert_true(str_starts(line, STR("0 1 2 3")));
	assert_true(line.n <= sizeof("0 1 2 3 4") - 1);
	assert_true(str_cut(&text, '\n', &line));
	assert_true(str_eq(line, STR("/dev/null")));
	assert_true(str_cut(&text, '\n', &line));
	assert_true(str_eq(line, STR("secret=")));
	assert_true(str_cut(&text, '\n', &line));
	assert_true(str_eq(line, STR("SigBlk:\t0000000000000000")));
	close(leaky);
	close(out[0]);
	arena_free(&arena);
}

static void an_end_is_described(void **state)
{
	(void)state;
	char text[PROCESS_STATUS_TEXT];
	process_describe_status(run_script("exit 3", NULL, 0), text, sizeof(text));
	assert_string_equal(text, "exited with code 3");
	process_describe_status(run_script("kill -SEGV $$", NULL, 0), text, sizeof(text));
	assert_string_equal(text, "killed by signal 11 (Segmentation fault)");
}

static void a_child_can_be_ended(void **state)
{
	(void)state;
	const char *const argv[] = { "sleep", "600", NULL };
	const struct process_settings settings = { .program = "/bin/sleep", .argv = argv };
	pid_t pid;
	int status;
	char text[PROCESS_STATUS_TEXT];
	assert_int_equal(process_start(&settings, &pid, NULL), 0);
	assert_int_equal(process_kill(pid, NULL), 0);
	assert_int_equal(process_wait(pid, &status, NULL), 0);
	process_describe_status(status, text, sizeof(text));
	assert_string_equal(text, "killed by signal 9 (Killed)");
	assert_int_equal(process_kill(pid, NULL), 0); /* gone already */
}

static void a_missing_program_is_an_error(void **state)
{
	(void)state;
	const struct process_settings settings = { .program = "/nowhere/at-all" };
	pid_t pid;
	struct err err = ERR_INIT;
	assert_int_equal(process_start(&settings, &pid, &err), -ENOENT);
	assert_true(str_contains(str_from(err_text(&err)), STR("/nowhere/at-all")));
}

static void a_neighbour_is_found(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct str path;
	assert_int_equal(process_path_beside(arena, "test_process", &path, NULL), 0);
	assert_int_equal(access(path.p, X_OK), 0);
	arena_free(&arena);
}

static void the_file_limit_rises_to_the_hard_one(void **state)
{
	(void)state;
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	struct rlimit low = { .rlim_cur = 64, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	uint64_t raised = process_raise_file_limit();
	struct rlimit after;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_true(after.rlim_cur == (before.rlim_max < 65536 ? before.rlim_max : 65536));
	assert_true(raised == after.rlim_cur);
	assert_true(after.rlim_max == before.rlim_max);
	low.rlim_cur = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_true(process_raise_file_limit() == before.rlim_max); /* never lowers */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_true(after.rlim_cur == before.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_land_at_their_numbers),
		cmocka_unit_test(nothing_else_is_inherited),
		cmocka_unit_test(an_end_is_described),
		cmocka_unit_test(a_child_can_be_ended),
		cmocka_unit_test(a_missing_program_is_an_error),
		cmocka_unit_test(a_neighbour_is_found),
		cmocka_unit_test(the_file_limit_rises_to_the_hard_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
