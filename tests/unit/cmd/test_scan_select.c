/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which images a docker archive or an OCI layout holds, over a source made of a table of paths.
 * Also archives with links, read through scan_archive_source().
 */
#include "base/json.h"
#include "cmd/scan_target.h"
#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct files {
	struct arena *arena;
	struct archive_contents contents;
	struct layer_inventory layer;
};

static int set_up(void **state)
{
	struct arena *arena = arena_new(0);
	struct files *files = ARENA_NEW(arena, struct files);
	files->arena = arena;
	files->layer.state = LAYER_OK;
	*state = files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;
	struct arena *arena = files->arena;
	arena_free(&arena);
	return 0;
}

static void add_json(struct files *files, struct str path, struct str json)
{
	AVEC_PUSH(files->arena, &files->contents.entries,
		(struct archive_entry){ .path = path, .json = json });
}

static void add_layer(struct files *files, struct str path)
{
	AVEC_PUSH(files->arena, &files->contents.entries,
		(struct archive_entry){ .path = path, .layer = &files->layer });
}

static void add_link(struct files *files, struct str path, struct str target)
{
	AVEC_PUSH(files->arena, &files->contents.entries,
		(struct archive_entry){ .path = path, .link = target });
}

/* Stores a document under its digest and returns the digest. */
static struct str add_blob(struct files *files, struct str json)
{
	char digest[DIGEST_TEXT_MAX];
	digest_bytes(DIGEST_SHA256, json, digest);
	struct str kept = arena_str(files->arena, str_from(digest));
	add_json(files, arena_printf(files->arena, "blobs/sha256/%s", digest + 7), json);
	return kept;
}

static int select_images(struct files *files, struct target_images *images, struct err *err)
{
	struct scan_source source;
	*images = (struct target_images){ 0 };
	*err = ERR_INIT;
	scan_archive_source(files->arena, &files->contents, &source);
	return scan_select(files->arena, &source, images, err);
}

#define CONFIG                                                                                     \
	"{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"rootfs\":{\"type\":"    \
	"\"layers\",\"diff_ids\":[\"sha256:"                                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]}}"
#define LAYER_HEX "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void docker_manifest_names_images(void **state)
{
	struct files *files = *state;
	struct err err;
	struct target_images images;
	add_json(files, STR("manifest.json"),
		STR("[{\"Config\":\"c.json\",\"RepoTags\":[\"one:1\",\"one:2\"],\"Layers\":[\"./a/"
		    "layer.tar\"]},{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":[]}]"));
	add_json(files, STR("./c.json"), STR(CONFIG));
	add_layer(files, STR("a/layer.tar"));
	assert_int_equal(select_images(files, &images, &err), 0);
	assert_int_equal(images.items.n, 2);
	const struct target_image *one = &images.items.items[0];
	assert_true(one->kind == TARGET_IMAGE && one->has_config);
	assert_true(str_eq(one->name, STR("one:1")));
	assert_true(str_eq(one->os, STR("linux")) && str_eq(one->variant, STR("v8")));
	assert_int_equal(one->diff_ids.n, 1);
	assert_int_equal(one->layers.n, 1);
	assert_true(str_eq(one->layers.items[0].path, STR("a/layer.tar")));
	assert_true(str_eq(images.items.items[1].name, STR("d.json")));
	assert_false(images.items.items[1].has_config);
}

static void layers_are_found_through_links(void **state)
{
	struct files *files = *state;
	struct err err = ERR_INIT;
	const struct layer_inventory *layer;
	struct scan_source source;
	add_link(files, STR("x/layer.tar"), STR("../y/layer.tar"));
	add_link(files, STR("y/layer.tar"), STR("z.tar")); /* hard link: from the root */
	add_layer(files, STR("z.tar"));
	add_link(files, STR("loop"), STR("loop"));
	add_link(files, STR("out"), STR("../../etc/passwd"));
	scan_archive_source(files->arena, &files->contents, &source);
	assert_int_equal(source.layer(source.context, STR("x/layer.tar"), &layer, &err), 0);
	assert_ptr_equal(layer, &files->layer);
	assert_int_equal(source.layer(source.context, STR("loop"), &layer, &err), SOURCE_ABSENT);
	assert_int_equal(source.layer(source.context, STR("out"), &layer, &err), SOURCE_ABSENT);
	assert_int_equal(source.layer(source.context, STR("none"), &layer, &err), SOURCE_ABSENT);
}

static struct str manifest_of(struct files *files, struct str config, const char *layer_type)
{
	return add_blob(files,
		arena_printf(files->arena,
			"{\"schemaVersion\":2,\"mediaType\":\"application/"
			"vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/"
			"vnd.oci.image.config.v1+json\",\"digest\":\"" STR_FMT
			"\",\"size\":%zu},\"layers\":[{\"mediaType\":\"%s\",\"digest\":"
			"\"sha256:" LAYER_HEX "\",\"size\":10}]}",
			STR_ARG(config), sizeof(CONFIG) - 1, layer_type));
}

static struct str entry_of(struct files *files, struct str digest, const char *more)
{
	return arena_printf(files->arena,
		"{\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"digest\":\"" STR_FMT "\",\"size\":1%s}",
		STR_ARG(digest), more);
}

static struct str index_of(struct files *files, struct str entries)
{
	return arena_printf(files->arena, "{\"schemaVersion\":2,\"manifests\":[" STR_FMT "]}",
		STR_ARG(entries));
}

static void nested_index_is_followed(void **state)
{
	struct files *files = *state;
	struct err err;
	struct target_images images;
	struct str config = add_blob(files, STR(CONFIG));
	struct str image =
		manifest_of(files, config, "application/vnd.oci.image.layer.v1.tar+gzip");
	struct str statement = manifest_of(files, config, "application/vnd.in-toto+json");
	struct str absent = STR("sha256:"
				"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc");
	struct str inner = add_blob(
		files, index_of(files, arena_printf(files->arena, STR_FMT "," STR_FMT "," STR_FMT,
					       STR_ARG(entry_of(files, image, "")),
					       STR_ARG(entry_of(files, statement, "")),
					       STR_ARG(entry_of(files, absent,
						       ",\"platform\":{\"os\":\"linux\","
						       "\"architecture\":\"s390x\"}")))));
	add_json(files, STR("index.json"),
		index_of(files,
			arena_printf(files->arena,
				"{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
				"\"digest\":\"" STR_FMT
				"\",\"size\":1,\"annotations\":{\"org.opencontainers.image.ref."
				"name\":\"v3\"}}",
				STR_ARG(inner))));
	assert_int_equal(select_images(files, &images, &err), 0);
	assert_int_equal(images.items.n, 3);
	const struct target_image *items = images.items.items;
	assert_int_equal(items[0].kind, TARGET_IMAGE);
	assert_true(str_eq(items[0].name, STR("v3")) && str_eq(items[0].digest, image));
	assert_true(str_eq(items[0].architecture, STR("arm64")));
	assert_true(str_eq(items[0].layers.items[0].path, STR("blobs/sha256/" LAYER_HEX)));
	assert_int_equal(items[1].kind, TARGET_ARTIFACT);
	assert_int_equal(items[2].kind, TARGET_ABSENT);
	assert_true(str_eq(items[2].architecture, STR("s390x")));
}

static void changed_content_is_noticed(void **state)
{
	struct files *files = *state;
	struct err err;
	struct target_images images;
	struct str config = add_blob(files, STR(CONFIG));
	struct str image =
		manifest_of(files, config, "application/vnd.oci.image.layer.v1.tar+gzip");
	for (size_t i = 0; i < files->contents.entries.n; i++)
		if (str_ends(files->contents.entries.items[i].path, str_skip(image, 7)))
			files->contents.entries.items[i].json = STR("{\"schemaVersion\":2}");
	add_json(files, STR("index.json"), index_of(files, entry_of(files, image, "")));
	assert_int_equal(select_images(files, &images, &err), 0);
	assert_int_equal(images.items.n, 1);
	assert_int_equal(images.items.items[0].kind, TARGET_BROKEN);
	assert_true(str_contains(images.items.items[0].why, STR("have the digest sha256:")));
}

static void broken_documents_are_errors_or_broken_entries(void **state)
{
	struct files *files = *state;
	struct err err;
	struct target_images images;
	assert_int_equal(select_images(files, &images, &err), SOURCE_ABSENT);
	add_json(files, STR("manifest.json"), STR("{\"not\":\"a list\"}"));
	assert_true(select_images(files, &images, &err) < 0);
	add_json(files, STR("manifest.json"),
		STR("[{\"Config\":7},{\"Layers\":[\"../../etc/passwd\"]},[],{\"Layers\":[5]}]"));
	assert_int_equal(select_images(files, &images, &err), 0);
	assert_int_equal(images.items.n, 4);
	for (size_t i = 0; i < images.items.n; i++) {
		assert_int_equal(images.items.items[i].kind, TARGET_BROKEN);
		assert_true(images.items.items[i].name.n > 0 && images.items.items[i].why.n > 0);
	}
	add_json(files, STR("index.json"), STR("{\"schemaVersion\":2,\"manifests\":7}"));
	assert_true(select_images(files, &images, &err) < 0);
	assert_true(str_contains(str_from(err_text(&err)), STR("index.json")));
}

static void index_that_names_itself_ends(void **state)
{
	struct files *files = *state;
	struct err err;
	struct target_images images;
	/* Two entries with one digest: reported once. */
	struct str absent = STR("sha256:"
				"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc");
	add_json(files, STR("index.json"),
		index_of(files, arena_printf(files->arena, STR_FMT "," STR_FMT,
					STR_ARG(entry_of(files, absent, "")),
					STR_ARG(entry_of(files, absent, "")))));
	assert_int_equal(select_images(files, &images, &err), 0);
	assert_int_equal(images.items.n, 1);
}

static void paths_stay_inside(void **state)
{
	struct files *files = *state;
	static const struct {
		const char *base, *path, *joined; /* NULL: refused */
	} rows[] = {
		{ "", "a/b", "a/b" },
		{ "", "./a//b/.", "a/b" },
		{ "x/y", "../z", "x/z" },
		{ "x", "/a", "a" },
		{ "x", "../../a", NULL },
		{ "", "..", NULL },
		{ "", "", NULL },
		{ "a", "..", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str joined;
		bool ok = scan_path_join(
			files->arena, str_from(rows[i].base), str_from(rows[i].path), &joined);
		assert_int_equal(ok, rows[i].joined != NULL);
		if (ok)
			assert_true(str_eq(joined, str_from(rows[i].joined)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(docker_manifest_names_images, set_up, tear_down),
		cmocka_unit_test_setup_teardown(layers_are_found_through_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nested_index_is_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changed_content_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			broken_documents_are_errors_or_broken_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(index_that_names_itself_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_stay_inside, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
