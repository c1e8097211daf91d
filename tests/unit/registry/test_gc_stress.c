/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushes, deletes, pushes again, mounts and HEADs in several threads while the collector runs
 * without a pause. Each client has a model of what it was acknowledged: its tags, each with a
 * manifest of its own over blobs that all clients share. At every moment an acknowledged manifest
 * and all its blobs must be there bit for bit; a blob that HEAD showed within the grace must still
 * be there when the manifest comes; and in the end, when everything was deleted, nothing may be
 * left.
 *
 * Time is a counter that operations move on, so the grace is some dozens of operations.
 * LAZARET_STRESS_SECONDS sets how long it goes on (4).
 */
#include "fixture.h"

#include "base/check.h"
#include "os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 4, REPOSITORIES = 3, CONTENTS = 80, TAGS = 2, LAYERS = 3, STEP_US = 1000 };
enum { GRACE_US = 60 * STEP_US };

static const char *const repositories[REPOSITORIES] = { "one", "two", "three/four" };

struct shared {
	struct fixture *f;
	struct str contents[CONTENTS];
	struct str digests[CONTENTS];
	atomic_bool stopping;
	_Atomic unsigned pushes, deletes, verified, mounts, skips, uploads, late;
	_Atomic uint64_t links;
};

struct image { /* the model of one tag */
	bool there;
	struct str manifest;
	unsigned contents[LAYERS + 1];
};

struct client {
	struct shared *shared;
	unsigned number;
	unsigned random;
	unsigned serial;
	struct image images[REPOSITORIES][TAGS];
};

static unsigned draw(struct client *client, unsigned below)
{
	client->random = client->random * 1103515245u + 12345u;
	return (client->random >> 16) % below;
}

static void tick(struct client *client)
{
	atomic_fetch_add(&client->shared->f->now_us, STEP_US);
}

static void upload(struct client *client, struct str repository, unsigned content)
{
	struct shared *shared = client->shared;
	struct registry_upload *open;
	struct err err = ERR_INIT;
	char id[37];
	CHECK(registry_upload_start(shared->f->registry, repository, id, &err) == 0);
	CHECK(registry_upload_open(shared->f->registry, repository, str_from(id), &open, &err) ==
		0);
	struct str bytes = shared->contents[content];
	CHECK(registry_upload_write(open, bytes.p, bytes.n, &err) == 0);
	CHECK(registry_upload_finish(&open, shared->digests[content], &err) == 0);
	shared->uploads++;
}

/* As clients do: HEAD, else mount, else upload. */
static void bring(struct client *client, struct str repository, unsigned content)
{
	struct shared *shared = client->shared;
	struct registry *r = shared->f->registry;
	struct err err = ERR_INIT;
	uint64_t size;
	tick(client);
	int rc = registry_blob_check(r, repository, shared->digests[content], &size, &err);
	CHECK(rc == 0 || rc == REGISTRY_BLOB_UNKNOWN || rc == REGISTRY_NAME_UNKNOWN);
	if (rc == 0 && draw(client, 8)) {
		shared->skips++;
		return;
	}
	struct str from = str_from(repositories[draw(client, REPOSITORIES)]);
	if (draw(client, 2)) {
		rc = registry_blob_mount(r, repository, draw(client, 2) ? from : STR_NULL,
			shared->digests[content], &err);
		CHECK(rc == 0 || rc == REGISTRY_BLOB_UNKNOWN);
		shared->mounts += rc == 0;
		if (rc == 0)
			return;
	}
	upload(client, repository, content);
}

static void compose(struct client *client, struct image *image)
{
	struct shared *shared = client->shared;
	struct arena *arena = arena_new(0);
	struct str text = arena_printf(arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_IMAGE "\",\"annotations\":{\"of\":"
		"\"%u/%u\"},\"layers\":[",
		client->number, client->serial++);
	for (unsigned i = 0; i <= LAYERS; i++) {
		unsigned content = draw(client, CONTENTS);
		image->contents[i] = content;
		text = arena_printf(arena,
			STR_FMT "%s{\"mediaType\":\"application/x\",\"digest\":\"" STR_FMT
				"\",\"size\":%zu}%s",
			STR_ARG(text),
			i == LAYERS ? "],\"config\":"
			: i	    ? ","
				    : "",
			STR_ARG(shared->digests[content]), shared->contents[content].n,
			i == LAYERS ? "}" : "");
	}
	char *kept = malloc(text.n);
	CHECK(kept);
	memcpy(kept, text.p, text.n);
	free((void *)(uintptr_t)image->manifest.p);
	image->manifest = (struct str){ kept, text.n };
	arena_free(&arena);
}

static struct str tag_name(struct client *client, struct arena *arena, unsigned tag)
{
	return arena_printf(arena, "c%u-%u", client->number, tag);
}

static void push(struct client *client, struct arena *arena, unsigned where, unsigned tag)
{
	struct shared *shared = client->shared;
	struct image *image = &client->images[where][tag];
	struct str repository = str_from(repositories[where]);
	if (!image->manifest.p || draw(client, 2)) {
		if (image->there)
			return; /* would move the tag: the old manifest stays for ever */
		compose(client, image);
	}
	for (unsigned attempt = 0;; attempt++) {
		struct registry_manifest stored;
		struct str why;
		struct err err = ERR_INIT;
		int64_t first = shared->f->now_us;
		for (unsigned i = 0; i <= LAYERS; i++)
			bring(client, repository, image->contents[i]);
		int rc = registry_manifest_put(shared->f->registry, arena, repository,
			tag_name(client, arena, tag), NULL, STR_NULL, image->manifest, &stored,
			&why, &err);
		if (rc == 0)
			break;
		/* Only who took longer than the grace may have lost what was shown. */
		CHECK(rc == REGISTRY_MANIFEST_BLOB_UNKNOWN);
		CHECK(shared->f->now_us - first >= GRACE_US - GRACE_US / 8 && attempt < 50);
		shared->late++;
	}
	image->there = true;
	shared->pushes++;
}

static void verify_blob(struct client *client, struct str repository, unsigned content)
{
	struct shared *shared = client->shared;
	struct err err = ERR_INIT;
	char bytes[4096];
	uint64_t size;
	int fd;
	CHECK(registry_blob_open(shared->f->registry, repository, shared->digests[content], &fd,
		      &size, &err) == 0);
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	struct str wanted = shared->contents[content];
	CHECK(n == (ssize_t)wanted.n && memcmp(bytes, wanted.p, wanted.n) == 0);
}

static void verify(struct client *client, struct arena *arena, unsigned where, unsigned tag)
{
	struct shared *shared = client->shared;
	const struct image *image = &client->images[where][tag];
	struct str repository = str_from(repositories[where]);
	struct registry_manifest manifest;
	struct err err = ERR_INIT;
	int rc = registry_manifest_get(shared->f->registry, arena, repository,
		tag_name(client, arena, tag), &manifest, &err);
	if (!image->there) {
		CHECK(rc == REGISTRY_MANIFEST_UNKNOWN || rc == REGISTRY_NAME_UNKNOWN);
		return;
	}
	CHECK(rc == 0 && str_eq(manifest.bytes, image->manifest));
	for (unsigned i = 0; i <= LAYERS; i++)
		verify_blob(client, repository, image->contents[i]);
	shared->verified++;
}

static void delete_image(struct client *client, unsigned where, unsigned tag)
{
	struct image *image = &client->images[where][tag];
	struct err err = ERR_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (!image->there)
		return;
	digest_bytes(DIGEST_SHA256, image->manifest, digest);
	CHECK(registry_manifest_delete(client->shared->f->registry, str_from(repositories[where]),
		      str_from(digest), &err) == 0);
	image->there = false;
	client->shared->deletes++;
}

static void run_client(void *argument)
{
	struct client *client = argument;
	while (!atomic_load(&client->shared->stopping)) {
		struct arena *arena = arena_new(0);
		unsigned where = draw(client, REPOSITORIES);
		unsigned tag = draw(client, TAGS);
		unsigned what = draw(client, 10);
		tick(client);
		if (what < 4)
			push(client, arena, where, tag);
		else if (what < 7)
			verify(client, arena, where, tag);
		else
			delete_image(client, where, tag);
		arena_free(&arena);
	}
}

static void run_collector(void *argument)
{
	struct shared *shared = argument;
	while (!atomic_load(&shared->stopping)) {
		struct registry_gc_result result;
		struct err err = ERR_INIT;
		int rc = registry_gc_run(
			shared->f->registry, REGISTRY_GC_POLICY_GRACE, &result, &err);
		if (rc)
			print_message("# %s\n", err_text(&err));
		CHECK(rc == 0);
		CHECK(!result.failures);
		shared->links += result.links;
		CHECK(registry_gc_preview(
			      shared->f->registry, REGISTRY_GC_POLICY_GRACE, &result, &err) == 0);
	}
}

static unsigned seconds(void)
{
	const char *text = getenv("LAZARET_STRESS_SECONDS");
	uint64_t value = 4;
	if (text)
		assert_true(str_parse_u64(str_from(text), &value) && value < 100000);
	return (unsigned)value;
}

static void wait_for(unsigned length)
{
	struct timespec pause = { .tv_sec = length };
	while (nanosleep(&pause, &pause) != 0)
		;
}

static void nothing_acknowledged_is_lost_and_nothing_is_left(void **state)
{
	struct fixture *f = *state;
	static struct shared shared;
	static struct client clients[CLIENTS];
	pthread_t threads[CLIENTS + 1];
	struct registry_gc_policy policy = registry_gc_standard;
	policy.grace_us = GRACE_US;
	registry_gc_set_policy(f->registry, &policy);
	shared.f = f;
	for (unsigned i = 0; i < CONTENTS; i++) {
		shared.contents[i] = arena_printf(f->arena, "content %u %0*d", i, (int)(i * 40), 0);
		shared.digests[i] = digest_of(f, DIGEST_SHA256, shared.contents[i]);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .shared = &shared, .number = i, .random = 7 + i };
		assert_int_equal(
			thread_start("client", run_client, &clients[i], &threads[i], &f->err), 0);
	}
	assert_int_equal(
		thread_start("collector", run_collector, &shared, &threads[CLIENTS], &f->err), 0);
	wait_for(seconds());
	atomic_store(&shared.stopping, true);
	for (unsigned i = 0; i <= CLIENTS; i++)
		thread_join(threads[i]);

	for (unsigned i = 0; i < CLIENTS; i++)
		for (unsigned where = 0; where < REPOSITORIES; where++)
			for (unsigned tag = 0; tag < TAGS; tag++) {
				verify(&clients[i], f->arena, where, tag);
				delete_image(&clients[i], where, tag);
				free((void *)(uintptr_t)clients[i].images[where][tag].manifest.p);
			}
	for (unsigned round = 0; round < 2; round++) {
		f->now_us += GRACE_US;
		assert_int_equal(sweep(f), 0);
	}
	print_message("# %u pushes, %u deletes, %u verified, %u uploads, %u mounts, %u known by "
		      "HEAD, %u late, %llu links collected\n",
		shared.pushes, shared.deletes, shared.verified, shared.uploads, shared.mounts,
		shared.skips, shared.late, (unsigned long long)shared.links);
	assert_int_equal(files_below(f, "blobs"), 0);
	assert_int_equal(files_below(f, "uploads"), 0);
	struct str_list names = { 0 };
	assert_int_equal(registry_catalog(f->registry, f->arena, STR_NULL, 10, &names, &f->err), 0);
	assert_int_equal(names.items.n, 0);
	/* It was a test of something. */
	assert_true(shared.pushes && shared.deletes && shared.verified && shared.links);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(
		nothing_acknowledged_is_lost_and_nothing_is_left) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
