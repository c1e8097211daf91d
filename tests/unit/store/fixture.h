/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, removed at the end. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
	char directory[64];
	struct store *store;
	struct arena *arena;
	struct err err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Runs fn(connection, fixture) in a write or read, which must succeed with 0. */
void in_write(struct fixture *f, db_fn fn);
void in_read(struct fixture *f, db_fn fn);
#define TEST(fn)	 cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
#define assert_str(a, b) assert_true(str_eq((a), (b)))

#endif
