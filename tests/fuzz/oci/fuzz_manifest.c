/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: the first line of the input is the Content-Type, the rest the document. What is
 * accepted has only valid digests and, given its own type as Content-Type, is accepted again.
 */
#include "base/check.h"
#include "base/limits.h"
#include "oci/digest.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct oci_manifest *manifest)
{
	CHECK(oci_is_manifest_type(manifest->media_type));
	CHECK(manifest->layers.n <= LIMIT_LAYERS && manifest->manifests.n <= LIMIT_INDEX_ENTRIES);
	for (size_t i = 0; i < manifest->layers.n; i++)
		CHECK(oci_digest_valid(manifest->layers.items[i].digest));
	for (size_t i = 0; i < manifest->manifests.n; i++)
		CHECK(oci_digest_valid(manifest->manifests.items[i].digest));
	if (manifest->kind == OCI_KIND_INDEX)
		CHECK(!manifest->layers.n && oci_is_index_type(manifest->media_type));
	else
		CHECK(!manifest->manifests.n && oci_digest_valid(manifest->config.digest));
	if (oci_manifest_is_attestation(manifest))
		CHECK(manifest->layers.n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = { (const char *)bytes, n };
	struct str type;
	if (!str_cut(&rest, '\n', &type))
		return 0;
	struct arena *arena = arena_new(0);
	struct oci_manifest manifest;
	struct oci_manifest again;
	struct err err = ERR_INIT;
	if (oci_manifest_parse(arena, rest, type, &manifest, &err) == 0) {
		check(&manifest);
		CHECK(oci_manifest_parse(arena, rest, manifest.media_type, &again, NULL) == 0);
		CHECK(again.kind == manifest.kind);
	} else {
		CHECK(err.code < 0 && err.text[0]);
	}
	arena_free(&arena);
	return 0;
}
