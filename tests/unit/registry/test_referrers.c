/* SPDX-License-Identifier: Apache-2.0 */
/* What refers to a manifest, listed by descriptor. */
#include "fixture.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define SUBJECT "sha256:00000000000000000000000000000000000000000000000000000000000000aa"
#define EMPTY	"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static struct str_list list;
static struct str last_digest;

static int ask(
	struct fixture *f, const char *repository, struct str type, struct str last, size_t limit)
{
	return registry_referrers(f->registry, f->arena, str_from(repository), STR(SUBJECT), type,
		last, limit, &list, &last_digest, &f->err);
}

/* A manifest about SUBJECT; more are members, each followed by a comma. Its digest. */
static struct str refer(
	struct fixture *f, const char *repository, const char *config_type, const char *more)
{
	pushed(f, repository, STR("{}"));
	struct str bytes = arena_printf(f->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_IMAGE
		"\",%s\"config\":{\"mediaType\":\"%s\",\"digest\":\"" EMPTY
		"\",\"size\":2},\"layers\":[],\"subject\":{\"mediaType\":\"" OCI_IMAGE
		"\",\"digest\":\"" SUBJECT "\",\"size\":7}}",
		more, config_type);
	struct str digest = digest_of(f, DIGEST_SHA256, bytes);
	assert_int_equal(put_manifest(f, repository, digest, bytes), 0);
	return digest;
}

static void assert_descriptor(size_t i, struct str digest, const char *rest)
{
	assert_true(i < list.items.n);
	assert_true(str_contains(list.items.items[i], digest));
	if (!str_contains(list.items.items[i], str_from(rest)))
		fail_msg(STR_FMT, STR_ARG(list.items.items[i]));
}

static void nobody_knows_and_nobody_refers(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "none", STR_NULL, STR(""), 10), 0);
	assert_true(list.items.n == 0 && !list.more);
	pushed(f, "app", STR("{}"));
	assert_int_equal(ask(f, "app", STR_NULL, STR(""), 10), 0);
	assert_int_equal(list.items.n, 0);
	assert_int_equal(ask(f, "App", STR_NULL, STR(""), 10), REGISTRY_NAME_INVALID);
	assert_int_equal(registry_referrers(f->registry, f->arena, STR("app"), STR("sha256:1"),
				 STR_NULL, STR(""), 10, &list, &last_digest, &f->err),
		REGISTRY_DIGEST_INVALID);
}

static void the_type_falls_back_to_the_configuration(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *config_type, *more, *rest;
	} rows[] = {
		{ "application/vnd.oci.empty.v1+json", "\"artifactType\":\"a/b\",",
			"\"artifactType\":\"a/b\"}" },
		{ "c/d", "", "\"artifactType\":\"c/d\"}" },
		{ "c/d", "\"artifactType\":\"\",\"annotations\":{\"k\":\"v\"},",
			"\"artifactType\":\"c/d\",\"annotations\":{\"k\":\"v\"}}" },
		{ "application/vnd.oci.image.config.v1+json", "",
			"\"artifactType\":\"application/vnd.oci.image.config.v1+json\"}" },
		{ "c/d", "\"annotations\":{},", "\"artifactType\":\"c/d\"}" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char repository[8];
		snprintf(repository, sizeof(repository), "r%zu", i);
		struct str digest = refer(f, repository, rows[i].config_type, rows[i].more);
		assert_int_equal(ask(f, repository, STR_NULL, STR(""), 10), 0);
		assert_int_equal(list.items.n, 1);
		assert_descriptor(0, digest, rows[i].rest);
		assert_descriptor(0, digest, "{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"");
	}
	struct str index = STR("{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX
			       "\",\"manifests\":[],\"subject\":{\"mediaType\":\"" OCI_IMAGE
			       "\",\"digest\":\"" SUBJECT "\",\"size\":7}}");
	assert_int_equal(put_manifest(f, "index", STR("1"), index), 0);
	assert_int_equal(ask(f, "index", STR_NULL, STR(""), 10), 0);
	char size[32];
	snprintf(size, sizeof(size), "\"size\":%zu}", index.n);
	assert_descriptor(0, digest_of(f, DIGEST_SHA256, index), size);
}

static void pages_and_filters_agree(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 7 };
	for (int i = 0; i < COUNT; i++) {
		char more[64];
		snprintf(more, sizeof(more),
			"\"artifactType\":\"a/%s\",\"annotations\":{\"n\":\"%d\"},",
			i % 2 ? "odd" : "even", i);
		refer(f, "app", "c/d", more);
	}
	static const struct {
		const char *type;
		size_t count;
	} rows[] = { { NULL, 7 }, { "a/even", 4 }, { "a/odd", 3 }, { "a/none", 0 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str type = rows[i].type ? str_from(rows[i].type) : STR_NULL;
		for (size_t limit = 1; limit <= COUNT + 1; limit++) {
			struct str last = STR("");
			size_t seen = 0;
			do {
				assert_int_equal(ask(f, "app", type, last, limit), 0);
				assert_true(list.items.n <= limit);
				seen += list.items.n;
				assert_true(list.more == (seen < rows[i].count));
				assert_true(!list.items.n || str_cmp(last, last_digest) < 0);
				last = last_digest;
			} while (list.more);
			assert_int_equal(seen, rows[i].count);
		}
	}
}

static void large_annotations_end_a_page(void **state)
{
	struct fixture *f = *state;
	enum { COUNT = 3, LARGE = 3 << 20 };
	char *more = malloc(LARGE + 100);
	assert_non_null(more);
	for (int i = 0; i < COUNT; i++) {
		int n = snprintf(more, 100, "\"annotations\":{\"%d\":\"", i);
		memset(more + n, 'x', LARGE);
		snprintf(more + n + LARGE, 10, "\"},");
		refer(f, "app", "c/d", more);
	}
	free(more);
	assert_int_equal(ask(f, "app", STR_NULL, STR(""), 10), 0);
	assert_true(list.items.n == 2 && list.more);
	assert_true(list.items.items[0].n > LARGE);
	assert_int_equal(ask(f, "app", STR_NULL, last_digest, 10), 0);
	assert_true(list.items.n == 1 && !list.more);
}

static void a_deleted_manifest_refers_no_more(void **state)
{
	struct fixture *f = *state;
	struct str digest = refer(f, "app", "c/d", "");
	refer(f, "other", "c/d", "");
	assert_int_equal(registry_manifest_delete(f->registry, STR("app"), digest, &f->err), 0);
	assert_int_equal(ask(f, "app", STR_NULL, STR(""), 10), 0);
	assert_int_equal(list.items.n, 0);
	assert_int_equal(ask(f, "other", STR_NULL, STR(""), 10), 0);
	assert_int_equal(list.items.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_knows_and_nobody_refers),
		TEST(the_type_falls_back_to_the_configuration),
		TEST(pages_and_filters_agree),
		TEST(large_annotations_end_a_page),
		TEST(a_deleted_manifest_refers_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
