/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the advisory tests; see fixture.h. */
#include "fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t read_clock(void *context)
{
	return ((struct fixture *)context)->now_us;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	if (!fixture)
		return -1;
	snprintf(fixture->root, sizeof(fixture->root), "/tmp/test-advisory-XXXXXX");
	fixture->arena = arena_new(0);
	fixture->now_us = 1700000000000000; /* 2023-11-14 */
	fixture->clock = (struct clock){ read_clock, read_clock, fixture };
	*state = fixture;
	return mkdtemp(fixture->root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	nftw(fixture->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	VEC_FREE(&fixture->report.named);
	arena_free(&fixture->arena);
	free(fixture);
	return 0;
}

void fixture_write(struct fixture *fixture, const char *name, struct str content)
{
	struct str path = arena_printf(fixture->arena, "%s/%s", fixture->root, name);
	char *cursor = arena_cstr(fixture->arena, path);
	for (char *c = cursor + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		(void)mkdir(cursor, 0700);
		*c = '/';
	}
	FILE *file = fopen(path.p, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(content.p, 1, content.n, file), content.n);
	assert_int_equal(fclose(file), 0);
}

int fixture_import(struct fixture *fixture, const char *name)
{
	struct str data = arena_printf(fixture->arena, "%s/data", fixture->root);
	const char *path =
		*name == '/' ? name : arena_printf(fixture->arena, "%s/%s", fixture->root, name).p;
	const struct import_settings settings = {
		.data_dir = data.p, .paths = &path, .path_count = 1, .clock = &fixture->clock
	};
	VEC_FREE(&fixture->report.named);
	fixture->err = ERR_INIT;
	return advisory_import(&settings, &fixture->report, &fixture->err);
}

struct match_list fixture_judge_on(
	struct fixture *fixture, const struct platform *platform, const struct package *package)
{
	struct str data = arena_printf(fixture->arena, "%s/data", fixture->root);
	struct snapshot *snapshot;
	struct match_list list;
	assert_int_equal(snapshot_open_current(data.p, &snapshot, &fixture->err), 0);
	assert_int_equal(
		snapshot_judge(snapshot, fixture->arena, package, platform, &list, &fixture->err),
		0);
	snapshot_close(&snapshot);
	return list;
}

struct match_list fixture_judge(struct fixture *fixture, const char *release,
	enum package_type type, const char *name, const char *version)
{
	const struct platform platform = { .release_key = str_from(release) };
	const struct package package = { .type = type,
		.name = str_from(name),
		.version = str_from(version),
		.source_name = str_from(name),
		.source_version = str_from(version) };
	return fixture_judge_on(fixture, &platform, &package);
}

const struct match *fixture_find(const struct match_list *list, const char *vulnerability)
{
	for (size_t i = 0; i < list->items.n; i++)
		if (str_eq(list->items.items[i].vulnerability, str_from(vulnerability)))
			return &list->items.items[i];
	return NULL;
}
