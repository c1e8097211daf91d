/* SPDX-License-Identifier: Apache-2.0 */
/* Whole layers made on the spot: what is found, hidden, linked, skipped, and how damage is worded.
 */
#include "analyze/layer.h"

#include "../codec/samples.h"
#include "base/cleanup.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

enum { ROOM = 8 << 20 };

#define STATUS_A "Package: a\nStatus: install ok installed\nVersion: 1\n"
#define STATUS_B "Package: b\nStatus: install ok installed\nVersion: 2\n"

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

static struct analyze_budget budget = {
	.inflated_bytes = 4 << 20, .entries = 1000, .database_bytes = 1 << 20
};

static struct layer_inventory read_stream(struct str bytes)
{
	struct layer_inventory inventory;
	struct stream *stream = stream_from_bytes(bytes);
	struct analyze_input input = { .stream = stream, .fd = -1, .hash_stored = true };
	analyze_layer(arena, hasher, &input, &budget, &inventory);
	stream_close(&stream);
	return inventory;
}

static struct layer_inventory read_fd(struct str bytes)
{
	struct layer_inventory inventory;
	AUTO_CLOSE int fd = memfd_create("layer", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	struct analyze_input input = { .fd = fd };
	analyze_layer(arena, hasher, &input, &budget, &inventory);
	return inventory;
}

static void is_failed(const struct layer_inventory *inventory, const char *part)
{
	assert_int_equal(inventory->state, LAYER_FAILED);
	if (!str_contains(inventory->reason, str_from(part)))
		fail_msg("reason: " STR_FMT, STR_ARG(inventory->reason));
	assert_int_equal(inventory->packages.n + inventory->files.n, 0);
	assert_int_equal(inventory->diff_id.n, 0);
}

static void digests_cover_all_bytes(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	char digest[DIGEST_TEXT_MAX];
	sample_file(&tar, "var/lib/dpkg/status", STATUS_A);
	sample_end(&tar);
	/* Bytes behind the end mark belong to the diffID. */
	for (int i = 0; i < 30000; i++)
		strbuf_add_cstr(&tar, "behind the end");
	digest_bytes(DIGEST_SHA256, strbuf_view(&tar), digest);
	struct layer_inventory plain = read_stream(strbuf_view(&tar));
	assert_int_equal(plain.state, LAYER_OK);
	assert_true(str_eq(plain.diff_id, str_from(digest)));
	assert_true(str_eq(plain.digest, str_from(digest)));
	assert_true(str_eq(plain.format, STR("tar")));

	sample_gzip(strbuf_view(&tar), &packed);
	struct layer_inventory gzip = read_stream(strbuf_view(&packed));
	assert_true(str_eq(gzip.diff_id, str_from(digest)));
	assert_true(str_eq(gzip.format, STR("tar+gzip")));
	assert_int_equal(gzip.packages.n, 1);
	assert_int_equal(gzip.inflated_bytes, tar.n);
	assert_int_equal(gzip.compressed_bytes, packed.n);
	digest_bytes(DIGEST_SHA256, strbuf_view(&packed), digest);
	assert_true(str_eq(gzip.digest, str_from(digest)));

	strbuf_clear(&packed);
	sample_zstd(strbuf_view(&tar), &packed);
	struct layer_inventory zstd = read_fd(strbuf_view(&packed));
	assert_true(str_eq(zstd.diff_id, plain.diff_id));
	assert_int_equal(zstd.digest.n, 0);
}

static void last_entry_of_a_path_wins(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	sample_file(&tar, "./var/lib/dpkg/status", STATUS_A);
	sample_file(&tar, "var/lib/dpkg/status", STATUS_B);
	sample_file(&tar, "lib/apk/db/installed", "P:x\nV:1\n");
	sample_entry(&tar, "lib", '2', "usr/lib", STR(""));
	sample_end(&tar);
	struct layer_inventory inventory = read_stream(strbuf_view(&tar));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.packages.n, 1);
	assert_true(str_eq(inventory.packages.items[0].name, STR("b")));
	assert_int_equal(inventory.files.n, 1);
	assert_int_equal(inventory.links.n, 1);
	assert_true(str_eq(inventory.links.items[0].path, STR("lib")));
	assert_true(str_eq(inventory.links.items[0].target, STR("usr/lib")));
	assert_int_equal(inventory.hides.n, 1);
	assert_int_equal(inventory.hides.items[0].kind, LAYER_HIDE_REPLACED);
}

static void hides_of_all_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *entry;
		char type;
		enum layer_hide_kind kind;
		const char *path; /* NULL: nothing is hidden */
	} rows[] = {
		{ "var/lib/dpkg/.wh.status", '0', LAYER_HIDE_WHITEOUT, "var/lib/dpkg/status" },
		{ ".wh.var", '0', LAYER_HIDE_WHITEOUT, "var" },
		{ "var/lib/dpkg/status.d/.wh.base", '0', LAYER_HIDE_WHITEOUT,
			"var/lib/dpkg/status.d/base" },
		{ "home/.wh.user", '0', LAYER_HIDE_WHITEOUT, "home/user" },
		{ "var/lib/.wh..wh..opq", '0', LAYER_HIDE_OPAQUE, "var/lib" },
		{ ".wh..wh..opq", '0', LAYER_HIDE_OPAQUE, "" },
		{ "var/.wh..wh.plnk", '0', LAYER_HIDE_WHITEOUT, NULL },
		{ "var/lib/dpkg", '2', LAYER_HIDE_REPLACED, "var/lib/dpkg" },
		{ "var/lib/dpkg", '0', LAYER_HIDE_REPLACED, "var/lib/dpkg" },
		{ "var/lib/dpkg/", '5', LAYER_HIDE_REPLACED, NULL },
		{ "var/lib/dpkg/status", '6', LAYER_HIDE_REPLACED, "var/lib/dpkg/status" },
		{ "etc/os-release", '2', LAYER_HIDE_REPLACED, "etc/os-release" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
		sample_entry(&tar, rows[i].entry, rows[i].type, "x", STR(""));
		sample_end(&tar);
		struct layer_inventory inventory = read_stream(strbuf_view(&tar));
		assert_int_equal(inventory.state, LAYER_OK);
		if (inventory.hides.n != (rows[i].path ? 1 : 0))
			fail_msg("%s: %zu hides", rows[i].entry, inventory.hides.n);
		if (!rows[i].path)
			continue;
		assert_int_equal(inventory.hides.items[0].kind, rows[i].kind);
		assert_true(str_eq(inventory.hides.items[0].path, str_from(rows[i].path)));
	}
}

static void hard_links_are_followed(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	/* To an analyzed file; to a file that nobody looked at; through a second link. */
	sample_file(&tar, "lib/apk/db/installed", "P:x\nV:1\n");
	sample_entry(&tar, "usr/lib/apk/db/installed", '1', "lib/apk/db/installed", STR(""));
	sample_file(&tar, "opt/original", STATUS_A);
	sample_entry(&tar, "opt/second", '1', "opt/original", STR(""));
	sample_entry(&tar, "var/lib/dpkg/status", '1', "opt/second", STR(""));
	sample_entry(&tar, "etc/os-release", '1', "only/in/a/lower/layer", STR(""));
	sample_end(&tar);
	struct layer_inventory inventory = read_fd(strbuf_view(&tar));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.files.n, 3);
	assert_int_equal(inventory.packages.n, 3);
	assert_true(str_eq(inventory.files.items[1].path, STR("usr/lib/apk/db/installed")));
	assert_true(str_eq(inventory.files.items[2].path, STR("var/lib/dpkg/status")));
	assert_true(str_eq(inventory.packages.items[2].name, STR("a")));
	assert_int_equal(inventory.links.n, 1);
	assert_true(str_eq(inventory.links.items[0].target, STR("/only/in/a/lower/layer")));
	/* A stream cannot be read twice; that is said, not hidden. */
	inventory = read_stream(strbuf_view(&tar));
	is_failed(&inventory, "is a hard link to opt/second");
}

/* What several links wait for is read once and given to all of them, by what each of them is. */
static void hard_links_may_share_a_target(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	const struct str none = STR("");
	sample_file(&tar, "opt/installed", "P:old\nV:1-r0\n");
	sample_file(&tar, "opt/installed", "P:musl\nV:1.1-r0\n");
	sample_file(&tar, "opt/identity", "ID=alpine\n");
	sample_entry(&tar, "lib/apk/db/installed", '1', "opt/installed", none);
	sample_entry(&tar, "usr/lib/apk/db/installed", '1', "opt/installed", none);
	sample_entry(&tar, "etc/os-release", '1', "opt/identity", none);
	sample_entry(&tar, "usr/lib/os-release", '1', "opt/identity", none);
	sample_entry(&tar, "etc/debian_version", '1', "opt/identity", none);
	sample_end(&tar);
	struct layer_inventory inventory = read_fd(strbuf_view(&tar));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.files.n, 5);
	assert_int_equal(inventory.packages.n, 2);
	assert_int_equal(inventory.facts.n, 3);
	for (size_t i = 0; i < inventory.packages.n; i++)
		assert_true(str_eq(inventory.packages.items[i].name, STR("musl")));
}

/* Work that would grow with the product of two counts the layer chooses. */
static void crafted_layers_cost_no_squares(void **state)
{
	(void)state;
	enum { MANY = 100000 };
	AUTO_STRBUF struct strbuf tar = STRBUF((size_t)512 << 20);
	const struct analyze_budget before = budget;
	const struct str none = STR("");
	char path[64];
	budget.inflated_bytes = (uint64_t)1 << 30;
	budget.entries = 4 * MANY;
	sample_file(&tar, "opt/x", "Package: a\nVersion: 1\n");
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "var/lib/dpkg/status.d/%d", i);
		sample_entry(&tar, path, '1', "opt/x", none);
	}
	/* Two files in turn that each take all below them away. */
	for (int i = 0; i < MANY; i++)
		sample_entry(&tar, i % 2 ? "etc" : "lib", '0', "", none);
	sample_end(&tar);
	clock_t start = clock();
	struct layer_inventory inventory = read_fd(strbuf_view(&tar));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.files.n, MANY);
	assert_int_equal(inventory.hides.n, 2);
	/* Squares would be minutes. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 20);

	/* Links that share one database: each is small, all together are not. */
	strbuf_clear(&tar);
	sample_file(&tar, "var/lib/dpkg/status.d/0",
		"Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n\nPackage: c\nVersion: 1\n");
	for (int i = 1; i < MANY; i++) {
		snprintf(path, sizeof(path), "var/lib/dpkg/status.d/%d", i);
		sample_entry(&tar, path, '1', "var/lib/dpkg/status.d/0", none);
	}
	sample_end(&tar);
	inventory = read_fd(strbuf_view(&tar));
	is_failed(&inventory, "over links, more than 250000 packages");

	/* A target that comes again and again before many links to it. */
	strbuf_clear(&tar);
	for (int i = 0; i < MANY; i++)
		sample_entry(&tar, "opt/x", '1', "opt/y", none);
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "var/lib/dpkg/status.d/%d", i);
		sample_entry(&tar, path, '1', "opt/x", none);
	}
	sample_end(&tar);
	inventory = read_fd(strbuf_view(&tar));
	is_failed(&inventory, "hard links");
	budget = before;
}

static void impossible_paths_are_counted_and_unused(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	sample_file(&tar, "../../etc/passwd", "x");
	sample_file(&tar, "x/../var/lib/dpkg/status", STATUS_A);
	sample_file(&tar, "var/.wh...", "");
	sample_end(&tar);
	struct layer_inventory inventory = read_stream(strbuf_view(&tar));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.skipped_entries, 3);
	assert_int_equal(inventory.files.n + inventory.hides.n, 0);
}

static void damage_and_budgets_have_reasons(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	sample_file(&tar, "var/lib/dpkg/status", "not a database at all");
	sample_end(&tar);
	struct layer_inventory inventory = read_stream(strbuf_view(&tar));
	is_failed(&inventory, "var/lib/dpkg/status cannot be read: line 1 is not a field");
	assert_true(inventory.digest.n > 0);

	strbuf_clear(&tar);
	char *large = calloc(1, (2 << 20) + 1);
	assert_non_null(large);
	memset(large, 'x', 2 << 20);
	sample_file(&tar, "var/lib/dpkg/status", large);
	inventory = read_stream(strbuf_view(&tar));
	is_failed(&inventory, "var/lib/dpkg/status holds 2097152 bytes");

	strbuf_clear(&tar);
	sample_file(&tar, "one", large);
	sample_file(&tar, "two", large);
	sample_file(&tar, "three", large);
	free(large);
	sample_end(&tar);
	sample_gzip(strbuf_view(&tar), &packed);
	inventory = read_fd(strbuf_view(&packed));
	is_failed(&inventory, "the layer inflates to more than the limit of 4194304 bytes");
	inventory = read_fd(str_sub(strbuf_view(&packed), 0, packed.n / 8));
	is_failed(&inventory, "the gzip data ends in the middle");

	strbuf_clear(&tar);
	for (int i = 0; i < 1001; i++)
		sample_file(&tar, "empty", "");
	inventory = read_stream(strbuf_view(&tar));
	is_failed(&inventory, "more than 1000 entries");
	inventory = read_stream(str_sub(strbuf_view(&tar), 0, 5 * 512 + 100));
	is_failed(&inventory, "damaged after 5 entries");
}

static void other_bytes_are_not_a_layer(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	struct layer_inventory inventory = read_stream(STR("{\"schemaVersion\":2}"));
	assert_int_equal(inventory.state, LAYER_NOT_A_LAYER);
	assert_true(str_eq(inventory.reason, STR("it is JSON, not a layer archive")));
	inventory = read_stream(STR(""));
	assert_true(str_eq(inventory.reason, STR("it is empty, not a layer archive")));
	sample_gzip(STR("{\"schemaVersion\":2}"), &packed);
	inventory = read_stream(strbuf_view(&packed));
	assert_int_equal(inventory.state, LAYER_NOT_A_LAYER);
	assert_true(str_contains(inventory.reason, STR("inside is JSON")));
}

static void empty_layers_are_fine(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf tar = STRBUF(ROOM);
	AUTO_STRBUF struct strbuf packed = STRBUF(ROOM);
	sample_end(&tar);
	sample_gzip(strbuf_view(&tar), &packed);
	struct layer_inventory inventory = read_fd(strbuf_view(&packed));
	assert_int_equal(inventory.state, LAYER_OK);
	assert_int_equal(inventory.entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_cover_all_bytes),
		cmocka_unit_test(last_entry_of_a_path_wins),
		cmocka_unit_test(hides_of_all_kinds),
		cmocka_unit_test(hard_links_are_followed),
		cmocka_unit_test(hard_links_may_share_a_target),
		cmocka_unit_test(crafted_layers_cost_no_squares),
		cmocka_unit_test(impossible_paths_are_counted_and_unused),
		cmocka_unit_test(damage_and_budgets_have_reasons),
		cmocka_unit_test(other_bytes_are_not_a_layer),
		cmocka_unit_test(empty_layers_are_fine),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
