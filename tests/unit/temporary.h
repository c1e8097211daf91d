/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for a test that needs files; removed with everything in it. */
#ifndef TESTS_TEMPORARY_H
#define TESTS_TEMPORARY_H

#include "base/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEMPORARY_MAX = 256 };

static inline void temporary_make(char out[TEMPORARY_MAX])
{
	const char *base = getenv("TMPDIR");
	snprintf(out, TEMPORARY_MAX, "%s/lazaret-test-XXXXXX", base ? base : "/tmp");
	CHECK(mkdtemp(out));
}

static inline int temporary_remove_one(
	const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void temporary_remove(const char *path)
{
	CHECK(nftw(path, temporary_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

#endif
