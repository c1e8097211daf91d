/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads commit images at once, and the findings of a large image are read back. The figures
 * are printed, with limits so wide that only a lost index or a lost group commit passes them.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { THREADS = 16, COMMITS = 25, LAYERS = 8, PACKAGES = 500, MATCHES = 4 };

static double seconds(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct image_commit {
	struct arena *arena;
	unsigned number;
};

static int commit_image(struct db_conn *c, void *argument, struct err *err)
{
	struct image_commit *commit = argument;
	int64_t repository;
	char digest[80];
	snprintf(digest, sizeof(digest), "sha256:%064x", commit->number);
	int rc = store_repository_ensure(c, STR("load/app"), 1, &repository, err);
	struct store_manifest manifest = { .repository = repository,
		.digest = str_from(digest),
		.media_type = STR("application/vnd.oci.image.manifest.v1+json"),
		.kind = STORE_IMAGE,
		.bytes = STR("{\"schemaVersion\":2}") };
	for (unsigned i = 0; i < LAYERS; i++) {
		struct store_reference layer = { .kind = STORE_REF_LAYER,
			.digest = str_from(digest),
			.media_type = STR("application/vnd.oci.image.layer.v1.tar+gzip"),
			.size = 1000 };
		AVEC_PUSH(commit->arena, &manifest.references, layer);
	}
	if (rc == 0)
		rc = store_manifest_put(c, &manifest, err);
	char tag[32];
	snprintf(tag, sizeof(tag), "t%u", commit->number);
	if (rc == 0)
		rc = store_tag_put(c, repository, str_from(tag), manifest.id, 1, err);
	if (rc == 0)
		rc = store_image_insert_pending(c, manifest.digest, 1, err);
	return rc;
}

struct committer {
	struct fixture *f;
	unsigned first;
	unsigned failed;
};

static void *commit_many(void *argument)
{
	struct committer *committer = argument;
	struct arena *arena = arena_new(0);
	for (unsigned i = 0; i < COMMITS; i++) {
		struct image_commit commit = { arena, committer->first + i };
		if (store_write(committer->f->store, commit_image, &commit, NULL) != 0)
			committer->failed++;
		arena_reset(arena);
	}
	arena_free(&arena);
	return NULL;
}

static void sixteen_threads_commit_images(void **state)
{
	pthread_t threads[THREADS];
	struct committer committers[THREADS];
	double start = seconds(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < THREADS; i++) {
		committers[i] = (struct committer){ *state, i * COMMITS, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, commit_many, &committers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(committers[i].failed, 0);
	}
	double took = seconds(CLOCK_MONOTONIC) - start;
	print_message("# %.0f durable image commits per second\n", THREADS * COMMITS / took);
	assert_true(took < 60);
}

struct large_image {
	int64_t packages[PACKAGES];
	int64_t platform;
	struct arena *arena;
	size_t found;
};

static int judge(struct db_conn *c, void *argument, struct err *err)
{
	struct large_image *image = argument;
	struct platform platform = { .release_key = STR("Debian:12") };
	int rc = store_platform_ensure(c, &platform, &image->platform, err);
	for (unsigned i = 0; i < PACKAGES && rc == 0; i++) {
		char name[32];
		char ids[MATCHES][32];
		snprintf(name, sizeof(name), "package-%u", i);
		struct package package = { .type = PACKAGE_DEB,
			.name = str_from(name),
			.version = STR("1.0"),
			.source_name = str_from(name),
			.source_version = STR("1.0") };
		struct match matches[MATCHES];
		for (unsigned j = 0; j < MATCHES; j++) {
			snprintf(ids[j], sizeof(ids[j]), "CVE-2020-%u", i * MATCHES + j);
			matches[j] = (struct match){ .vulnerability = str_from(ids[j]),
				.title = STR("a title of the usual length of such titles"),
				.cvss_vector = STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
				.explanation = STR("Debian:12 package 1.0 < fixed 1.1 (DSA-1-1)") };
		}
		rc = store_package_ensure(c, &package, &image->packages[i], err);
		if (rc == 0)
			rc = store_judgement_put(c, image->packages[i], image->platform, STR("s"),
				false, matches, MATCHES, err);
	}
	return rc;
}

static int read_findings(struct db_conn *c, void *argument, struct err *err)
{
	struct large_image *image = argument;
	image->found = 0;
	for (unsigned i = 0; i < PACKAGES; i++) {
		struct package package;
		struct match *matches;
		size_t n;
		bool not_evaluated;
		int rc = store_package_find(c, image->arena, image->packages[i], &package, err);
		if (rc == 0)
			rc = store_matches(c, image->arena, image->packages[i], image->platform,
				&matches, &n, &not_evaluated, err);
		if (rc)
			return rc;
		image->found += n;
	}
	return 0;
}

static void findings_of_a_large_image_read_fast(void **state)
{
	struct fixture *f = *state;
	struct large_image image = { .arena = arena_new(0) };
	assert_int_equal(store_write(f->store, judge, &image, &f->err), 0);
	double best = 1e9;
	for (int i = 0; i < 10; i++) {
		arena_reset(image.arena);
		/* Reads run on this thread: its own time does not depend on what else runs. */
		double start = seconds(CLOCK_THREAD_CPUTIME_ID);
		assert_int_equal(store_read(f->store, read_findings, &image, &f->err), 0);
		double took = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
		best = took < best ? took : best;
		assert_int_equal(image.found, PACKAGES * MATCHES);
	}
	print_message("# %d packages, %d findings read in %.2f ms\n", PACKAGES, PACKAGES * MATCHES,
		best * 1000);
	assert_true(best < 0.25);
	arena_free(&image.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sixteen_threads_commit_images),
		TEST(findings_of_a_large_image_read_fast),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
