/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of an archive: the input is several of them, separated by a zero byte. The first is
 * manifest.json and also index.json when it begins with "{"; the others stand under paths that the
 * first may name ("a".."h", and their digest). Whatever the bytes: every entry has a name, every
 * entry that is no image says why, and layer paths stay inside the archive.
 */
#include "cmd/scan_target.h"
#include "crypto/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void add(
	struct arena *arena, struct archive_contents *contents, struct str path, struct str json)
{
	AVEC_PUSH(arena, &contents->entries, (struct archive_entry){ .path = path, .json = json });
}

static void check_images(struct arena *arena, const struct target_images *images)
{
	for (size_t i = 0; i < images->items.n; i++) {
		const struct target_image *image = &images->items.items[i];
		CHECK(image->name.n);
		CHECK(image->kind == TARGET_IMAGE || image->why.n);
		for (size_t l = 0; l < image->layers.n; l++) {
			struct str joined;
			CHECK(scan_path_join(arena, STR(""), image->layers.items[l].path, &joined));
			CHECK(str_eq(joined, image->layers.items[l].path));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char names[] = "abcdefgh";
	struct arena *arena = arena_new(0);
	struct archive_contents contents = { 0 };
	struct str rest = { (const char *)bytes, n };
	struct str part;
	for (size_t i = 0; i <= sizeof(names) - 1 && str_cut(&rest, '\0', &part); i++) {
		char digest[DIGEST_TEXT_MAX];
		digest_bytes(DIGEST_SHA256, part, digest);
		add(arena, &contents, arena_printf(arena, "blobs/sha256/%s", digest + 7), part);
		if (i)
			add(arena, &contents, str_sub(STR("abcdefgh"), i - 1, 1), part);
		else if (str_starts(part, STR("{")))
			add(arena, &contents, STR("index.json"), part);
		else
			add(arena, &contents, STR("manifest.json"), part);
	}
	struct scan_source source;
	struct target_images images = { 0 };
	struct err err = ERR_INIT;
	scan_archive_source(arena, &contents, &source);
	int r = scan_select(arena, &source, &images, &err);
	CHECK(r >= 0 || err.text[0]);
	check_images(arena, &images);
	arena_free(&arena);
	return 0;
}
