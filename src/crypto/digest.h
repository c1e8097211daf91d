/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running digests whose state can be saved and restored, because an upload resumes after a restart
 * or on another node. sha256 and sha512. One thread at a time per object.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/err.h"
#include "base/str.h"

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

enum { DIGEST_TEXT_MAX = 7 + 128 + 1, DIGEST_STATE_MAX = 256 };

struct digest { /* opaque; by value so that it can live in other structs */
	enum digest_algorithm algorithm;
	_Alignas(16) unsigned char state[DIGEST_STATE_MAX];
};

void digest_init(struct digest *digest, enum digest_algorithm algorithm);
void digest_update(struct digest *digest, const void *bytes, size_t n);
/* "sha256:<hex>" with NUL; the digest must be re-initialised before further use. */
void digest_final(struct digest *digest, char out[DIGEST_TEXT_MAX]);
/* Portable saved form (byte order fixed, versioned): returns its length. */
size_t digest_save(const struct digest *digest, unsigned char out[DIGEST_STATE_MAX]);
int digest_restore(struct digest *digest, struct str saved,
	struct err *err) MUST_CHECK; /* -EINVAL: not such a state */
/* One call. */
void digest_bytes(enum digest_algorithm algorithm, struct str bytes, char out[DIGEST_TEXT_MAX]);

#endif
