/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI image layout directory as a source. Paths come from documents inside the layout, so they
 * are opened with openat2() confined to the directory: no "..", no link that leads out. A layer is
 * read by a worker when it is asked for and remembered, because images of one layout share layers.
 */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/map.h"
#include "cmd/scan_target.h"
#include "os/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct layout {
	struct arena *arena;
	struct worker_pool *pool;
	int directory;
	struct map *layers; /* path → struct layer_inventory */
};

static void layout_close(void *pointer)
{
	struct layout *layout = pointer;
	close(layout->directory);
	map_free(&layout->layers);
}

/* Regular files only: a FIFO in a layout must not make us wait. Outcome SOURCE_ABSENT. */
static int open_inside(const struct layout *layout, struct str path, int *fd, struct err *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	const char *name = arena_cstr(layout->arena, path);
	long opened = syscall(SYS_openat2, layout->directory, name, &how, sizeof(how));
	if (opened < 0 && (errno == ENOENT || errno == ENOTDIR))
		return SOURCE_ABSENT;
	if (opened < 0)
		return err_sys(err, "opening " STR_FMT, STR_ARG(path));
	AUTO_CLOSE int owned = (int)opened;
	struct stat st;
	if (fstat(owned, &st))
		return err_sys(err, "looking at " STR_FMT, STR_ARG(path));
	if (!S_ISREG(st.st_mode))
		return SOURCE_ABSENT;
	*fd = TAKE_FD(owned);
	return 0;
}

static int layout_json(void *context, struct str path, struct str *text, struct err *err)
{
	const struct layout *layout = context;
	AUTO_CLOSE int fd = -1;
	int r = open_inside(layout, path, &fd, err);
	if (r)
		return r < 0 ? err_trace(err, r) : SOURCE_ABSENT;
	r = file_slurp_fd(layout->arena, fd, LIMIT_CONFIG_BYTES, text, err);
	return r ? err_wrap(err, r, "reading " STR_FMT, STR_ARG(path)) : 0;
}

static int layout_layer(
	void *context, struct str path, const struct layer_inventory **layer, struct err *err)
{
	const struct layout *layout = context;
	*layer = map_get(layout->layers, path);
	if (*layer)
		return 0;
	AUTO_CLOSE int fd = -1;
	int r = open_inside(layout, path, &fd, err);
	if (r)
		return r < 0 ? err_trace(err, r) : SOURCE_ABSENT;
	struct layer_inventory *read = ARENA_NEW(layout->arena, struct layer_inventory);
	r = worker_analyze_layer(layout->pool, fd, layout->arena, path, read, err);
	if (r)
		return err_trace(err, r);
	map_put(layout->layers, path, read);
	*layer = read;
	return 0;
}

int scan_layout_source(struct arena *arena, const char *path, struct worker_pool *pool,
	struct scan_source *source, struct err *err)
{
	int directory;
	int r = file_open(path, O_RDONLY | O_DIRECTORY, 0, &directory, err);
	if (r)
		return err_trace(err, r);
	struct layout *layout = ARENA_NEW(arena, struct layout);
	*layout = (struct layout){ arena, pool, directory, map_new() };
	arena_defer(arena, layout_close, layout);
	*source = (struct scan_source){ layout, layout_json, layout_layer };
	return 0;
}
