/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one upload on their way to the disk and into the digest. Small pieces of a large
 * body are gathered into blocks, because a write of 128 KiB costs half of eight of 16 KiB, and a
 * body that goes on is hashed on a second thread while the next bytes are received and written.
 *
 * Bytes are always written before they are hashed, so the digest never knows of a byte the file
 * lacks. Memory is bounded: blocks come from a pool with a budget, only for bodies that have shown
 * to be large, and where none is left the bytes go straight through.
 *
 * Threads: an intake belongs to one thread; the pool to all. Private to registry/.
 */
#ifndef REGISTRY_INTAKE_H
#define REGISTRY_INTAKE_H

#include "base/vec.h"
#include "crypto/digest.h"
#include "os/thread.h"

enum {
	INTAKE_BLOCK = 128 << 10,
	INTAKE_BLOCKS = 4, /* of one upload at a time */
};

struct intake_block {
	size_t n;
	unsigned char bytes[INTAKE_BLOCK];
};

struct intake_pool {
	struct lock lock;
	VEC(struct intake_block *) idle; /* under lock */
	size_t given;			 /* under lock: blocks that are with uploads */
	unsigned hashers;		 /* under lock: threads that hash */
	unsigned processors;
};

void intake_pool_init(struct intake_pool *pool);
void intake_pool_destroy(struct intake_pool *pool); /* after the last intake has ended */

/* Makes the bytes part of the staged file. */
typedef int (*intake_append)(void *context, const void *bytes, size_t n, struct err *err);

struct intake {
	struct intake_pool *pool;
	intake_append append;
	void *context;
	struct digest digest; /* of all bytes after intake_settle(); before, the hasher's */
	uint64_t taken;	      /* bytes since the intake began */
	struct intake_block *filling;
	unsigned blocks; /* that the intake has from the pool */
	bool threaded;
	pthread_t thread;
	struct lock lock;
	struct lock_cond changed;
	struct intake_block *waiting[INTAKE_BLOCKS]; /* under lock: to be hashed, oldest first */
	size_t waiting_count;			     /* under lock; the first may be in work */
	struct intake_block *spare[INTAKE_BLOCKS];   /* under lock: hashed */
	size_t spare_count;			     /* under lock */
	bool stopping;				     /* under lock */
};

/* The caller sets digest to the state at the upload's offset. */
void intake_init(
	struct intake *intake, struct intake_pool *pool, intake_append append, void *context);
/* An error is append's, and nothing more may be written then. */
int intake_write(struct intake *intake, const void *bytes, size_t n, struct err *err) MUST_CHECK;
/* Appends what was gathered and waits until everything is in the digest. */
int intake_settle(struct intake *intake, struct err *err) MUST_CHECK;
void intake_end(struct intake *intake); /* what was not settled is dropped */

#endif
