/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, packages, platforms, images and judgements come back as they were put. */
#include "fixture.h"

#include "base/strbuf.h"

static int layers(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	AUTO_STRBUF struct strbuf big = STRBUF(1 << 20);
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&big, "{\"name\":\"package-%d\"},", i);
	struct str wire;
	assert_int_equal(store_layer_find(c, f->arena, STR("d"), &wire, err), STORE_ABSENT);
	assert_int_equal(store_layer_put(c, STR("d"), STR("old"), 1, err), 0);
	assert_int_equal(store_layer_put(c, STR("d"), strbuf_view(&big), 2, err), 0);
	assert_int_equal(store_layer_find(c, f->arena, STR("d"), &wire, err), 0);
	assert_str(wire, strbuf_view(&big));
	assert_int_equal(store_layer_put(c, STR("e"), STR(""), 1, err), 0);
	assert_int_equal(store_layer_find(c, f->arena, STR("e"), &wire, err), 0);
	assert_int_equal(wire.n, 0);
	assert_int_equal(store_layer_delete(c, STR("d"), err), 0);
	assert_int_equal(store_layer_find(c, f->arena, STR("d"), &wire, err), STORE_ABSENT);
	return 0;
}

static void layer_inventories_are_kept(void **state)
{
	in_write(*state, layers);
}

static const struct package bash = {
	.type = PACKAGE_DEB,
	.name = STR_INIT("bash"),
	.version = STR_INIT("5.1"),
	.source_name = STR_INIT("bash"),
	.source_version = STR_INIT("5.1"),
	.arch = STR_INIT("amd64"),
	.licence = STR_INIT("GPL"),
};
static const struct platform debian = { .release_key = STR_INIT("Debian:12"),
	.os_id = STR_INIT("debian"),
	.os_version = STR_INIT("12") };

static int packages(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t id, again, other;
	assert_int_equal(store_package_ensure(c, &bash, &id, err), 0);
	struct package same = bash;
	same.licence = STR("another licence is not another package");
	assert_int_equal(store_package_ensure(c, &same, &again, err), 0);
	assert_int_equal(id, again);
	const struct package differ[] = {
		{ PACKAGE_APK, bash.name, bash.version, bash.source_name, bash.source_version,
			bash.arch, bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, STR("bash2"), bash.version, bash.source_name, bash.source_version,
			bash.arch, bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, bash.name, STR("5.2"), bash.source_name, bash.source_version,
			bash.arch, bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, bash.name, bash.version, STR("x"), bash.source_version, bash.arch,
			bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, bash.name, bash.version, bash.source_name, STR("5.2"), bash.arch,
			bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, bash.name, bash.version, bash.source_name, bash.source_version,
			STR(""), bash.licence, bash.supplier, STR(""), STR("") },
		{ PACKAGE_DEB, bash.name, bash.version, bash.source_name, bash.source_version,
			bash.arch, bash.licence, bash.supplier, STR("m:1"), STR("") },
	};
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++) {
		struct package found;
		assert_int_equal(store_package_ensure(c, &differ[i], &other, err), 0);
		assert_int_not_equal(other, id);
		assert_int_equal(store_package_find(c, f->arena, other, &found, err), 0);
		assert_true(package_same(&found, &differ[i]));
	}
	struct package found;
	assert_int_equal(store_package_find(c, f->arena, id, &found, err), 0);
	assert_str(found.licence, STR("GPL"));
	assert_int_equal(store_package_find(c, f->arena, 999, &found, err), STORE_ABSENT);
	struct platform platform;
	assert_int_equal(store_platform_ensure(c, &debian, &id, err), 0);
	assert_int_equal(store_platform_ensure(c, &debian, &again, err), 0);
	assert_int_equal(id, again);
	assert_int_equal(store_platform_find(c, f->arena, id, &platform, err), 0);
	assert_str(platform.release_key, debian.release_key);
	return 0;
}

static void packages_and_platforms_are_distinct_values(void **state)
{
	in_write(*state, packages);
}

static int images(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	struct store_image image;
	assert_int_equal(store_image_insert_pending(c, STR("i1"), 1, err), 0);
	assert_int_equal(store_image_find(c, f->arena, STR("i1"), &image, err), 0);
	assert_int_equal(image.state, IMAGE_PENDING);
	assert_true(image.scanned_us == TIME_NONE && image.judged_us == TIME_NONE);
	assert_int_equal(image.platform, 0);
	assert_int_equal(store_platform_ensure(c, &debian, &image.platform, err), 0);
	image.state = IMAGE_UNHEALTHY;
	image.reason = STR("why");
	image.os = STR("linux");
	image.package_count = 12;
	image.not_evaluated = 1;
	for (unsigned i = 0; i <= SEVERITY_CRITICAL; i++)
		image.counts.by_severity[i] = i + 1;
	image.counts.total = 15;
	image.counts.fixable = 4;
	image.snapshot = STR("s1");
	image.scanned_us = 5;
	image.judged_us = 6;
	image.attempts = 2;
	image.layer_digests = STR("l1,l2");
	assert_int_equal(store_image_update(c, &image, err), 0);
	struct store_image found;
	assert_int_equal(store_image_find(c, f->arena, STR("i1"), &found, err), 0);
	assert_int_equal(found.state, IMAGE_UNHEALTHY);
	assert_str(found.reason, STR("why"));
	assert_str(found.snapshot, STR("s1"));
	assert_str(found.layer_digests, STR("l1,l2"));
	assert_memory_equal(&found.counts, &image.counts, sizeof(image.counts));
	assert_true(found.scanned_us == 5 && found.judged_us == 6 && found.attempts == 2);
	assert_true(found.platform == image.platform && found.not_evaluated == 1);
	/* Pushed again in another repository: what is known stays. */
	assert_int_equal(store_image_insert_pending(c, STR("i1"), 9, err), 0);
	assert_int_equal(store_image_find(c, f->arena, STR("i1"), &found, err), 0);
	assert_int_equal(found.state, IMAGE_UNHEALTHY);
	image.digest = STR("absent");
	assert_int_equal(store_image_update(c, &image, err), STORE_ABSENT);
	return 0;
}

static void images_come_back_as_they_were(void **state)
{
	in_write(*state, images);
}

static void add_image(struct db_conn *c, struct fixture *f, const char *digest,
	enum image_state state, const char *snapshot, bool with_set)
{
	struct store_set_entry entry = { .package = 3, .first_layer = 1, .evidence = STR("p") };
	struct store_image image;
	struct str name = str_from(digest);
	assert_int_equal(store_image_insert_pending(c, name, 1, &f->err), 0);
	assert_int_equal(store_image_find(c, f->arena, name, &image, &f->err), 0);
	image.state = state;
	image.snapshot = str_from(snapshot);
	assert_int_equal(store_image_update(c, &image, &f->err), 0);
	if (with_set)
		assert_int_equal(store_image_set_put(c, name, &entry, 1, &f->err), 0);
}

static int queues(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	add_image(c, f, "z", IMAGE_PENDING, "", false);
	add_image(c, f, "y", IMAGE_PENDING, "", true);
	add_image(c, f, "x", IMAGE_HEALTHY, "s1", true);
	add_image(c, f, "w", IMAGE_HEALTHY, "s2", true);
	add_image(c, f, "v", IMAGE_HEALTHY, "s3", true);
	add_image(c, f, "u", IMAGE_PENDING, "", false);
	struct str digests[9];
	size_t n;
	assert_int_equal(
		store_image_by_state(c, f->arena, IMAGE_PENDING, STR(""), 2, digests, &n, err), 0);
	assert_int_equal(n, 2);
	assert_str(digests[0], STR("z"));
	assert_str(digests[1], STR("y"));
	assert_int_equal(
		store_image_by_state(c, f->arena, IMAGE_PENDING, STR("y"), 2, digests, &n, err), 0);
	assert_int_equal(n, 1);
	assert_str(digests[0], STR("u"));
	assert_int_equal(store_image_stale(c, f->arena, STR("s2"), 9, digests, &n, err), 0);
	assert_int_equal(n, 3); /* y, x, v */
	for (size_t i = 0; i < n; i++)
		assert_false(str_eq(digests[i], STR("w")));
	assert_int_equal(store_image_stale(c, f->arena, STR("s2"), 2, digests, &n, err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_image_stale(c, f->arena, STR("new"), 9, digests, &n, err), 0);
	assert_int_equal(n, 4);
	assert_int_equal(store_image_stale(c, f->arena, STR(""), 9, digests, &n, err), 0);
	assert_int_equal(n, 3);
	struct store_set_entry *entries;
	assert_int_equal(store_image_set_find(c, f->arena, STR("y"), &entries, &n, err), 0);
	assert_int_equal(n, 1);
	assert_str(entries[0].evidence, STR("p"));
	assert_int_equal(
		store_image_set_find(c, f->arena, STR("z"), &entries, &n, err), STORE_ABSENT);
	assert_int_equal(store_image_set_put(c, STR("none"), NULL, 0, err), STORE_ABSENT);
	return 0;
}

static void images_are_found_by_state_and_by_snapshot(void **state)
{
	in_write(*state, queues);
}

static const struct match first_match = {
	.vulnerability = STR_INIT("CVE-2020-1"),
	.advisories = STR_INIT("DSA-1"),
	.title = STR_INIT("first"),
	.severity = SEVERITY_HIGH,
	.severity_source = STR_INIT("Debian"),
	.cvss_vector = STR_INIT("CVSS:3.1/AV:N"),
	.cvss_score_tenths = 98,
	.cvss_version = STR_INIT("3.1"),
	.fix_state = FIX_AVAILABLE,
	.fixed_version = STR_INIT("5.2"),
	.explanation = STR_INIT("5.1 < 5.2"),
	.published_us = 10,
	.modified_us = 20,
};

static int judgements(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t package, platform;
	struct str snapshot;
	struct store_pair pair;
	struct match *found;
	size_t n;
	bool not_evaluated;
	assert_int_equal(store_package_ensure(c, &bash, &package, err), 0);
	assert_int_equal(store_platform_ensure(c, &debian, &platform, err), 0);
	assert_int_equal(store_pair_find(c, package, platform, &pair, err), STORE_ABSENT);
	struct match second = first_match;
	second.vulnerability = STR("CVE-2019-9");
	second.cvss_score_tenths = -1;
	second.published_us = second.modified_us = TIME_NONE;
	struct match both[] = { first_match, second };
	assert_int_equal(
		store_judgement_put(c, package, platform, STR("s1"), true, both, 2, err), 0);
	assert_int_equal(store_pair_find(c, package, platform, &pair, err), 0);
	assert_int_equal(store_snapshot_name(c, f->arena, pair.snapshot, &snapshot, err), 0);
	assert_str(snapshot, STR("s1"));
	assert_true(pair.not_evaluated && pair.counts.total == 2 && pair.counts.fixable == 2);
	assert_int_equal(pair.counts.by_severity[SEVERITY_HIGH], 2);
	assert_int_equal(
		store_matches(c, f->arena, package, platform, &found, &n, &not_evaluated, err), 0);
	assert_true(n == 2 && not_evaluated);
	assert_str(found[1].vulnerability, STR("CVE-2019-9"));
	assert_true(found[1].cvss_score_tenths == -1 && found[1].published_us == TIME_NONE);
	assert_str(found[0].title, STR("first"));
	assert_str(found[0].explanation, first_match.explanation);
	assert_str(found[0].cvss_vector, first_match.cvss_vector);
	assert_true(found[0].severity == SEVERITY_HIGH && found[0].fix_state == FIX_AVAILABLE);
	assert_true(found[0].published_us == 10 && found[0].modified_us == 20);
	/* Judged again: the old matches are gone. */
	assert_int_equal(
		store_judgement_put(c, package, platform, STR("s2"), false, both, 1, err), 0);
	assert_int_equal(
		store_matches(c, f->arena, package, platform, &found, &n, &not_evaluated, err), 0);
	assert_true(n == 1 && !not_evaluated);
	assert_int_equal(
		store_judgement_put(c, package, platform, STR("s2"), true, NULL, 0, err), 0);
	assert_int_equal(
		store_matches(c, f->arena, package, platform, &found, &n, &not_evaluated, err), 0);
	assert_true(n == 0 && not_evaluated);
	assert_int_equal(
		store_matches(c, f->arena, package + 1, platform, &found, &n, &not_evaluated, err),
		0);
	assert_true(n == 0 && !not_evaluated);
	return 0;
}

static void judgements_replace_their_matches(void **state)
{
	in_write(*state, judgements);
}

/* Two packages, one vulnerability: each keeps its severity; title and dates follow the newer
 * record in whichever order they come. */
static int shared(struct db_conn *c, void *argument, struct err *err)
{
	struct fixture *f = argument;
	int64_t package, other, platform;
	struct package apk = bash;
	apk.type = PACKAGE_APK;
	assert_int_equal(store_package_ensure(c, &bash, &package, err), 0);
	assert_int_equal(store_package_ensure(c, &apk, &other, err), 0);
	assert_int_equal(store_platform_ensure(c, &debian, &platform, err), 0);
	struct match newer = first_match;
	newer.title = STR("newer");
	newer.modified_us = 30;
	newer.severity = SEVERITY_LOW;
	assert_int_equal(
		store_judgement_put(c, package, platform, STR("s"), false, &newer, 1, err), 0);
	assert_int_equal(
		store_judgement_put(c, other, platform, STR("s"), false, &first_match, 1, err), 0);
	const int64_t ids[] = { package, other };
	const enum severity severities[] = { SEVERITY_LOW, SEVERITY_HIGH };
	for (size_t i = 0; i < 2; i++) {
		struct match *found;
		size_t n;
		bool not_evaluated;
		assert_int_equal(store_matches(c, f->arena, ids[i], platform, &found, &n,
					 &not_evaluated, err),
			0);
		assert_int_equal(n, 1);
		assert_int_equal(found[0].severity, severities[i]);
		assert_str(found[0].title, STR("newer"));
	}
	return 0;
}

static void a_shared_vulnerability_keeps_each_verdict(void **state)
{
	in_write(*state, shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(layer_inventories_are_kept),
		TEST(packages_and_platforms_are_distinct_values),
		TEST(images_come_back_as_they_were),
		TEST(images_are_found_by_state_and_by_snapshot),
		TEST(judgements_replace_their_matches),
		TEST(a_shared_vulnerability_keeps_each_verdict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
