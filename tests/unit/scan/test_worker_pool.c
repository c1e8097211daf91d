/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool with the real worker program (environment LAZARET_WORKER): answers, every way a worker
 * can be lost, and real images where LAZARET_SHARED has them.
 */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "os/file.h"
#include "scan/worker_pool.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const char os_release[] = "ID=debian\nVERSION_ID=\"12\"\n";

/* A tar of one file, built by hand: header, content, end mark. */
static void add_file(struct strbuf *tar, const char *path, const char *content)
{
	char header[512] = { 0 };
	size_t n = strlen(content);
	unsigned sum = 0;
	snprintf(header, 100, "%s", path);
	snprintf(header + 100, 8, "%07o", 0644);
	snprintf(header + 124, 12, "%011o", (unsigned)n);
	snprintf(header + 136, 12, "%011o", 0);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257,
		"ustar\0"
		"00",
		8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	strbuf_add(tar, header, sizeof(header));
	strbuf_add(tar, content, n);
	while (tar->n % 512)
		strbuf_add_char(tar, '\0');
}

static int memory_file(struct str bytes)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	assert_true(fd >= 0);
	struct err err = ERR_INIT;
	assert_int_equal(file_write_all(fd, bytes.p, bytes.n, &err), 0);
	return fd;
}

static int sample_layer(void)
{
	AUTO_STRBUF struct strbuf tar = STRBUF(1 << 20);
	static const char zeros[1024];
	add_file(&tar, "etc/os-release", os_release);
	strbuf_add(&tar, zeros, sizeof(zeros));
	return memory_file(strbuf_view(&tar));
}

static struct worker_pool *start(unsigned count, unsigned wall_seconds, uint64_t memory)
{
	struct worker_pool *pool = NULL;
	struct err err = ERR_INIT;
	struct worker_settings settings = { .program = getenv("LAZARET_WORKER"),
		.count = count,
		.budget = worker_budget_default() };
	assert_non_null(settings.program);
	if (wall_seconds)
		settings.budget.wall_seconds = wall_seconds;
	if (memory)
		settings.budget.memory_bytes = memory;
	assert_int_equal(worker_pool_start(&settings, &pool, &err), 0);
	return pool;
}

static void expect(
	struct worker_pool *pool, const char *name, enum layer_state state, const char *reason)
{
	struct arena *arena = arena_new(0);
	struct err err = ERR_INIT;
	struct layer_inventory inventory;
	AUTO_CLOSE int fd = sample_layer();
	assert_int_equal(
		worker_analyze_layer(pool, fd, arena, str_from(name), &inventory, &err), 0);
	assert_int_equal(inventory.state, state);
	if (reason && !str_contains(inventory.reason, str_from(reason)))
		fail_msg("reason is: " STR_FMT, STR_ARG(inventory.reason));
	if (state == LAYER_OK) {
		assert_int_equal(inventory.files.n, 1);
		assert_int_equal(inventory.facts.n, 2);
		assert_true(str_starts(inventory.diff_id, STR("sha256:")));
	}
	arena_free(&arena);
}

static void answers_and_is_reused(void **state)
{
	(void)state;
	struct worker_pool *pool = start(2, 0, 0);
	for (int i = 0; i < 5; i++)
		expect(pool, "sample", LAYER_OK, NULL);
	assert_true(str_contains(worker_pool_sandbox(pool), STR("seccomp")));
	worker_pool_stop(&pool);
	assert_null(pool);
}

/* The fault costs the request it was ordered for, and the next one is served by a new worker. */
static void fault(const char *kind, unsigned wall_seconds, uint64_t memory, const char *reason)
{
	char plan[64];
	snprintf(plan, sizeof(plan), "%s:marked", kind);
	setenv("LAZARET_WORKER_FAULT", plan, 1);
	struct worker_pool *pool = start(1, wall_seconds, memory);
	expect(pool, "before", LAYER_OK, NULL);
	expect(pool, "a marked layer", LAYER_FAILED, reason);
	expect(pool, "after", LAYER_OK, NULL);
	worker_pool_stop(&pool);
	unsetenv("LAZARET_WORKER_FAULT");
}

static void crash_costs_one_layer(void **state)
{
	(void)state;
	fault("crash", 0, 0, "the worker was killed by signal 6");
}

/* A worker can write to no file, and the log may be one: its last words must get there all the
 * same. */
static void last_words_reach_the_log(void **state)
{
	(void)state;
	char text[4096] = "";
	AUTO_CLOSE int file = memfd_create("log", MFD_CLOEXEC);
	AUTO_CLOSE int before = dup(STDERR_FILENO);
	assert_true(file >= 0 && before >= 0 && dup2(file, STDERR_FILENO) >= 0);
	fault("crash", 0, 0, "the worker was killed by signal 6");
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_true(pread(file, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "event=worker.said"));
	assert_non_null(strstr(text, "crash on order"));
}

static void hang_costs_one_layer(void **state)
{
	(void)state;
	fault("hang", 1, 0, "the worker took longer than 1 s");
}

static void garbage_costs_one_layer(void **state)
{
	(void)state;
	fault("garbage", 0, 0, "the worker broke its protocol");
}

static void memory_costs_one_layer(void **state)
{
	(void)state;
	if (SANITIZED) {
		print_message("# SKIP memory fault: memory is not limited in sanitizer builds\n");
		return;
	}
	fault("memory", 0, (uint64_t)128 << 20, "the worker used more than its 128 MiB of memory");
}

static void processor_time_costs_one_layer(void **state)
{
	(void)state;
	setenv("LAZARET_WORKER_FAULT", "spin:marked", 1);
	struct worker_pool *pool = NULL;
	struct err err = ERR_INIT;
	struct worker_settings settings = {
		.program = getenv("LAZARET_WORKER"), .count = 1, .budget = worker_budget_default()
	};
	settings.budget.cpu_seconds = 1;
	settings.budget.wall_seconds = 60;
	assert_int_equal(worker_pool_start(&settings, &pool, &err), 0);
	expect(pool, "marked", LAYER_FAILED, "1 s of processor time");
	expect(pool, "after", LAYER_OK, NULL);
	worker_pool_stop(&pool);
	unsetenv("LAZARET_WORKER_FAULT");
}

static void restarts_after_its_requests(void **state)
{
	(void)state;
	struct worker_pool *pool = NULL;
	struct err err = ERR_INIT;
	struct worker_settings settings = { .program = getenv("LAZARET_WORKER"),
		.count = 1,
		.requests_per_worker = 2,
		.budget = worker_budget_default() };
	assert_int_equal(worker_pool_start(&settings, &pool, &err), 0);
	for (int i = 0; i < 5; i++)
		expect(pool, "sample", LAYER_OK, NULL);
	worker_pool_stop(&pool);
}

static void says_what_is_not_a_layer(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct err err = ERR_INIT;
	struct layer_inventory inventory;
	struct worker_pool *pool = start(1, 0, 0);
	AUTO_CLOSE int fd = memory_file(STR("{\"config\":{}}"));
	assert_int_equal(worker_analyze_layer(pool, fd, arena, STR("config"), &inventory, &err), 0);
	assert_int_equal(inventory.state, LAYER_NOT_A_LAYER);
	assert_true(str_contains(inventory.reason, STR("JSON")));
	worker_pool_stop(&pool);
	arena_free(&arena);
}

static void missing_program_is_an_error(void **state)
{
	(void)state;
	struct worker_pool *pool = NULL;
	struct err err = ERR_INIT;
	struct worker_settings settings = { .program = "/nonexistent/lazaret-worker",
		.budget = worker_budget_default() };
	assert_true(worker_pool_start(&settings, &pool, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("lazaret-worker")));
}

struct caller {
	struct worker_pool *pool;
	int result;
};

static void *call(void *argument)
{
	struct caller *caller = argument;
	struct arena *arena = arena_new(0);
	struct err err = ERR_INIT;
	struct layer_inventory inventory;
	AUTO_CLOSE int fd = sample_layer();
	caller->result =
		worker_analyze_layer(caller->pool, fd, arena, STR("marked"), &inventory, &err);
	arena_free(&arena);
	return NULL;
}

/* Stopping ends waiting and busy callers with an error, not with a failed layer. */
static void stop_interrupts(void **state)
{
	(void)state;
	enum { CALLERS = 3 };
	struct caller callers[CALLERS];
	pthread_t threads[CALLERS];
	setenv("LAZARET_WORKER_FAULT", "hang:marked", 1);
	struct worker_pool *pool = start(1, 0, 0);
	assert_true(worker_pool_sandbox(pool).n > 0);
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller){ .pool = pool };
		assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
	}
	usleep(300000);
	struct worker_pool *stopped = pool;
	worker_pool_stop(&stopped);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(callers[i].result < 0);
	}
	unsetenv("LAZARET_WORKER_FAULT");
}

/* --- layers that grow */

/* Gives the file out in steps, and ends as told; pauses before the second step. */
struct growth {
	uint64_t size;
	uint64_t step;
	enum worker_growth_state end;
	unsigned asked;
	unsigned pause_us;
};

static struct worker_growth grow(void *context, uint64_t have)
{
	struct growth *growth = context;
	uint64_t next = have + growth->step;
	if (growth->asked++ == 1)
		usleep(growth->pause_us);
	if (next < growth->size)
		return (struct worker_growth){ WORKER_GROWING, next };
	return (struct worker_growth){ growth->end, growth->size };
}

static struct worker_pool *start_followers(unsigned wall_seconds)
{
	struct worker_pool *pool = NULL;
	struct err err = ERR_INIT;
	struct worker_settings settings = { .program = getenv("LAZARET_WORKER"),
		.count = 1,
		.followers = 1,
		.budget = worker_budget_default() };
	settings.budget.wall_seconds = wall_seconds;
	assert_int_equal(worker_pool_start(&settings, &pool, &err), 0);
	return pool;
}

static struct layer_inventory follow(
	struct worker_pool *pool, int fd, struct growth *growth, struct arena *arena)
{
	struct layer_inventory inventory;
	struct err err = ERR_INIT;
	const struct worker_feed feed = { growth, grow };
	assert_int_equal(
		worker_follow_layer(pool, fd, &feed, arena, STR("marked"), &inventory, &err), 0);
	return inventory;
}

/* A layer with a hard link to an entry before it, which is no database by its own path: reading it
 * takes a second pass over the file. */
static int linked_layer(uint64_t *size)
{
	AUTO_STRBUF struct strbuf tar = STRBUF(1 << 20);
	static const char zeros[1024];
	add_file(&tar, "usr/share/release", os_release);
	size_t link = tar.n;
	add_file(&tar, "etc/os-release", "");
	char *header = tar.p + link;
	unsigned sum = 0;
	header[156] = '1';
	snprintf(header + 157, 100, "usr/share/release");
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	strbuf_add(&tar, zeros, sizeof(zeros));
	*size = tar.n;
	return memory_file(strbuf_view(&tar));
}

static void a_growing_layer_is_followed(void **state)
{
	(void)state;
	static const uint64_t steps[] = { 1, 511, 512, 700, 1 << 20 };
	struct arena *arena = arena_new(0);
	struct worker_pool *pool = start_followers(60);
	uint64_t size;
	AUTO_CLOSE int fd = linked_layer(&size);
	struct layer_inventory whole;
	struct err err = ERR_INIT;
	assert_int_equal(worker_analyze_layer(pool, fd, arena, STR("whole"), &whole, &err), 0);
	assert_int_equal(whole.state, LAYER_OK);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct growth growth = { size, steps[i], WORKER_GROWN, 0, 0 };
		struct layer_inventory followed = follow(pool, fd, &growth, arena);
		if (followed.state != LAYER_OK)
			fail_msg("step %u: " STR_FMT, (unsigned)steps[i], STR_ARG(followed.reason));
		assert_true(str_eq(followed.diff_id, whole.diff_id));
		assert_int_equal(followed.facts.n, 2);
		assert_int_equal(followed.compressed_bytes, size);
	}
	worker_pool_stop(&pool);
	arena_free(&arena);
}

/* The worker survives an upload that is given up, and one that ends in the middle of the archive.
 */
static void an_upload_that_is_given_up_costs_nothing(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct worker_pool *pool = start_followers(60);
	uint64_t size;
	AUTO_CLOSE int fd = linked_layer(&size);
	struct growth given_up = { size, 600, WORKER_GIVEN_UP, 0, 0 };
	struct growth cut = { 700, 600, WORKER_GROWN, 0, 0 };
	struct growth whole = { size, 600, WORKER_GROWN, 0, 0 };
	struct layer_inventory inventory = follow(pool, fd, &given_up, arena);
	assert_int_equal(inventory.state, LAYER_FAILED);
	assert_true(str_contains(inventory.reason, STR("given up")));
	inventory = follow(pool, fd, &cut, arena);
	assert_int_equal(inventory.state, LAYER_FAILED);
	assert_false(str_contains(inventory.reason, STR("worker")));
	inventory = follow(pool, fd, &whole, arena);
	assert_int_equal(inventory.state, LAYER_OK);
	worker_pool_stop(&pool);
	arena_free(&arena);
}

/* The budget of wall clock is the worker's: it does not run while the client is waited for. */
static void waiting_for_the_client_is_not_counted(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct worker_pool *pool = start_followers(1);
	uint64_t size;
	AUTO_CLOSE int fd = linked_layer(&size);
	struct growth growth = { size, 600, WORKER_GROWN, 0, 1300 * 1000 };
	struct layer_inventory inventory = follow(pool, fd, &growth, arena);
	if (inventory.state != LAYER_OK)
		fail_msg(STR_FMT, STR_ARG(inventory.reason));
	worker_pool_stop(&pool);
	arena_free(&arena);
}

static void a_follower_is_lost_like_any_worker(void **state)
{
	(void)state;
	static const struct {
		const char *plan;
		const char *reason;
	} rows[] = {
		{ "crash:marked", "the worker was killed by signal 6" },
		{ "hang:marked", "the worker took longer than 1 s" },
		{ "garbage:marked", "the worker broke its protocol" },
	};
	uint64_t size;
	AUTO_CLOSE int fd = linked_layer(&size);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(0);
		struct growth growth = { size, 600, WORKER_GROWN, 0, 0 };
		setenv("LAZARET_WORKER_FAULT", rows[i].plan, 1);
		struct worker_pool *pool = start_followers(1);
		struct layer_inventory inventory = follow(pool, fd, &growth, arena);
		assert_int_equal(inventory.state, LAYER_FAILED);
		if (!str_contains(inventory.reason, str_from(rows[i].reason)))
			fail_msg(STR_FMT, STR_ARG(inventory.reason));
		expect(pool, "other", LAYER_OK, NULL);
		worker_pool_stop(&pool);
		arena_free(&arena);
	}
	unsetenv("LAZARET_WORKER_FAULT");
}

static void sandbox_denies_everything(void **state)
{
	(void)state;
	char command[4200];
	char line[256];
	unsigned denied = 0;
	snprintf(command, sizeof(command), "'%s' --probe-sandbox", getenv("LAZARET_WORKER"));
	FILE *report = popen(command, "re");
	assert_non_null(report);
	while (fgets(line, sizeof(line), report)) {
		if (!strstr(line, ": denied"))
			fail_msg("%s", line);
		denied++;
	}
	int status = pclose(report);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(denied >= 25);
}

/* Without programs that were recognised by their texts: packages own them here. */
static size_t packages_in(const struct layer_inventory *layer)
{
	size_t count = 0;
	for (size_t i = 0; i < layer->packages.n; i++)
		count += layer->packages.items[i].type != PACKAGE_GENERIC;
	return count;
}

static size_t packages_of(const struct archive_contents *contents)
{
	size_t most = 0;
	for (size_t i = 0; i < contents->entries.n; i++) {
		const struct layer_inventory *layer = contents->entries.items[i].layer;
		if (!layer)
			continue;
		if (layer->state != LAYER_OK)
			fail_msg("layer: " STR_FMT, STR_ARG(layer->reason));
		assert_true(layer->digest.n > 0);
		if (packages_in(layer) > most)
			most = packages_in(layer);
	}
	return most;
}

static void real_images(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		size_t packages; /* of the layer with most */
		bool root;	 /* a root file system, not an image archive */
	} images[] = {
		{ "alpine/alpine-3.10.2-docker-save.tar.gz", 14, false },
		{ "alpine/alpine-minirootfs-3.10.9-x86_64.tar.gz", 14, true },
		{ "alpine/alpine-minirootfs-3.15.11-x86_64.tar.gz", 14, true },
		{ "alpine/alpine-minirootfs-3.18.9-x86_64.tar.gz", 15, true },
		{ "archives/docker-save-nginx-debian10.tar", 84, false },
		{ "archives/docker-save-dockergoof-debian8.tar", 381, false },
		/* 82 directories of node_modules: 64 packages, some of them several times */
		{ "archives/oci-npm-node-modules-alpine3.19.tar.gz", 82, false },
		/* distroless: the layers have 3 and 3 packages, 6 together */
		{ "archives/docker-save-distroless-base.tar.gz", 3, false },
		{ "busybox/busybox-1.38.0-glibc-amd64-oci-layout.tar", 0, false },
	};
	const char *shared = getenv("LAZARET_SHARED");
	char path[4200];
	snprintf(path, sizeof(path), "%s/data/images", shared ? shared : "");
	if (access(path, R_OK) < 0) {
		print_message("# SKIP real images: no test data at LAZARET_SHARED\n");
		return;
	}
	struct worker_pool *pool = start(1, 0, 0);
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		struct arena *arena = arena_new(0);
		struct err err = ERR_INIT;
		AUTO_CLOSE int fd = -1;
		snprintf(path, sizeof(path), "%s/data/images/%s", shared, images[i].path);
		assert_int_equal(file_open(path, O_RDONLY, 0, &fd, &err), 0);
		size_t found;
		if (images[i].root) {
			struct layer_inventory layer;
			assert_int_equal(worker_analyze_layer(pool, fd, arena,
						 str_from(images[i].path), &layer, &err),
				0);
			assert_int_equal(layer.state, LAYER_OK);
			found = packages_in(&layer);
		} else {
			struct archive_contents contents;
			assert_int_equal(worker_analyze_archive(pool, fd, arena,
						 str_from(images[i].path), &contents, &err),
				0);
			if (contents.state != LAYER_OK)
				fail_msg("%s: " STR_FMT, path, STR_ARG(contents.reason));
			found = packages_of(&contents);
		}
		if (found != images[i].packages)
			fail_msg("%s: %zu packages", path, found);
		arena_free(&arena);
	}
	worker_pool_stop(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_is_reused),
		cmocka_unit_test(crash_costs_one_layer),
		cmocka_unit_test(last_words_reach_the_log),
		cmocka_unit_test(hang_costs_one_layer),
		cmocka_unit_test(garbage_costs_one_layer),
		cmocka_unit_test(memory_costs_one_layer),
		cmocka_unit_test(processor_time_costs_one_layer),
		cmocka_unit_test(restarts_after_its_requests),
		cmocka_unit_test(says_what_is_not_a_layer),
		cmocka_unit_test(missing_program_is_an_error),
		cmocka_unit_test(stop_interrupts),
		cmocka_unit_test(a_growing_layer_is_followed),
		cmocka_unit_test(an_upload_that_is_given_up_costs_nothing),
		cmocka_unit_test(waiting_for_the_client_is_not_counted),
		cmocka_unit_test(a_follower_is_lost_like_any_worker),
		cmocka_unit_test(sandbox_denies_everything),
		cmocka_unit_test(real_images),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
