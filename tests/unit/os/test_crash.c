/* SPDX-License-Identifier: Apache-2.0 */
/* Crash points: the named one kills at the passage asked for, the others never, and a specification
 * that cannot be read ends the process instead of testing nothing. */
#include "os/crash.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SURVIVED = 7, REFUSED = 2 };

static const char *const names[] = {
#define CRASH_POINT(id, name, where, doc) name,
#include "os/crash_points.def"
#undef CRASH_POINT
};

/* How a child ends that passes each point of the list once, in this order. */
static int child(const char *specification, const enum crash_point *points, size_t n)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		crash_set(specification);
		for (size_t i = 0; i < n; i++)
			crash_point(points[i]);
		_exit(SURVIVED);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_exit(int status, int code)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static void assert_killed(int status)
{
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_the_passage_asked_for(void **state)
{
	(void)state;
	static const enum crash_point twice[] = { CRASH_PUBLISH_SYNCED, CRASH_PUBLISH_LINKED,
		CRASH_PUBLISH_SYNCED, CRASH_PUBLISH_LINKED };
	assert_killed(child("publish-synced", twice, 1));
	assert_killed(child("publish-synced:1", twice, 1));
	assert_exit(child("publish-synced:2", twice, 2), SURVIVED);
	assert_killed(child("publish-synced:2", twice, 3));
	assert_exit(child("publish-synced:3", twice, 4), SURVIVED);
	assert_exit(child("upload-started", twice, 4), SURVIVED);
}

static void test_off(void **state)
{
	(void)state;
	enum crash_point all[CRASH_POINT_COUNT];
	for (size_t i = 0; i < CRASH_POINT_COUNT; i++)
		all[i] = (enum crash_point)i;
	assert_exit(child(NULL, all, CRASH_POINT_COUNT), SURVIVED);
	assert_exit(child("", all, CRASH_POINT_COUNT), SURVIVED);
}

static void test_every_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < CRASH_POINT_COUNT; i++) {
		enum crash_point point = (enum crash_point)i;
		assert_killed(child(names[i], &point, 1));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
}

static void test_environment(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("LAZARET_CRASH", "commit-done:2", 1);
		crash_point(CRASH_COMMIT_DONE);
		crash_point(CRASH_COMMIT_DONE);
		_exit(SURVIVED);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_killed(status);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "nowhere", "publish-synced:", "publish-synced:0",
		"publish-synced:x", "publish-synced:-1", ":3", "publish-synced:1:2",
		"publish-synced:99999999999999999999" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_exit(child(bad[i], NULL, 0), REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_passage_asked_for),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
