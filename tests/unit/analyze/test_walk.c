/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are found by pattern or by their first bytes: what is read, hidden, told as unread. */
#include "analyze/layer.h"
#include "inventory/pattern.h"

#include "../codec/samples.h"
#include "base/limits.h"
#include "elf_samples.h"
#include "language.h"

enum { ROOM = 16 << 20 };

#define MODULE "{\"name\":\"x\",\"version\":\"1.0.0\"}"

static struct hasher *hasher;
static struct arena *arena;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	arena = arena_new(0);
	return hasher_start(&hasher, &err);
}

static int teardown(void **state)
{
	(void)state;
	hasher_stop(&hasher);
	arena_free(&arena);
	return 0;
}

static struct layer_inventory read_layer(struct strbuf *tar)
{
	static const struct analyze_budget budget = {
		.inflated_bytes = 64 << 20, .entries = 100000, .database_bytes = 1 << 20
	};
	struct layer_inventory inventory;
	sample_end(tar);
	struct stream *stream = stream_from_bytes(strbuf_view(tar));
	struct analyze_input input = { .stream = stream, .fd = -1 };
	analyze_layer(arena, hasher, &input, &budget, &inventory);
	stream_close(&stream);
	return inventory;
}

static void small_binary(struct strbuf *out)
{
	AUTO_STRBUF struct strbuf note = STRBUF(ROOM);
	elf_sample_note(false, "FDO", 0xcafe1a7eU,
		STR("{\"type\":\"rpm\",\"name\":\"hello\",\"version\":\"2.10\"}"), &note);
	const struct elf_sample_section section = { ".note.package", 7, strbuf_view(&note), false };
	const struct elf_sample elf = { .sections = &section, .count = 1 };
	elf_sample(&elf, out);
}

static const struct str *partial_of(const struct layer_inventory *inventory, const char *path)
{
	for (size_t i = 0; i < inventory->files.n; i++) {
		const struct layer_file *file = &inventory->files.items[i];
		if (!str_eq(file->path, str_from(path)) || !file->fact_count)
			continue;
		const struct layer_fact *fact = &inventory->facts.items[file->first_fact];
		assert_true(str_eq(fact->key, LAYER_FACT_PARTIAL));
		return &fact->value;
	}
	return NULL;
}

static void patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		bool floating;
		const char *path;
		bool matches;
	} rows[] = {
		{ "a/b", false, "a/b", true },
		{ "a/b", false, "x/a/b", false },
		{ "a/b", true, "x/a/b", true },
		{ "a/b", true, "a/b", true },
		{ "b", true, "b", true },
		{ "b", true, "ab", false },
		{ "*.jar", true, "x/y.jar", true },
		{ "*.jar", true, ".jar", false },
		{ "*.jar", true, "x/y.jar/z", false },
		{ "*.dist-info/METADATA", true, "l/p-1.dist-info/METADATA", true },
		{ "*.dist-info/METADATA", true, "l/.dist-info/METADATA", false },
		{ "*.dist-info/METADATA", true, "METADATA", false },
		{ "a/*/c", false, "a/b/c", true },
		{ "a/*/c", false, "a/c", false },
		{ "a/*/c", false, "a/b/b/c", false },
		{ "a/*", false, "a/", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (pattern_matches(str_from(rows[i].pattern), rows[i].floating,
			    str_from(rows[i].path)) != rows[i].matches)
			fail_msg("%s on %s", rows[i].pattern, rows[i].path);
	assert_true(pattern_lies_below(STR("a/*/c"), STR("a/x")));
	assert_true(pattern_lies_below(STR("a/*/c"), STR("a")));
	assert_false(pattern_lies_below(STR("a/*/c"), STR("a/x/c")));
	assert_false(pattern_lies_below(STR("a/*/c"), STR("b")));
}

static void found_by_name_and_by_first_bytes(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf elf = STRBUF(ROOM);
	small_binary(&elf);
	sample_file(&tar, "app/node_modules/x/package.json", MODULE);
	sample_file(&tar, "app/node_modules/x/index.js", "code that nobody reads");
	sample_entry(&tar, "usr/bin/tool.without.mode", '0', "", strbuf_view(&elf));
	/* Another name of the same file, and of one that nobody read. */
	sample_entry(&tar, "usr/bin/other", '1', "usr/bin/tool.without.mode", STR(""));
	sample_entry(&tar, "usr/bin/text", '1', "app/node_modules/x/index.js", STR(""));
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.files.n, 3);
	assert_int_equal(inventory.packages.n, 3);
	assert_true(str_eq(inventory.packages.items[0].name, STR("x")));
	assert_true(str_eq(inventory.packages.items[1].name, STR("hello")));
	assert_true(str_eq(inventory.files.items[2].path, STR("usr/bin/other")));
	assert_int_equal(inventory.hides.n, 0);
}

static void last_entry_counts(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf elf = STRBUF(ROOM);
	small_binary(&elf);
	sample_entry(&tar, "usr/bin/tool", '0', "", strbuf_view(&elf));
	sample_file(
		&tar, "usr/bin/tool", "#!/bin/sh\nnow it is a script, long enough to look at\n");
	sample_file(&tar, "app/node_modules/x/package.json", MODULE);
	sample_entry(&tar, "app/node_modules", '2', "/elsewhere", STR(""));
	sample_file(&tar, "srv/node_modules/y/package.json", MODULE);
	sample_entry(&tar, "srv/node_modules/y", '5', "", STR(""));
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.files.n, 1);
	assert_true(str_eq(inventory.files.items[0].path, STR("srv/node_modules/y/package.json")));
	/* The link may hide a directory of a lower layer, too. */
	assert_int_equal(inventory.hides.n, 1);
	assert_true(str_eq(inventory.hides.items[0].path, STR("app/node_modules")));
}

static void damaged_files_do_not_fail_the_layer(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	sample_file(&tar, "app/node_modules/a/package.json", "{ broken");
	sample_file(&tar, "app/node_modules/x/package.json", MODULE);
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.packages.n, 1);
	assert_non_null(partial_of(&inventory, "app/node_modules/a/package.json"));
	assert_null(partial_of(&inventory, "app/node_modules/x/package.json"));
}

static void what_is_too_large_is_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(40 << 20);
	AUTO_STRBUF struct strbuf large = STRBUF(20 << 20);
	char *room = strbuf_reserve(&large, LIMIT_METADATA_BYTES + 1);
	memset(room, ' ', LIMIT_METADATA_BYTES + 1);
	strbuf_commit(&large, LIMIT_METADATA_BYTES + 1);
	sample_entry(&tar, "node_modules/x/package.json", '0', "", strbuf_view(&large));
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	const struct str *words = partial_of(&inventory, "node_modules/x/package.json");
	assert_non_null(words);
	assert_true(words && str_contains(*words, STR("more than the limit")));
}

/* A hard link to something that passed unread needs a second pass, which a stream cannot give. */
static void links_that_cannot_be_followed_are_told(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	sample_file(&tar, "store/ab/cdef", MODULE);
	sample_entry(&tar, "app/node_modules/x/package.json", '1', "store/ab/cdef", STR(""));
	sample_file(&tar, "app/node_modules/y/package.json", MODULE);
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.packages.n, 1);
	const struct str *words = partial_of(&inventory, "app/node_modules/x/package.json");
	assert_non_null(words);
	assert_true(words && str_contains(*words, STR("hard link")));
}

/* Guesses about lower layers are given up, never the layer. */
static void many_links_and_scripts_are_fine(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(64 << 20);
	char path[64];
	for (int i = 0; i < 30000; i++) {
		snprintf(path, sizeof(path), "app/d%d/link", i);
		sample_entry(&tar, path, '2', "x", STR(""));
	}
	sample_file(&tar, "node_modules/x/package.json", MODULE);
	struct layer_inventory inventory = read_layer(&tar);
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.packages.n, 1);
	assert_true(inventory.hides.n < 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(found_by_name_and_by_first_bytes),
		cmocka_unit_test(last_entry_counts),
		cmocka_unit_test(damaged_files_do_not_fail_the_layer),
		cmocka_unit_test(what_is_too_large_is_told),
		cmocka_unit_test(links_that_cannot_be_followed_are_told),
		cmocka_unit_test(many_links_and_scripts_are_fine),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
