/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: the kinds, the agreement of types, and every way to be refused with a clear word. */
#include "base/json.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "oci/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DIGEST	     "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OCI_IMAGE    "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define DOCKER_IMAGE "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST  "application/vnd.docker.distribution.manifest.list.v2+json"
#define D(type)	     "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":7}"
#define CONFIG	     D("application/vnd.oci.image.config.v1+json")
#define LAYER	     D("application/vnd.oci.image.layer.v1.tar+gzip")
#define FOREIGN	     D("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
#define STATEMENT    D("application/vnd.in-toto+json")

struct fixture {
	struct arena *arena;
	struct oci_manifest manifest;
	struct err err;
};

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){ .arena = arena_new(0) };
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	arena_free(&f->arena);
	return 0;
}

static int parse(struct fixture *f, const char *text, const char *content_type)
{
	return oci_manifest_parse(
		f->arena, str_from(text), str_from(content_type), &f->manifest, &f->err);
}

static void an_oci_image_is_read(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(parse(f,
				 "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER
				 "," LAYER "],\"subject\":" D(OCI_IMAGE) ",\"unknown\":[1]}",
				 OCI_IMAGE),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_IMAGE);
	assert_true(str_eq(f->manifest.media_type, STR(OCI_IMAGE)));
	assert_int_equal(f->manifest.layers.n, 2);
	assert_true(f->manifest.layers.items[1].size == 7);
	assert_true(str_eq(f->manifest.config.digest, STR(DIGEST)));
	assert_true(f->manifest.has_subject);
	assert_true(f->manifest.artifact_type.n == 0);
	assert_false(oci_manifest_is_attestation(&f->manifest));
	assert_false(oci_manifest_has_foreign_layer(&f->manifest));
}

static void a_docker_image_is_read(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		parse(f,
			"{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_IMAGE "\",\"config\":" D(
				"application/vnd.docker.container.image.v1+json") ",\"layers\":"
										  "[" FOREIGN "]}",
			NULL),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_IMAGE);
	assert_true(oci_manifest_has_foreign_layer(&f->manifest));
}

static void indexes_carry_platforms(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		parse(f,
			"{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_LIST
			"\",\"manifests\":[{\"mediaType\":\"" DOCKER_IMAGE "\",\"digest\":\"" DIGEST
			"\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\","
			"\"variant\":\"v8\"}}]}",
			DOCKER_LIST),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_INDEX);
	assert_true(str_eq(f->manifest.manifests.items[0].architecture, STR("arm64")));
	assert_true(str_eq(f->manifest.manifests.items[0].variant, STR("v8")));
	assert_int_equal(parse(f, "{\"schemaVersion\":2,\"manifests\":[]}", OCI_INDEX), 0);
	assert_int_equal(f->manifest.manifests.n, 0);
}

static void artifacts_are_told_from_images(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		parse(f, "{\"schemaVersion\":2,\"config\":" D("application/x") ",\"layers\":null}",
			OCI_IMAGE),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_ARTIFACT);
	assert_true(str_eq(f->manifest.artifact_type, STR("application/x")));
	assert_int_equal(parse(f,
				 "{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":" CONFIG
				 ",\"layers\":[]}",
				 OCI_IMAGE),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_ARTIFACT);
	assert_true(str_eq(f->manifest.artifact_type, STR("a/b")));
}

static void attestations_are_recognised(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(parse(f,
				 "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" STATEMENT
				 "," STATEMENT "]}",
				 OCI_IMAGE),
		0);
	assert_int_equal(f->manifest.kind, OCI_KIND_IMAGE);
	assert_true(oci_manifest_is_attestation(&f->manifest));
	assert_int_equal(parse(f,
				 "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" STATEMENT
				 "," LAYER "]}",
				 OCI_IMAGE),
		0);
	assert_false(oci_manifest_is_attestation(&f->manifest));
}

static void urls_make_a_layer_foreign(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(parse(f,
				 "{\"schemaVersion\":2,\"config\":" CONFIG
				 ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST
				 "\",\"size\":0,\"urls\":[\"https://example.org/x\"]}]}",
				 OCI_IMAGE),
		0);
	assert_true(oci_manifest_has_foreign_layer(&f->manifest));
}

static void types_are_inferred_when_nobody_says(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(parse(f, "{\"schemaVersion\":2,\"manifests\":[]}", NULL), 0);
	assert_true(str_eq(f->manifest.media_type, STR(OCI_INDEX)));
	assert_int_equal(
		parse(f, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]}", NULL), 0);
	assert_true(str_eq(f->manifest.media_type, STR(OCI_IMAGE)));
}

#define V2     "{\"schemaVersion\":2,"
#define IMG(x) V2 "\"config\":" CONFIG ",\"layers\":[" x "]}"

static void refusals_name_the_member(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *type, *word;
	} rows[] = {
		{ "garbage", OCI_IMAGE, "JSON" },
		{ "", OCI_IMAGE, "JSON" },
		{ "[]", OCI_IMAGE, "object" },
		{ "{}", OCI_IMAGE, "schemaVersion" },
		{ "{\"schemaVersion\":1}", NULL, "schemaVersion" },
		{ "{\"schemaVersion\":\"2\"}", NULL, "schemaVersion" },
		{ V2 "\"layers\":[]}", OCI_IMAGE, "config" },
		{ V2 "\"config\":" CONFIG "}", OCI_IMAGE, "layers" },
		{ V2 "\"config\":" CONFIG ",\"layers\":{}}", OCI_IMAGE, "layers" },
		{ IMG("7"), OCI_IMAGE, "layers[0]" },
		{ IMG(LAYER ",{}"), OCI_IMAGE, "layers[1].mediaType" },
		{ IMG("{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"sha256:1\"}"), OCI_IMAGE,
			"layers[0].digest" },
		{ IMG("{\"mediaType\":\"a/b\",\"size\":-1,\"digest\":\"" DIGEST "\"}"), OCI_IMAGE,
			"layers[0].size" },
		{ IMG("{\"mediaType\":\"a/b\",\"size\":1.0,\"digest\":\"" DIGEST "\"}"), OCI_IMAGE,
			"layers[0].size" },
		{ IMG("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\"}"), OCI_IMAGE, "size" },
		{ IMG("{\"mediaType\":\"a\\r\\nb: c\",\"size\":1,\"digest\":\"" DIGEST "\"}"),
			OCI_IMAGE, "layers[0].mediaType" },
		{ IMG(LAYER), DOCKER_LIST, "layers" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}", OCI_IMAGE,
			"manifests" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}", NULL, "layers" },
		{ V2 "\"layers\":[],\"manifests\":[]}", OCI_INDEX, "layers" },
		{ V2 "\"mediaType\":\"" OCI_INDEX "\",\"manifests\":[]}", OCI_IMAGE, "mediaType" },
		{ V2 "\"mediaType\":\"a/b\",\"manifests\":[]}", NULL, "a/b" },
		{ V2 "\"manifests\":[]}", "application/json", "application/json" },
		{ V2 "\"mediaType\":7,\"manifests\":[]}", OCI_INDEX, "mediaType" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"layers\":[" LAYER "]}", OCI_IMAGE,
			"JSON" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"Layers\":[" LAYER "]}", OCI_IMAGE,
			"Layers" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"layer\xc5\xbf\":[" LAYER "]}",
			OCI_IMAGE, "imitates" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"subject\":{}}", OCI_IMAGE, "subject" },
		{ V2 "\"config\":" CONFIG ",\"layers\":[],\"artifactType\":[]}", OCI_IMAGE,
			"artifactType" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f->err = ERR_INIT;
		int rc = parse(f, rows[i].text, rows[i].type);
		if (rc != -EINVAL)
			fail_msg("%d for %s", rc, rows[i].text);
		if (!str_contains(str_from(err_text(&f->err)), str_from(rows[i].word)))
			fail_msg("\"%s\" does not say %s", err_text(&f->err), rows[i].word);
	}
}

static void counts_have_limits(void **state)
{
	struct fixture *f = *state;
	for (size_t extra = 0; extra <= 1; extra++) {
		AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_MANIFEST_BYTES);
		strbuf_add_cstr(&text, V2 "\"config\":" CONFIG ",\"layers\":[");
		for (size_t i = 0; i < LIMIT_LAYERS + extra; i++)
			strbuf_addf(&text, "%s" LAYER, i ? "," : "");
		strbuf_add_cstr(&text, "]}");
		assert_int_equal(parse(f, strbuf_cstr(&text), OCI_IMAGE), extra ? -EINVAL : 0);
	}
}

/* A few bytes of text can be hundreds of bytes of tree. */
static void values_have_a_limit(void **state)
{
	struct fixture *f = *state;
	for (size_t extra = 0; extra <= 1; extra++) {
		AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_MANIFEST_BYTES);
		strbuf_add_cstr(&text, V2 "\"config\":" CONFIG ",\"layers\":[],\"x\":[");
		size_t before = json_values_at_most(strbuf_view(&text));
		for (size_t i = before; i < LIMIT_DOCUMENT_VALUES + extra; i++)
			strbuf_add_cstr(&text, i == before ? "0,0" : ",0");
		strbuf_add_cstr(&text, "]}");
		assert_int_equal(parse(f, strbuf_cstr(&text), OCI_IMAGE), extra ? -E2BIG : 0);
	}
}

static void bytes_have_a_limit(void **state)
{
	struct fixture *f = *state;
	AUTO_STRBUF struct strbuf text = STRBUF(2 * LIMIT_MANIFEST_BYTES);
	strbuf_add_cstr(&text, V2 "\"manifests\":[]}");
	while (text.n <= LIMIT_MANIFEST_BYTES)
		strbuf_add_char(&text, ' ');
	assert_int_equal(oci_manifest_parse(f->arena, strbuf_view(&text), STR(OCI_INDEX),
				 &f->manifest, &f->err),
		-E2BIG);
	assert_int_equal(
		oci_manifest_parse(f->arena, str_sub(strbuf_view(&text), 0, LIMIT_MANIFEST_BYTES),
			STR(OCI_INDEX), &f->manifest, &f->err),
		0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_oci_image_is_read),
		TEST(a_docker_image_is_read),
		TEST(indexes_carry_platforms),
		TEST(artifacts_are_told_from_images),
		TEST(attestations_are_recognised),
		TEST(urls_make_a_layer_foreign),
		TEST(types_are_inferred_when_nobody_says),
		TEST(refusals_name_the_member),
		TEST(counts_have_limits),
		TEST(values_have_a_limit),
		TEST(bytes_have_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
