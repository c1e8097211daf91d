/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock by raw system calls: the kernel headers and C library of the build machine are older
 * than kernels we run on. A ruleset that handles every right and has no rule denies every opening
 * of a file, every TCP bind and connect (since ABI 4), and abstract Unix sockets and signals to
 * processes outside (since ABI 6). Descriptors that are open already keep working, which is exactly
 * what the worker gets.
 */
#include "os/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif

enum { QUERY_VERSION = 1 };

/* The kernel's struct landlock_ruleset_attr of ABI 6; older kernels accept zeros at its end. */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

/* Rights by the ABI that brought them: the lowest n bits of each word. */
static struct ruleset everything(int abi)
{
	static const struct {
		int abi;
		unsigned file_rights;
		unsigned network_rights;
		unsigned scopes;
	} history[] = {
		{ 1, 13, 0, 0 }, /* execute, read, write, make … */
		{ 2, 14, 0, 0 }, /* refer */
		{ 3, 15, 0, 0 }, /* truncate */
		{ 4, 15, 2, 0 }, /* TCP bind and connect */
		{ 5, 16, 2, 0 }, /* ioctl on devices */
		{ 6, 16, 2, 2 }, /* abstract Unix sockets, signals */
	};
	struct ruleset all = { 0 };
	for (size_t i = 0; i < sizeof(history) / sizeof(history[0]); i++) {
		if (history[i].abi > abi)
			break;
		all.files = ((uint64_t)1 << history[i].file_rights) - 1;
		all.network = ((uint64_t)1 << history[i].network_rights) - 1;
		all.scopes = ((uint64_t)1 << history[i].scopes) - 1;
	}
	return all;
}

int sandbox_enter_files(int *landlock_abi, struct err *err)
{
	*landlock_abi = 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, "giving up new privileges");
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, QUERY_VERSION);
	if (abi < 1)
		return 0; /* not in this kernel, or switched off: reported, not fatal */
	struct ruleset all = everything((int)abi);
	long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0)
		return err_sys(err, "making a Landlock ruleset");
	long r = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	int code = errno;
	close((int)fd);
	if (r < 0)
		return err_set(err, code, "entering the Landlock ruleset failed");
	*landlock_abi = (int)abi;
	return 0;
}
