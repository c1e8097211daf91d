/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound ownership for the few objects that do not live in an arena. A variable declared
 * with one of these is released when its scope ends; ownership leaves with TAKE_FD / TAKE_PTR.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define AUTO_FREE  __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
/* AUTO(fn): fn takes a pointer to the variable, e.g. AUTO(strbuf_free) struct strbuf b = ... */
#define AUTO(fn)   __attribute__((cleanup(fn)))

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#endif
