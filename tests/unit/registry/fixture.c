/* SPDX-License-Identifier: Apache-2.0 */
/* See fixture.h. */
#include "fixture.h"

#include "os/fault.h"
#include "os/file.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t now(void *context)
{
	struct fixture *f = context;
	return f->now_us;
}

static void tell(struct fixture *f, const char *word, uint64_t from, uint64_t to)
{
	size_t n = strlen(f->told);
	if (f->telling)
		snprintf(f->told + n, sizeof(f->told) - n, "%s %u-%u;", word, (unsigned)from,
			(unsigned)to);
}

static void blob_committed(void *context, struct str upload, struct str digest, uint64_t size)
{
	struct fixture *f = context;
	(void)digest;
	assert_int_equal(upload.n, 36);
	tell(f, "committed", 0, size);
	f->blobs_committed++;
}

static void upload_grew(
	void *context, struct str upload, struct blob_stage *stage, uint64_t before, uint64_t size)
{
	int fd = -1;
	struct err err = ERR_INIT;
	struct fixture *f = context;
	assert_int_equal(upload.n, 36);
	if (f->telling) {
		assert_int_equal(blob_stage_reader(stage, &fd, &err), 0);
		assert_int_equal(lseek(fd, 0, SEEK_END), size);
		close(fd);
	}
	tell(f, "grew", before, size);
}

static void upload_verified(void *context, struct str upload, uint64_t size)
{
	assert_int_equal(upload.n, 36);
	tell(context, "verified", 0, size);
}

static void upload_dropped(void *context, struct str upload)
{
	assert_int_equal(upload.n, 36);
	tell(context, "dropped", 0, 0);
}

static void manifest_committed(void *context, struct str digest)
{
	(void)digest;
	((struct fixture *)context)->manifests_committed++;
}

void fixture_open_faulty(struct fixture *f, uint64_t fail_call, int errno_code)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/content", f->directory);
	assert_int_equal(store_open(f->directory, &f->clock, &f->store, &f->err), 0);
	assert_int_equal(blob_store_open_fs(path, &f->blobs, &f->err), 0);
	if (fail_call)
		assert_int_equal(
			blob_store_wrap_faulty(f->blobs, fail_call, errno_code, &f->blobs, &f->err),
			0);
	struct registry_hooks hooks = {
		.context = f,
		.blob_committed = blob_committed,
		.manifest_committed = manifest_committed,
		.upload_grew = upload_grew,
		.upload_verified = upload_verified,
		.upload_dropped = upload_dropped,
	};
	assert_int_equal(
		registry_new(f->store, f->blobs, &f->clock, &hooks, &f->registry, &f->err), 0);
}

void fixture_open(struct fixture *f)
{
	fixture_open_faulty(f, 0, 0);
}

void fixture_close(struct fixture *f)
{
	registry_free(&f->registry);
	if (f->blobs)
		blob_store_close(&f->blobs);
	store_close(&f->store);
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "/tmp/lazaret-registry-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->clock = (struct clock){ .wall_us = now, .monotonic_us = now, .context = f };
	f->now_us = 1000000000;
	f->arena = arena_new(0);
	fixture_open(f);
	*state = f;
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	os_fault_set(NULL);
	fixture_close(f);
	arena_free(&f->arena);
	assert_int_equal(nftw(f->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
	return 0;
}

struct str digest_of(struct fixture *f, enum digest_algorithm algorithm, struct str bytes)
{
	char text[DIGEST_TEXT_MAX];
	digest_bytes(algorithm, bytes, text);
	return arena_str(f->arena, str_from(text));
}

int push_blob(struct fixture *f, const char *repository, struct str bytes, struct str digest)
{
	char id[37];
	struct registry_upload *upload;
	struct str name = str_from(repository);
	int rc = registry_upload_start(f->registry, name, id, &f->err);
	if (rc == 0)
		rc = registry_upload_open(f->registry, name, str_from(id), &upload, &f->err);
	if (rc)
		return rc;
	rc = registry_upload_write(upload, bytes.p, bytes.n, &f->err);
	if (rc) {
		int ignored = registry_upload_suspend(&upload, NULL);
		(void)ignored;
		return rc;
	}
	return registry_upload_finish(&upload, digest, &f->err);
}

struct str pushed(struct fixture *f, const char *repository, struct str bytes)
{
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	assert_int_equal(push_blob(f, repository, bytes, digest), 0);
	return digest;
}

static unsigned counted;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)path;
	(void)st;
	(void)walk;
	counted += type == FTW_F;
	return 0;
}

unsigned files_below(struct fixture *f, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/content/%s", f->directory, name);
	counted = 0;
	assert_int_equal(nftw(path, count_file, 16, FTW_PHYS), 0);
	return counted;
}

struct str image_manifest(struct fixture *f, struct str config, struct str layer)
{
	return arena_printf(f->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_IMAGE "\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" STR_FMT
		"\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"" STR_FMT
		"\",\"size\":%zu}]}",
		STR_ARG(digest_of(f, DIGEST_SHA256, config)), config.n,
		STR_ARG(digest_of(f, DIGEST_SHA256, layer)), layer.n);
}

int put_manifest(struct fixture *f, const char *repository, struct str reference, struct str bytes)
{
	struct registry_manifest stored;
	struct str why;
	return registry_manifest_put(f->registry, f->arena, str_from(repository), reference, NULL,
		STR_NULL, bytes, &stored, &why, &f->err);
}

int sweep(struct fixture *f)
{
	return registry_gc_run(f->registry, REGISTRY_GC_POLICY_GRACE, &f->collected, &f->err);
}
