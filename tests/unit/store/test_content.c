/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories, blobs, uploads, manifests, tags and the rows of image lists. */
#include "fixture.h"

#include <string.h>

static int write_blobs(struct db_conn *c, void *argument, struct err *err)
{
	(void)argument;
	int64_t a, b;
	assert_int_equal(store_repository_ensure(c, STR("a"), 1, &a, err), 0);
	assert_int_equal(store_repository_ensure(c, STR("b"), 1, &b, err), 0);
	int64_t again;
	assert_int_equal(store_repository_ensure(c, STR("a"), 2, &again, err), 0);
	assert_int_equal(a, again);
	assert_int_not_equal(a, b);
	assert_int_equal(store_blob_put(c, a, STR("sha256:x"), 7, 1, err), 0);
	assert_int_equal(store_blob_put(c, a, STR("sha256:x"), 7, 2, err), 0);
	uint64_t size = 0;
	assert_int_equal(store_blob_find(c, a, STR("sha256:x"), &size, err), 0);
	assert_int_equal(size, 7);
	assert_int_equal(store_blob_find(c, b, STR("sha256:x"), &size, err), STORE_ABSENT);
	assert_int_equal(store_blob_size(c, STR("sha256:x"), &size, err), 0);
	assert_int_equal(store_blob_size(c, STR("sha256:y"), &size, err), STORE_ABSENT);
	int64_t none;
	assert_int_equal(store_repository_find(c, STR("A"), &none, err), STORE_ABSENT);
	return 0;
}

static void blobs_are_linked_per_repository(void **state)
{
	in_write(*state, write_blobs);
}

static int write_condemned(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t a, b;
	uint64_t size;
	assert_int_equal(store_repository_ensure(c, STR("a"), 1, &a, err), 0);
	assert_int_equal(store_repository_ensure(c, STR("b"), 1, &b, err), 0);
	assert_int_equal(store_blob_put(c, a, STR("sha256:x"), 7, 1, err), 0);
	assert_int_equal(store_blob_put(c, b, STR("sha256:x"), 7, 1, err), 0);
	assert_int_equal(store_blob_put(c, b, STR("sha256:y"), 8, 1, err), 0);
	assert_int_equal(store_blob_condemn(c, STR("sha256:z"), err), STORE_ABSENT);
	assert_int_equal(store_blob_pardon(c, STR("sha256:z"), err), STORE_ABSENT);
	assert_int_equal(store_blob_condemn(c, STR("sha256:x"), err), 0);
	assert_int_equal(store_blob_find(c, a, STR("sha256:x"), &size, err), STORE_ABSENT);
	assert_int_equal(store_blob_held(c, STR("sha256:x"), &size, err), STORE_ABSENT);
	assert_int_equal(store_blob_find(c, b, STR("sha256:y"), &size, err), 0);

	struct store_blob_row rows[3];
	size_t count;
	assert_int_equal(store_blob_list(c, f->arena, STR(""), 3, rows, &count, err), 0);
	assert_int_equal(count, 2);
	assert_str(rows[0].digest, STR("sha256:x"));
	assert_true(rows[0].damaged && !rows[1].damaged);
	assert_int_equal(rows[1].size, 8);
	assert_int_equal(store_blob_list(c, f->arena, STR(""), 1, rows, &count, err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_blob_list(c, f->arena, rows[0].digest, 3, rows, &count, err), 0);
	assert_int_equal(count, 1);
	assert_str(rows[0].digest, STR("sha256:y"));

	/* A push into one repository shows it in both. */
	assert_int_equal(store_blob_put(c, b, STR("sha256:x"), 7, 2, err), 0);
	assert_int_equal(store_blob_find(c, a, STR("sha256:x"), &size, err), 0);
	assert_int_equal(store_blob_condemn(c, STR("sha256:x"), err), 0);
	assert_int_equal(store_blob_pardon(c, STR("sha256:x"), err), 0);
	assert_int_equal(store_blob_find(c, a, STR("sha256:x"), &size, err), 0);

	struct store_holder *holders;
	assert_int_equal(
		store_blob_holders(c, f->arena, STR("sha256:x"), &holders, &count, err), 0);
	assert_int_equal(count, 2);
	assert_str(holders[0].name, STR("a"));
	assert_int_equal(holders[1].repository, b);
	return store_blob_holders(c, f->arena, STR("sha256:z"), &holders, &count, err) || count;
}

static void condemned_blobs_are_invisible(void **state)
{
	in_write(*state, write_condemned);
}

static int write_uploads(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	static const char bytes[] = { 1, 0, 2 };
	struct store_upload upload = { .id = STR("u1"), .repository = STR("new/name") };
	assert_int_equal(store_upload_insert(c, &upload, err), 0);
	upload.offset = 9;
	upload.digest_state = (struct str){ bytes, 3 };
	upload.updated_us = 5;
	assert_int_equal(store_upload_update(c, &upload, err), 0);
	struct store_upload found;
	assert_int_equal(store_upload_find(c, f->arena, STR("u1"), &found, err), 0);
	assert_str(found.repository, STR("new/name"));
	assert_str(found.digest_state, upload.digest_state);
	assert_int_equal(found.offset, 9);
	assert_int_equal(found.updated_us, 5);
	upload.id = STR("u2");
	assert_int_equal(store_upload_update(c, &upload, err), STORE_ABSENT);
	assert_int_equal(store_upload_insert(c, &upload, err), 0);
	struct store_upload list[3];
	size_t count;
	assert_int_equal(store_upload_list(c, f->arena, STR(""), 3, list, &count, err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(store_upload_list(c, f->arena, STR("u1"), 3, list, &count, err), 0);
	assert_int_equal(count, 1);
	assert_str(list[0].id, STR("u2"));
	assert_int_equal(store_upload_delete(c, STR("u1"), err), 0);
	assert_int_equal(store_upload_find(c, f->arena, STR("u1"), &found, err), STORE_ABSENT);
	return 0;
}

static void uploads_come_back_as_they_were(void **state)
{
	in_write(*state, write_uploads);
}

static int64_t put_manifest(struct db_conn *c, struct fixture *f, const char *repository,
	const char *digest, const char *tag)
{
	int64_t id;
	assert_int_equal(store_repository_ensure(c, str_from(repository), 1, &id, &f->err), 0);
	struct store_manifest manifest = {
		.repository = id,
		.digest = str_from(digest),
		.media_type = STR("m/t"),
		.kind = STORE_IMAGE,
		.bytes = STR("12345"),
		.pushed_us = 77,
	};
	struct store_reference config = {
		.kind = STORE_REF_CONFIG, .digest = STR("c"), .size = 10
	};
	struct store_reference child = { .kind = STORE_REF_CHILD,
		.digest = STR("d"),
		.size = 500,
		.os = STR("linux"),
		.architecture = STR("arm"),
		.variant = STR("v7") };
	AVEC_PUSH(f->arena, &manifest.references, config);
	AVEC_PUSH(f->arena, &manifest.references, child);
	assert_int_equal(store_manifest_put(c, &manifest, &f->err), 0);
	if (tag)
		assert_int_equal(store_tag_put(c, id, str_from(tag), manifest.id, 5, &f->err), 0);
	return manifest.id;
}

static int write_namers(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t first = put_manifest(c, f, "a", "sha256:1", NULL);
	int64_t second = put_manifest(c, f, "a", "sha256:2", NULL);
	int64_t other = put_manifest(c, f, "b", "sha256:1", NULL);
	int64_t a;
	assert_int_equal(store_repository_find(c, STR("a"), &a, err), 0);
	/* twice in one manifest */
	struct store_manifest twice = { .repository = a,
		.digest = STR("sha256:3"),
		.media_type = STR("m/t"),
		.kind = STORE_IMAGE,
		.bytes = STR("3") };
	struct store_reference layer = { .kind = STORE_REF_LAYER, .digest = STR("l"), .size = 1 };
	AVEC_PUSH(f->arena, &twice.references, layer);
	AVEC_PUSH(f->arena, &twice.references, layer);
	assert_int_equal(store_manifest_put(c, &twice, err), 0);

	struct store_namer *namers;
	size_t count;
	assert_int_equal(store_manifests_naming(c, f->arena, a, STR("d"), &namers, &count, err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(namers[0].manifest, first);
	assert_int_equal(namers[1].manifest, second);
	assert_str(namers[1].digest, STR("sha256:2"));
	assert_int_equal(store_manifests_naming(c, f->arena, a, STR("l"), &namers, &count, err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_manifests_naming(c, f->arena, a, STR("x"), &namers, &count, err), 0);
	assert_int_equal(count, 0);

	struct store_stored_manifest rows[2];
	assert_int_equal(store_manifests_after(c, f->arena, second, 2, rows, &count, err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].id, other);
	assert_str(rows[0].repository_name, STR("b"));
	assert_str(rows[0].bytes, STR("12345"));
	assert_int_equal(store_manifests_after(c, f->arena, rows[1].id, 2, rows, &count, err), 0);
	assert_int_equal(count, 0);
	return 0;
}

static void who_names_a_digest_is_told_once(void **state)
{
	in_write(*state, write_namers);
}

static int write_manifests(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t first = put_manifest(c, f, "a", "sha256:1", "t2");
	assert_int_equal(put_manifest(c, f, "a", "sha256:1", "t1"), first);
	int64_t elsewhere = put_manifest(c, f, "b", "sha256:1", NULL);
	assert_int_not_equal(first, elsewhere);
	int64_t repository;
	assert_int_equal(store_repository_find(c, STR("a"), &repository, err), 0);
	struct store_manifest m;
	assert_int_equal(store_manifest_by_tag(c, f->arena, repository, STR("t1"), &m, err), 0);
	assert_int_equal(m.id, first);
	assert_str(m.bytes, STR("12345"));
	assert_int_equal(m.kind, STORE_IMAGE);
	assert_int_equal(m.pushed_us, 77);
	assert_int_equal(store_manifest_references(c, f->arena, m.id, &m, err), 0);
	assert_int_equal(m.references.n, 2);
	assert_str(m.references.items[1].variant, STR("v7"));
	assert_int_equal(m.references.items[1].size, 500);
	assert_int_equal(store_manifest_anywhere(c, f->arena, STR("sha256:1"), &m, err), 0);
	assert_int_equal(
		store_manifest_anywhere(c, f->arena, STR("sha256:2"), &m, err), STORE_ABSENT);
	assert_int_equal(
		store_manifest_by_tag(c, f->arena, repository, STR("t3"), &m, err), STORE_ABSENT);
	assert_int_equal(store_manifest_exists(c, repository, STR("sha256:1"), err), 0);
	struct str tags;
	assert_int_equal(store_tags_of(c, f->arena, first, &tags, err), 0);
	assert_str(tags, STR("t1,t2"));
	assert_int_equal(store_tags_of(c, f->arena, elsewhere, &tags, err), 0);
	assert_int_equal(tags.n, 0);
	return 0;
}

static void manifests_are_found_by_digest_and_tag(void **state)
{
	in_write(*state, write_manifests);
}

static int fill_rows(struct db_conn *c, void *argument, struct err *err)
{
	(void)err;
	static const char *const digests[] = { "sha256:3", "sha256:1", "sha256:2" };
	struct fixture *f = argument;
	for (size_t i = 0; i < 3; i++) {
		put_manifest(c, f, "a", digests[i], i == 1 ? "tag" : NULL);
		put_manifest(c, f, "c", digests[i], NULL);
	}
	put_manifest(c, f, "b/x", "sha256:9", NULL);
	return 0;
}

/* Pages of every size give the same seven rows in (repository, digest) order. */
static int page_rows(struct db_conn *c, void *argument, struct err *err)
{
	static const char *const expected[] = { "a sha256:1", "a sha256:2", "a sha256:3",
		"b/x sha256:9", "c sha256:1", "c sha256:2", "c sha256:3" };
	struct fixture *f = argument;
	for (size_t limit = 1; limit <= 8; limit++) {
		struct store_image_cursor cursor = { STR(""), STR("") };
		struct store_image_row rows[8];
		size_t seen = 0;
		size_t count;
		do {
			assert_int_equal(store_image_rows(c, f->arena, STR_NULL, &cursor, limit,
						 rows, &count, err),
				0);
			for (size_t i = 0; i < count; i++, seen++) {
				char text[64];
				snprintf(text, sizeof(text), STR_FMT " " STR_FMT,
					STR_ARG(rows[i].repository), STR_ARG(rows[i].digest));
				assert_string_equal(text, expected[seen]);
				assert_int_equal(rows[i].size, 15); /* bytes + configuration */
				assert_str(rows[i].tags, seen == 0 ? STR("tag") : STR(""));
				cursor = (struct store_image_cursor){ rows[i].repository,
					rows[i].digest };
			}
		} while (count == limit);
		assert_int_equal(seen, 7);
	}
	return 0;
}

static int one_repository(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	struct store_image_row rows[8];
	size_t count;
	struct store_image_cursor cursor = { STR("c"), STR("sha256:1") };
	assert_int_equal(store_image_rows(c, f->arena, STR("c"), &cursor, 8, rows, &count, err), 0);
	assert_int_equal(count, 2);
	cursor.repository = STR("d");
	assert_int_equal(store_image_rows(c, f->arena, STR("c"), &cursor, 8, rows, &count, err), 0);
	assert_int_equal(count, 0);
	cursor.repository = STR("b");
	assert_int_equal(store_image_rows(c, f->arena, STR("c"), &cursor, 8, rows, &count, err), 0);
	assert_int_equal(count, 3);
	assert_int_equal(store_image_rows(c, f->arena, STR("none"), NULL, 8, rows, &count, err), 0);
	assert_int_equal(count, 0);
	return 0;
}

static void image_rows_page_in_order(void **state)
{
	in_write(*state, fill_rows);
	in_read(*state, page_rows);
	in_read(*state, one_repository);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blobs_are_linked_per_repository),
		TEST(condemned_blobs_are_invisible),
		TEST(who_names_a_digest_is_told_once),
		TEST(uploads_come_back_as_they_were),
		TEST(manifests_are_found_by_digest_and_tag),
		TEST(image_rows_page_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
