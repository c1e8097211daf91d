/* SPDX-License-Identifier: Apache-2.0 */
/* A registry over a real database and real files in a directory of its own, removed at the end. */
#ifndef TEST_REGISTRY_FIXTURE_H
#define TEST_REGISTRY_FIXTURE_H

#include "blob/driver.h"
#include "crypto/digest.h"
#include "registry/gc.h"
#include "registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
	char directory[64];
	struct clock clock;
	_Atomic int64_t now_us;
	_Atomic unsigned blobs_committed;
	_Atomic unsigned manifests_committed;
	/* what the hooks of uploads said, one after the other; not with threads */
	_Atomic bool telling;
	char told[256];
	struct store *store;
	struct blob_store *blobs;
	struct registry *registry;
	struct arena *arena;
	struct err err;
	struct registry_gc_result collected;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Stops everything; the files stay. */
void fixture_close(struct fixture *f);
void fixture_open(struct fixture *f);
/* As fixture_open with the blob store failing at its n-th call. */
void fixture_open_faulty(struct fixture *f, uint64_t fail_call, int errno_code);

/* The outcome of a whole push: start, write, finish. */
int push_blob(struct fixture *f, const char *repository, struct str bytes, struct str digest);
struct str digest_of(struct fixture *f, enum digest_algorithm algorithm, struct str bytes);
/* Pushes the bytes, must succeed; the digest. */
struct str pushed(struct fixture *f, const char *repository, struct str bytes);
/* A round of the garbage collector; collected holds what it did. */
int sweep(struct fixture *f);
/* Number of regular files below a directory of the fixture. */
unsigned files_below(struct fixture *f, const char *name);
/* An OCI image manifest of one configuration and one layer, by text. */
struct str image_manifest(struct fixture *f, struct str config, struct str layer);
int put_manifest(struct fixture *f, const char *repository, struct str reference, struct str bytes);
#define OCI_IMAGE "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

#endif
