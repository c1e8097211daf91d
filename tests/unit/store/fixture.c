/* SPDX-License-Identifier: Apache-2.0 */
/* See fixture.h. */
#include "fixture.h"

#include <ftw.h>
#include <stdlib.h>

static int64_t no_time(void *context)
{
	(void)context;
	return 1000000;
}

static const struct clock still_clock = { .wall_us = no_time, .monotonic_us = no_time };

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "/tmp/lazaret-store-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->arena = arena_new(0);
	assert_int_equal(store_open(f->directory, &still_clock, &f->store, &f->err), 0);
	*state = f;
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	store_close(&f->store);
	arena_free(&f->arena);
	assert_int_equal(nftw(f->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
	return 0;
}

void in_write(struct fixture *f, db_fn fn)
{
	int rc = store_write(f->store, fn, f, &f->err);
	if (rc)
		fail_msg("%d: %s", rc, err_text(&f->err));
}

void in_read(struct fixture *f, db_fn fn)
{
	int rc = store_read(f->store, fn, f, &f->err);
	if (rc)
		fail_msg("%d: %s", rc, err_text(&f->err));
}
