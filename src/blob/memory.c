/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs in memory, for tests. Each upload and each blob is an anonymous file (memfd), so this
 * driver has real descriptors to give, with a position of their own and read-only, like files have.
 * "Durable" means: survives closing the stage. One lock guards both tables; the bytes of an upload
 * are written without it, because a stage belongs to one thread.
 */
#include "blob/driver.h"

#include "base/map.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/thread.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct content {
	int fd;
	uint64_t size;
	char name[65]; /* of an upload */
};

struct memory_store {
	struct blob_store base;
	struct lock lock;
	struct map *uploads; /* id → struct content */
	struct map *blobs;   /* digest → struct content */
};

struct memory_stage {
	struct blob_stage base;
	struct content *content; /* owned by the table */
};

static struct memory_store *store_of(struct blob_store *store)
{
	return (struct memory_store *)(void *)store;
}

static struct content *content_of(struct blob_stage *stage)
{
	return ((struct memory_stage *)(void *)stage)->content;
}

static void content_free(struct content *content)
{
	if (content) {
		close(content->fd);
		free(content);
	}
}

static void free_table(struct map **table)
{
	size_t cursor = 0;
	struct str key;
	void *value;
	while (map_next(*table, &cursor, &key, &value))
		content_free(value);
	map_free(table);
}

static void memory_close(struct blob_store *base)
{
	struct memory_store *store = store_of(base);
	free_table(&store->uploads);
	free_table(&store->blobs);
	lock_destroy(&store->lock);
	free(store);
}

static struct content *make_content(struct str upload_id, struct err *err)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);
	if (fd < 0) {
		err_sys(err, "making an anonymous file");
		return NULL;
	}
	/* Appending, as the file driver does: readers of the descriptor may move its position. */
	CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0);
	struct content *made = calloc(1, sizeof(*made));
	CHECK(made && upload_id.n < sizeof(made->name));
	made->fd = fd;
	memcpy(made->name, upload_id.p, upload_id.n);
	return made;
}

/* The upload of that id, made when absent; NULL: failed. */
static struct content *find_upload(
	struct memory_store *store, struct str upload_id, struct err *err)
{
	lock_take(&store->lock);
	struct content *content = map_get(store->uploads, upload_id);
	if (!content) {
		content = make_content(upload_id, err);
		if (content)
			map_put(store->uploads, upload_id, content);
	}
	lock_release(&store->lock);
	return content;
}

static int memory_stage_open(struct blob_store *base, struct str upload_id, uint64_t offset,
	struct blob_stage **stage, struct err *err)
{
	struct content *content = find_upload(store_of(base), upload_id, err);
	if (!content)
		return err_trace(err, -ENOMEM);
	if (content->size < offset)
		return BLOB_LOST;
	int result = file_truncate(content->fd, offset, err);
	if (result < 0)
		return err_trace(err, result);
	content->size = offset;
	struct memory_stage *opened = calloc(1, sizeof(*opened));
	CHECK(opened);
	opened->base.store = base;
	opened->content = content;
	*stage = &opened->base;
	return 0;
}

static int memory_stage_append(
	struct blob_stage *stage, const void *bytes, size_t n, struct err *err)
{
	struct content *content = content_of(stage);
	int result = file_write_all(content->fd, bytes, n, err);
	if (result < 0) {
		CHECK(file_truncate(content->fd, content->size, NULL) ==
			0); /* memory cannot refuse */
		return err_wrap(err, result, "upload %s", content->name);
	}
	content->size += n;
	return 0;
}

static int memory_stage_sync(struct blob_stage *stage, struct err *err)
{
	(void)stage;
	(void)err;
	return 0;
}

static int memory_stage_fd(struct blob_stage *stage)
{
	return content_of(stage)->fd;
}

/* Opening a file again gives a position of its own. */
static int open_again(const struct content *content, int *fd, struct err *err)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", content->fd);
	return file_open(path, O_RDONLY, 0, fd, err);
}

static int memory_stage_reader(struct blob_stage *stage, int *fd, struct err *err)
{
	return open_again(content_of(stage), fd, err);
}

static void memory_stage_close(struct blob_stage *stage)
{
	free(stage);
}

static int memory_stage_discard(struct blob_store *base, struct str upload_id, struct err *err)
{
	(void)err;
	struct memory_store *store = store_of(base);
	lock_take(&store->lock);
	content_free(map_remove(store->uploads, upload_id));
	lock_release(&store->lock);
	return 0;
}

/* The blob's bytes are its own, so that nothing done to the stage later changes them. */
static int copy_content(const struct content *content, struct content **copy, struct err *err)
{
	struct content *made = make_content(str_from(content->name), err);
	if (!made)
		return err_trace(err, -ENOMEM);
	char bytes[4096];
	int result = 0;
	while (result == 0 && made->size < content->size) {
		size_t got;
		result = file_read_at(content->fd, bytes, sizeof(bytes), made->size, &got, err);
		if (result == 0)
			result = file_write_all(made->fd, bytes, got, err);
		made->size += got;
	}
	if (result < 0) {
		content_free(made);
		return err_trace(err, result);
	}
	*copy = made;
	return 0;
}

static int memory_publish(struct blob_stage *stage, struct str digest, struct err *err)
{
	struct memory_store *store = store_of(stage->store);
	struct content *copy;
	int result = copy_content(content_of(stage), &copy, err);
	memory_stage_close(stage);
	if (result < 0)
		return err_trace(err, result);
	lock_take(&store->lock);
	if (map_get(store->blobs, digest))
		content_free(copy);
	else
		map_put(store->blobs, digest, copy);
	lock_release(&store->lock);
	return 0;
}

static int memory_open(
	struct blob_store *base, struct str digest, int *fd, uint64_t *size, struct err *err)
{
	struct memory_store *store = store_of(base);
	int result = BLOB_ABSENT;
	lock_take(&store->lock);
	const struct content *content = map_get(store->blobs, digest);
	if (content) {
		*size = content->size;
		result = open_again(content, fd, err);
	}
	lock_release(&store->lock);
	return result;
}

static int memory_delete(struct blob_store *base, struct str digest, struct err *err)
{
	(void)err;
	struct memory_store *store = store_of(base);
	lock_take(&store->lock);
	content_free(map_remove(store->blobs, digest));
	lock_release(&store->lock);
	return 0;
}

static int memory_stage_list(struct blob_store *base, struct arena *arena, struct str **ids,
	size_t *count, struct err *err)
{
	(void)err;
	struct memory_store *store = store_of(base);
	VEC(struct str) found = { 0 };
	size_t cursor = 0;
	struct str id;
	void *value;
	lock_take(&store->lock);
	while (map_next(store->uploads, &cursor, &id, &value))
		AVEC_PUSH(arena, &found, arena_str(arena, id));
	lock_release(&store->lock);
	*ids = found.items;
	*count = found.n;
	return 0;
}

static int memory_delete_sync(struct blob_store *base, struct str digest, struct err *err)
{
	(void)base;
	(void)digest;
	(void)err;
	return 0;
}

/* What a crash leaves does not outlive this store's process. */
static int memory_stage_peek(
	struct blob_store *base, struct str upload_id, bool *shared, int *fd, struct err *err)
{
	(void)base;
	(void)upload_id;
	(void)shared;
	(void)fd;
	(void)err;
	return 0;
}

static const struct blob_driver driver = {
	.name = "memory",
	.close = memory_close,
	.stage_open = memory_stage_open,
	.stage_append = memory_stage_append,
	.stage_sync = memory_stage_sync,
	.stage_fd = memory_stage_fd,
	.stage_reader = memory_stage_reader,
	.stage_close = memory_stage_close,
	.stage_discard = memory_stage_discard,
	.stage_list = memory_stage_list,
	.publish = memory_publish,
	.open = memory_open,
	.delete = memory_delete,
	.delete_sync = memory_delete_sync,
	.stage_peek = memory_stage_peek,
};

int blob_store_open_memory(struct blob_store **store, struct err *err)
{
	(void)err;
	struct memory_store *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->base.driver = &driver;
	lock_init(&made->lock, LOCK_BLOB_MEMORY);
	made->uploads = map_new();
	made->blobs = map_new();
	*store = &made->base;
	return 0;
}
