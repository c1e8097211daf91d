/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing on a second thread, so that inflating and hashing overlap. Bytes are copied into a ring
 * of blocks; each block belongs to one digest. One producer thread. The thread must be started
 * before the sandbox forbids new threads and lives until hasher_stop().
 */
#ifndef ANALYZE_HASHER_H
#define ANALYZE_HASHER_H

#include "base/err.h"
#include "crypto/digest.h"

struct hasher;

int hasher_start(struct hasher **hasher, struct err *err) MUST_CHECK;
void hasher_stop(struct hasher **hasher);

/* digest must stay where it is until hasher_finish(). */
void hasher_add(struct hasher *hasher, struct digest *digest, const void *bytes, size_t n);
/* Waits until everything added so far is in its digest. */
void hasher_finish(struct hasher *hasher);

#endif
