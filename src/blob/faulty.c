/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that fails once, at the call it is told to, and otherwise forwards to the store it wraps
 * (contract in driver.h). The failure comes before the inner store sees the call, as when a disk or
 * an object store refuses; faults inside a driver's own steps are os/fault.h. Calls that cannot
 * fail (close, fd) are not counted. The counter is atomic, so threads share one count.
 */
#include "blob/driver.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

struct faulty_store {
	struct blob_store base;
	struct blob_store *inner;
	uint64_t fail_call;
	int errno_code;
	_Atomic uint64_t calls;
};

struct faulty_stage {
	struct blob_stage base;
	struct blob_stage *inner;
};

static struct faulty_store *store_of(struct blob_store *store)
{
	return (struct faulty_store *)(void *)store;
}

static struct blob_store *inner_of(struct blob_store *store)
{
	return store_of(store)->inner;
}

static struct faulty_stage *stage_of(struct blob_stage *stage)
{
	return (struct faulty_stage *)(void *)stage;
}

static int count_call(struct blob_store *base, const char *operation, struct err *err)
{
	struct faulty_store *store = store_of(base);
	uint64_t call = atomic_fetch_add(&store->calls, 1) + 1;
	if (call != store->fail_call)
		return 0;
	return err_set(
		err, store->errno_code, "injected fault at call %" PRIu64 " (%s)", call, operation);
}

static void faulty_close(struct blob_store *base)
{
	blob_store_close(&store_of(base)->inner);
	free(base);
}

static int faulty_stage_open(struct blob_store *base, struct str upload_id, uint64_t offset,
	struct blob_stage **stage, struct err *err)
{
	struct blob_stage *inner;
	int result = count_call(base, "stage_open", err);
	if (result == 0)
		result = blob_stage_open(inner_of(base), upload_id, offset, &inner, err);
	if (result)
		return result < 0 ? err_trace(err, result) : result;
	struct faulty_stage *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->base.store = base;
	made->inner = inner;
	*stage = &made->base;
	return 0;
}

static int faulty_stage_append(
	struct blob_stage *stage, const void *bytes, size_t n, struct err *err)
{
	int result = count_call(stage->store, "stage_append", err);
	return result < 0 ? result : blob_stage_append(stage_of(stage)->inner, bytes, n, err);
}

static int faulty_stage_sync(struct blob_stage *stage, struct err *err)
{
	int result = count_call(stage->store, "stage_sync", err);
	return result < 0 ? result : blob_stage_sync(stage_of(stage)->inner, err);
}

static int faulty_stage_fd(struct blob_stage *stage)
{
	return blob_stage_fd(stage_of(stage)->inner);
}

static int faulty_stage_reader(struct blob_stage *stage, int *fd, struct err *err)
{
	int result = count_call(stage->store, "stage_reader", err);
	return result < 0 ? result : blob_stage_reader(stage_of(stage)->inner, fd, err);
}

static void faulty_stage_close(struct blob_stage *stage)
{
	blob_stage_close(&stage_of(stage)->inner);
	free(stage);
}

static int faulty_stage_discard(struct blob_store *base, struct str upload_id, struct err *err)
{
	int result = count_call(base, "stage_discard", err);
	return result < 0 ? result : blob_stage_discard(inner_of(base), upload_id, err);
}

static int faulty_stage_list(struct blob_store *base, struct arena *arena, struct str **ids,
	size_t *count, struct err *err)
{
	int result = count_call(base, "stage_list", err);
	return result < 0 ? result : blob_stage_list(inner_of(base), arena, ids, count, err);
}

static int faulty_publish(struct blob_stage *stage, struct str digest, struct err *err)
{
	int result = count_call(stage->store, "publish", err);
	if (result == 0)
		result = blob_publish(&stage_of(stage)->inner, digest, err);
	faulty_stage_close(stage);
	return result;
}

static int faulty_open(
	struct blob_store *base, struct str digest, int *fd, uint64_t *size, struct err *err)
{
	int result = count_call(base, "open", err);
	return result < 0 ? result : blob_open(inner_of(base), digest, fd, size, err);
}

static int faulty_delete(struct blob_store *base, struct str digest, struct err *err)
{
	int result = count_call(base, "delete", err);
	return result < 0 ? result : blob_delete(inner_of(base), digest, err);
}

static int faulty_delete_sync(struct blob_store *base, struct str digest, struct err *err)
{
	int result = count_call(base, "delete_sync", err);
	return result < 0 ? result : blob_delete_sync(inner_of(base), digest, err);
}

static int faulty_stage_peek(
	struct blob_store *base, struct str upload_id, bool *shared, int *fd, struct err *err)
{
	int result = count_call(base, "stage_peek", err);
	return result < 0 ? result : blob_stage_peek(inner_of(base), upload_id, shared, fd, err);
}

static int faulty_files(struct blob_store *base, struct arena *arena, unsigned part,
	struct blob_file **files, size_t *count, struct err *err)
{
	int result = count_call(base, "files", err);
	return result < 0 ? result : blob_files(inner_of(base), arena, part, files, count, err);
}

static int faulty_quarantine(struct blob_store *base, struct arena *arena,
	const struct blob_file *file, struct str *name, struct err *err)
{
	int result = count_call(base, "quarantine", err);
	return result < 0 ? result : blob_quarantine(inner_of(base), arena, file, name, err);
}

static const struct blob_driver driver = {
	.name = "faulty",
	.close = faulty_close,
	.stage_open = faulty_stage_open,
	.stage_append = faulty_stage_append,
	.stage_sync = faulty_stage_sync,
	.stage_fd = faulty_stage_fd,
	.stage_reader = faulty_stage_reader,
	.stage_close = faulty_stage_close,
	.stage_discard = faulty_stage_discard,
	.stage_list = faulty_stage_list,
	.publish = faulty_publish,
	.open = faulty_open,
	.delete = faulty_delete,
	.delete_sync = faulty_delete_sync,
	.stage_peek = faulty_stage_peek,
	.files = faulty_files,
	.quarantine = faulty_quarantine,
};

int blob_store_wrap_faulty(struct blob_store *inner, uint64_t fail_call, int errno_code,
	struct blob_store **store, struct err *err)
{
	(void)err;
	struct faulty_store *made = calloc(1, sizeof(*made));
	CHECK(made && inner);
	made->base.driver = &driver;
	made->inner = inner;
	made->fail_call = fail_call;
	made->errno_code = errno_code;
	*store = &made->base;
	return 0;
}
