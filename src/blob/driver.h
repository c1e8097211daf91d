/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For drivers and wrappers only: the function table behind blob.h. A wrapper holds another store
 * and forwards. Contracts are those of blob.h.
 */
#ifndef BLOB_DRIVER_H
#define BLOB_DRIVER_H

#include "blob/blob.h"

struct blob_driver {
	const char *name;
	void (*close)(struct blob_store *store);
	int (*stage_open)(struct blob_store *store, struct str upload_id, uint64_t offset,
		struct blob_stage **stage, struct err *err);
	int (*stage_append)(struct blob_stage *stage, const void *bytes, size_t n, struct err *err);
	int (*stage_sync)(struct blob_stage *stage, struct err *err);
	int (*stage_fd)(struct blob_stage *stage);
	int (*stage_reader)(struct blob_stage *stage, int *fd, struct err *err);
	void (*stage_close)(struct blob_stage *stage);
	int (*stage_discard)(struct blob_store *store, struct str upload_id, struct err *err);
	int (*stage_list)(struct blob_store *store, struct arena *arena, struct str **ids,
		size_t *count, struct err *err);
	int (*stage_peek)(struct blob_store *store, struct str upload_id, bool *shared, int *fd,
		struct err *err);
	int (*publish)(struct blob_stage *stage, struct str digest, struct err *err);
	int (*open)(struct blob_store *store, struct str digest, int *fd, uint64_t *size,
		struct err *err);
	int (*delete)(struct blob_store *store, struct str digest, struct err *err);
	int (*delete_sync)(struct blob_store *store, struct str digest, struct err *err);
	/* NULL where there are no names but those of blobs. */
	int (*files)(struct blob_store *store, struct arena *arena, unsigned part,
		struct blob_file **files, size_t *count, struct err *err);
	int (*quarantine)(struct blob_store *store, struct arena *arena,
		const struct blob_file *file, struct str *name, struct err *err);
};

/* First member of every driver's own struct. */
struct blob_store {
	const struct blob_driver *driver;
};
struct blob_stage {
	struct blob_store *store;
};

/*
 * Wraps inner (taken over): the n-th call (counted from 1 over all operations) fails with the
 * errno; n == 0 never. For fault tests: raise n until the work under test succeeds.
 */
int blob_store_wrap_faulty(struct blob_store *inner, uint64_t fail_call, int errno_code,
	struct blob_store **store, struct err *err) MUST_CHECK;

#endif
