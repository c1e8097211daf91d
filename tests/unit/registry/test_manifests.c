/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, tags and lists over the real database. */
#include "fixture.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG STR("{\"os\":\"linux\"}")
#define LAYER  STR("layer bytes")

static struct str pushed_image(struct fixture *f, const char *repository, struct str layer)
{
	pushed(f, repository, CONFIG);
	pushed(f, repository, layer);
	return image_manifest(f, CONFIG, layer);
}

static int get(struct fixture *f, const char *repository, struct str reference,
	struct registry_manifest *manifest)
{
	return registry_manifest_get(
		f->registry, f->arena, str_from(repository), reference, manifest, &f->err);
}

static void assert_manifest(
	struct fixture *f, const char *repository, struct str reference, struct str bytes)
{
	struct registry_manifest manifest;
	assert_int_equal(get(f, repository, reference, &manifest), 0);
	assert_true(str_eq(manifest.bytes, bytes));
	assert_true(str_eq(manifest.media_type, STR(OCI_IMAGE)));
}

static int find_image(struct db_conn *c, void *argument, struct err *err)
{
	struct store_image image;
	struct arena *arena = arena_new(0);
	int rc = store_image_find(c, arena, *(struct str *)argument, &image, err);
	if (rc == 0)
		assert_int_equal(image.state, IMAGE_PENDING);
	arena_free(&arena);
	return rc;
}

static void an_image_is_stored_byte_by_byte(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	assert_int_equal(put_manifest(f, "app", STR("1.0"), bytes), 0);
	assert_manifest(f, "app", STR("1.0"), bytes);
	assert_manifest(f, "app", digest, bytes);
	assert_int_equal(f->manifests_committed, 1);
	assert_int_equal(store_read(f->store, find_image, &digest, &f->err), 0);
	fixture_close(f);
	fixture_open(f);
	assert_manifest(f, "app", STR("1.0"), bytes);
}

static void a_repeated_push_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put_manifest(f, "app", STR("1.0"), bytes), 0);
	assert_int_equal(put_manifest(f, "app", digest, bytes), 0);
	assert_int_equal(f->manifests_committed, 1);
	assert_int_equal(put_manifest(f, "app", STR("2.0"), bytes), 0);
	assert_int_equal(f->manifests_committed, 2);
}

static void both_algorithms_name_a_manifest(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str sha512 = digest_of(f, DIGEST_SHA512, bytes);
	struct registry_manifest manifest;
	assert_int_equal(put_manifest(f, "app", sha512, bytes), 0);
	assert_int_equal(get(f, "app", sha512, &manifest), 0);
	assert_true(str_eq(manifest.digest, sha512));
	assert_int_equal(put_manifest(f, "app", digest_of(f, DIGEST_SHA256, STR("x")), bytes),
		REGISTRY_DIGEST_INVALID);
	assert_int_equal(put_manifest(f, "app", STR("sha256:1"), bytes), REGISTRY_DIGEST_INVALID);
}

static void a_tag_moves(void **state)
{
	struct fixture *f = *state;
	struct str first = pushed_image(f, "app", STR("one"));
	struct str second = pushed_image(f, "app", STR("two"));
	assert_int_equal(put_manifest(f, "app", STR("latest"), first), 0);
	assert_int_equal(put_manifest(f, "app", STR("latest"), second), 0);
	assert_manifest(f, "app", STR("latest"), second);
	assert_manifest(f, "app", digest_of(f, DIGEST_SHA256, first), first);
	struct str_list tags;
	assert_int_equal(
		registry_tags(f->registry, f->arena, STR("app"), STR(""), 10, &tags, &f->err), 0);
	assert_int_equal(tags.items.n, 1);
}

static void refusals_say_why_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct str absent = image_manifest(f, CONFIG, LAYER);
	pushed(f, "app", CONFIG);
	pushed(f, "other", LAYER); /* visible there, not here */
	struct str sizes = arena_printf(f->arena,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" STR_FMT
		"\",\"size\":99},\"layers\":[]}",
		STR_ARG(digest_of(f, DIGEST_SHA256, CONFIG)));
	struct str index = arena_printf(f->arena,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" OCI_IMAGE
		"\",\"digest\":\"" STR_FMT "\",\"size\":1}]}",
		STR_ARG(digest_of(f, DIGEST_SHA256, absent)));
	const struct {
		const char *repository, *reference, *word;
		struct str bytes;
		int outcome;
	} rows[] = {
		{ "app", "1", "layers[0]", absent, REGISTRY_MANIFEST_BLOB_UNKNOWN },
		{ "new", "1", "config", absent, REGISTRY_MANIFEST_BLOB_UNKNOWN },
		{ "app", "1", "manifests[0]", index, REGISTRY_MANIFEST_BLOB_UNKNOWN },
		{ "app", "1", "config.size", sizes, REGISTRY_MANIFEST_INVALID },
		{ "app", "1", "JSON", STR("garbage"), REGISTRY_MANIFEST_INVALID },
		{ "App", "1", "name", absent, REGISTRY_NAME_INVALID },
		{ "app", ".1", "tag", absent, REGISTRY_TAG_INVALID },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct registry_manifest stored;
		struct str why;
		assert_int_equal(registry_manifest_put(f->registry, f->arena,
					 str_from(rows[i].repository), str_from(rows[i].reference),
					 NULL, STR_NULL, rows[i].bytes, &stored, &why, &f->err),
			rows[i].outcome);
		if (!str_contains(why, str_from(rows[i].word)))
			fail_msg("row %zu: \"" STR_FMT "\"", i, STR_ARG(why));
	}
	struct registry_manifest manifest;
	assert_int_equal(get(f, "app", STR("1"), &manifest), REGISTRY_MANIFEST_UNKNOWN);
	assert_int_equal(get(f, "new", STR("1"), &manifest), REGISTRY_NAME_UNKNOWN);
	assert_int_equal(get(f, "app", STR(".1"), &manifest), REGISTRY_MANIFEST_UNKNOWN);
	assert_int_equal(f->manifests_committed, 0);
}

static void an_index_needs_its_children(void **state)
{
	struct fixture *f = *state;
	struct str image = pushed_image(f, "app", LAYER);
	struct str digest = digest_of(f, DIGEST_SHA256, image);
	assert_int_equal(put_manifest(f, "app", digest, image), 0);
	struct str index = arena_printf(f->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX
		"\",\"manifests\":[{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" STR_FMT
		"\",\"size\":%zu}]}",
		STR_ARG(digest), image.n);
	assert_int_equal(put_manifest(f, "app", STR("multi"), index), 0);
	struct registry_manifest manifest;
	assert_int_equal(get(f, "app", STR("multi"), &manifest), 0);
	assert_int_equal(store_read(f->store, find_image, &manifest.digest, &f->err), STORE_ABSENT);
	assert_true(str_eq(manifest.media_type, STR(OCI_INDEX)));
}

static void only_foreign_layers_and_subjects_need_not_be_there(void **state)
{
	struct fixture *f = *state;
	struct str bytes = STR(
		"{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:"
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},"
		"\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.nondistributable.v1.tar\",\"digest\":\"sha256:"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":9}],"
		"\"subject\":{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"sha256:"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}}");
	struct registry_manifest stored;
	struct str why;
	/* The blob "{}" that stands for "no configuration" is fetched by those who pull. */
	assert_int_equal(registry_manifest_put(f->registry, f->arena, STR("app"), STR("1"), NULL,
				 STR(OCI_IMAGE), bytes, &stored, &why, &f->err),
		REGISTRY_MANIFEST_BLOB_UNKNOWN);
	pushed(f, "app", STR("{}"));
	assert_int_equal(registry_manifest_put(f->registry, f->arena, STR("app"), STR("1"), NULL,
				 STR(OCI_IMAGE), bytes, &stored, &why, &f->err),
		0);
	assert_true(str_starts(stored.subject, STR("sha256:0123")));
}

static void sizes_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct str small = pushed_image(f, "app", LAYER);
	char *bytes = malloc(LIMIT_MANIFEST_BYTES + 1);
	memset(bytes, ' ', LIMIT_MANIFEST_BYTES + 1);
	memcpy(bytes, small.p, small.n);
	assert_int_equal(
		put_manifest(f, "app", STR("big"), (struct str){ bytes, LIMIT_MANIFEST_BYTES + 1 }),
		REGISTRY_MANIFEST_TOO_LARGE);
	struct str fits = { bytes, LIMIT_MANIFEST_BYTES };
	assert_int_equal(put_manifest(f, "app", STR("big"), fits), 0);
	assert_manifest(f, "app", STR("big"), fits);
	free(bytes);
}

static int find_artifact(struct db_conn *c, void *argument, struct err *err)
{
	struct store_manifest manifest;
	struct arena *arena = arena_new(0);
	int rc = store_manifest_anywhere(c, arena, *(struct str *)argument, &manifest, err);
	assert_int_equal(rc, 0);
	assert_int_equal(manifest.kind, STORE_ARTIFACT);
	assert_true(str_eq(manifest.artifact_type, STR("application/vnd.in-toto+json")));
	arena_free(&arena);
	return find_image(c, argument, err); /* a state of its own, given by the scan */
}

static void attestations_are_artifacts(void **state)
{
	struct fixture *f = *state;
	struct str statement = STR("{\"_type\":\"statement\"}");
	pushed(f, "app", CONFIG);
	pushed(f, "app", statement);
	struct str bytes = arena_printf(f->arena,
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" STR_FMT
		"\",\"size\":%zu},\"layers\":[{\"mediaType\":\"application/vnd.in-toto+json\","
		"\"digest\":\"" STR_FMT "\",\"size\":%zu}]}",
		STR_ARG(digest_of(f, DIGEST_SHA256, CONFIG)), CONFIG.n,
		STR_ARG(digest_of(f, DIGEST_SHA256, statement)), statement.n);
	assert_int_equal(put_manifest(f, "app", STR("att"), bytes), 0);
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	assert_int_equal(store_read(f->store, find_artifact, &digest, &f->err), 0);
}

static void lists_page_at_every_boundary(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	static const char *const sorted[] = { "1.0", "A", "Z", "_x", "a", "b" };
	enum { TAGS = 6 };
	for (size_t i = 0; i < TAGS; i++)
		assert_int_equal(
			put_manifest(f, "app", str_from(sorted[(i * 5 + 2) % TAGS]), bytes), 0);
	for (size_t limit = 1; limit <= TAGS + 1; limit++) {
		struct str last = STR("");
		size_t seen = 0;
		struct str_list page;
		do {
			assert_int_equal(registry_tags(f->registry, f->arena, STR("app"), last,
						 limit, &page, &f->err),
				0);
			assert_true(page.items.n <= limit);
			for (size_t i = 0; i < page.items.n; i++)
				assert_true(str_eq(page.items.items[i], str_from(sorted[seen++])));
			assert_true(page.more == (seen < TAGS));
			last = page.items.items[page.items.n - 1];
		} while (page.more);
		assert_int_equal(seen, TAGS);
	}
	struct str_list page;
	assert_int_equal(
		registry_tags(f->registry, f->arena, STR("app"), STR("AA"), 1, &page, &f->err), 0);
	assert_true(str_eq(page.items.items[0], STR("Z"))); /* last need not exist */
	assert_int_equal(
		registry_tags(f->registry, f->arena, STR("app"), STR(""), 0, &page, &f->err), 0);
	assert_true(page.items.n == 0 && !page.more);
	assert_int_equal(
		registry_tags(f->registry, f->arena, STR("none"), STR(""), 9, &page, &f->err),
		REGISTRY_NAME_UNKNOWN);
}

static void the_catalog_names_repositories_with_manifests(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "b/c", "a", "b" };
	for (size_t i = 0; i < 3; i++) {
		struct str bytes = pushed_image(f, names[i], LAYER);
		assert_int_equal(put_manifest(f, names[i], STR("1"), bytes), 0);
	}
	pushed(f, "only-blobs", LAYER);
	struct str_list page;
	assert_int_equal(registry_catalog(f->registry, f->arena, STR(""), 2, &page, &f->err), 0);
	assert_true(page.more && page.items.n == 2);
	assert_true(str_eq(page.items.items[0], STR("a")));
	assert_true(str_eq(page.items.items[1], STR("b")));
	assert_int_equal(registry_catalog(f->registry, f->arena, STR("b"), 2, &page, &f->err), 0);
	assert_true(!page.more && page.items.n == 1);
	assert_true(str_eq(page.items.items[0], STR("b/c")));
}

static void a_push_by_digest_sets_all_tags_or_none(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str digest = digest_of(f, DIGEST_SHA512, bytes);
	const struct str items[] = { STR("a"), STR("b"), STR("-no") };
	struct registry_tags tags = { items, 3 };
	struct registry_manifest manifest;
	struct str why;
	assert_int_equal(registry_manifest_put(f->registry, f->arena, STR("app"), digest, &tags,
				 STR_NULL, bytes, &manifest, &why, &f->err),
		REGISTRY_TAG_INVALID);
	assert_true(str_contains(why, STR("tag")));
	assert_int_equal(get(f, "app", digest, &manifest), REGISTRY_MANIFEST_UNKNOWN);
	for (tags.count = 1; tags.count <= 2; tags.count++)
		assert_int_equal(registry_manifest_put(f->registry, f->arena, STR("app"), digest,
					 &tags, STR_NULL, bytes, &manifest, &why, &f->err),
			0);
	assert_int_equal(f->manifests_committed, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(get(f, "app", items[i], &manifest), 0);
		assert_true(str_eq(manifest.digest, digest));
	}
	/* A push by tag sets that tag alone. */
	assert_int_equal(registry_manifest_put(f->registry, f->arena, STR("app"), STR("c"), &tags,
				 STR_NULL, bytes, &manifest, &why, &f->err),
		0);
	assert_int_equal(get(f, "app", STR("a"), &manifest), 0);
	assert_true(str_eq(manifest.digest, digest));
}

static int delete_reference(struct fixture *f, const char *repository, struct str reference)
{
	return registry_manifest_delete(f->registry, str_from(repository), reference, &f->err);
}

static void deleting_by_tag_takes_the_tag_only(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct registry_manifest manifest;
	assert_int_equal(put_manifest(f, "app", STR("1"), bytes), 0);
	assert_int_equal(put_manifest(f, "app", STR("2"), bytes), 0);
	assert_int_equal(delete_reference(f, "app", STR("1")), 0);
	assert_int_equal(get(f, "app", STR("1"), &manifest), REGISTRY_MANIFEST_UNKNOWN);
	assert_manifest(f, "app", STR("2"), bytes);
	assert_int_equal(delete_reference(f, "app", STR("2")), 0);
	assert_manifest(f, "app", digest_of(f, DIGEST_SHA256, bytes), bytes);
}

static int stored(struct db_conn *c, void *argument, struct err *err)
{
	return store_manifest_stored(c, *(struct str *)argument, err);
}

static void deleting_by_digest_takes_the_tags_but_not_other_repositories(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	struct registry_manifest manifest;
	assert_int_equal(put_manifest(f, "app", STR("1"), bytes), 0);
	assert_int_equal(put_manifest(f, "app", STR("2"), bytes), 0);
	pushed_image(f, "copy", LAYER);
	assert_int_equal(put_manifest(f, "copy", STR("1"), bytes), 0);
	assert_int_equal(delete_reference(f, "app", digest), 0);
	assert_int_equal(delete_reference(f, "app", digest), REGISTRY_MANIFEST_UNKNOWN);
	assert_int_equal(get(f, "app", STR("2"), &manifest), REGISTRY_MANIFEST_UNKNOWN);
	assert_manifest(f, "copy", STR("1"), bytes);
	assert_int_equal(store_read(f->store, stored, &digest, &f->err), 0);
	assert_int_equal(delete_reference(f, "copy", digest), 0);
	assert_int_equal(store_read(f->store, stored, &digest, &f->err), STORE_ABSENT);
	fixture_close(f);
	fixture_open(f);
	assert_int_equal(get(f, "copy", STR("1"), &manifest), REGISTRY_MANIFEST_UNKNOWN);
	/* The verdict goes with the last manifest; the next push asks for a new one. */
	assert_int_equal(store_read(f->store, find_image, &digest, &f->err), STORE_ABSENT);
	assert_int_equal(put_manifest(f, "copy", STR("1"), bytes), 0);
	assert_int_equal(store_read(f->store, find_image, &digest, &f->err), 0);
	assert_manifest(f, "copy", STR("1"), bytes);
}

static void a_manifest_needs_its_blobs_at_the_next_push(void **state)
{
	struct fixture *f = *state;
	struct str bytes = pushed_image(f, "app", LAYER);
	struct str layer = digest_of(f, DIGEST_SHA256, LAYER);
	assert_int_equal(put_manifest(f, "app", STR("1"), bytes), 0);
	assert_int_equal(registry_blob_delete(f->registry, STR("app"), layer, &f->err), 0);
	assert_int_equal(registry_blob_delete(f->registry, STR("app"), layer, &f->err),
		REGISTRY_BLOB_UNKNOWN);
	assert_manifest(f, "app", STR("1"), bytes);
	assert_int_equal(put_manifest(f, "app", STR("2"), bytes), REGISTRY_MANIFEST_BLOB_UNKNOWN);
	assert_int_equal(files_below(f, "blobs"), 2); /* the bytes wait for collection */
	pushed(f, "app", LAYER);
	assert_int_equal(put_manifest(f, "app", STR("2"), bytes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_stored_byte_by_byte),
		TEST(a_repeated_push_changes_nothing),
		TEST(both_algorithms_name_a_manifest),
		TEST(a_tag_moves),
		TEST(refusals_say_why_and_change_nothing),
		TEST(an_index_needs_its_children),
		TEST(only_foreign_layers_and_subjects_need_not_be_there),
		TEST(sizes_have_a_limit),
		TEST(attestations_are_artifacts),
		TEST(a_push_by_digest_sets_all_tags_or_none),
		TEST(deleting_by_tag_takes_the_tag_only),
		TEST(deleting_by_digest_takes_the_tags_but_not_other_repositories),
		TEST(a_manifest_needs_its_blobs_at_the_next_push),
		TEST(lists_page_at_every_boundary),
		TEST(the_catalog_names_repositories_with_manifests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
