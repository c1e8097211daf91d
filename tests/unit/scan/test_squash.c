/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The squash, rule by rule. Layers are written in a small notation, one line per entry, so that a
 * test shows the image it means:
 *
 *   db PATH NAME=VERSION ...   a dpkg or apk database with these packages
 *   os PATH ID VERSION         an os-release file
 *   py PATH OWNER NAME=VERSION   a Python package whose file OWNER owns (- nobody)
 *   ln PATH TARGET             a symbolic link
 *   wh PATH | op PATH | re PATH   whiteout, opaque directory, replaced directory
 */
#include "scan/squash.h"

#include "base/limits.h"
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

enum { LAYERS_MAX = 6 };

struct fixture {
	struct arena *arena;
	struct layer_inventory layers[LAYERS_MAX];
	const struct layer_inventory *order[LAYERS_MAX];
	struct image_inventory image;
};

static enum layer_file_kind kind_of(struct str path)
{
	if (str_contains(path, STR("status.d/")))
		return LAYER_FILE_DPKG_STATUS_D;
	return str_contains(path, STR("dpkg")) ? LAYER_FILE_DPKG_STATUS : LAYER_FILE_APK_INSTALLED;
}

static void add_package(
	struct arena *arena, struct layer_inventory *layer, struct str text, enum package_type type)
{
	struct str name;
	assert_true(str_cut(&text, '=', &name));
	struct package package = {
		.type = type,
		.name = name,
		.version = text,
		.source_name = name,
		.source_version = text,
		.arch = STR("amd64"),
		.licence = STR(""),
		.supplier = STR(""),
	};
	AVEC_PUSH(arena, &layer->packages, package);
}

static void add_fact(
	struct arena *arena, struct layer_inventory *layer, struct str key, struct str value)
{
	AVEC_PUSH(arena, &layer->facts, (struct layer_fact){ key, value });
}

static void add_line(struct arena *arena, struct layer_inventory *layer, struct str line)
{
	struct str word;
	struct str path;
	struct str part;
	assert_true(str_cut(&line, ' ', &word));
	assert_true(str_cut(&line, ' ', &path));
	if (str_eq(word, STR("ln"))) {
		AVEC_PUSH(arena, &layer->links, (struct layer_link){ path, line });
	} else if (str_eq(word, STR("wh"))) {
		AVEC_PUSH(arena, &layer->hides, (struct layer_hide){ LAYER_HIDE_WHITEOUT, path });
	} else if (str_eq(word, STR("op"))) {
		AVEC_PUSH(arena, &layer->hides, (struct layer_hide){ LAYER_HIDE_OPAQUE, path });
	} else if (str_eq(word, STR("re"))) {
		AVEC_PUSH(arena, &layer->hides, (struct layer_hide){ LAYER_HIDE_REPLACED, path });
	} else if (str_eq(word, STR("py"))) {
		struct layer_file file = { .kind = LAYER_FILE_PYTHON,
			.path = path,
			.first_package = layer->packages.n,
			.package_count = 1 };
		assert_true(str_cut(&line, ' ', &part));
		file.owner = str_eq(part, STR("-")) ? STR("") : part;
		add_package(arena, layer, line, PACKAGE_PYPI);
		AVEC_PUSH(arena, &layer->files, file);
	} else if (str_eq(word, STR("os"))) {
		struct layer_file file = { .kind = LAYER_FILE_OS_RELEASE,
			.path = path,
			.first_fact = layer->facts.n,
			.fact_count = 2 };
		assert_true(str_cut(&line, ' ', &part));
		add_fact(arena, layer, STR("ID"), part);
		add_fact(arena, layer, STR("VERSION_ID"), line);
		AVEC_PUSH(arena, &layer->files, file);
	} else {
		assert_true(str_eq(word, STR("db")));
		enum layer_file_kind kind = kind_of(path);
		struct layer_file file = {
			.kind = kind, .path = path, .first_package = layer->packages.n
		};
		while (line.n && str_cut(&line, ' ', &part))
			add_package(arena, layer, part,
				kind == LAYER_FILE_APK_INSTALLED ? PACKAGE_APK : PACKAGE_DEB);
		file.package_count = layer->packages.n - file.first_package;
		AVEC_PUSH(arena, &layer->files, file);
	}
}

static void squash(struct fixture *f, const char *const *layers, size_t count)
{
	f->arena = arena_new(0);
	for (size_t i = 0; i < count; i++) {
		struct str rest = str_from(layers[i]);
		struct str line;
		f->layers[i] = (struct layer_inventory){ .state = LAYER_OK };
		while (rest.n && str_cut(&rest, '\n', &line))
			add_line(f->arena, &f->layers[i], line);
		f->order[i] = &f->layers[i];
	}
	squash_layers(f->arena, f->order, count, &f->image);
}

/* "name=version@first/evidence" of every package, sorted as the squash sorts. */
static void expect(const char *const *layers, size_t count, const char *wanted)
{
	struct fixture f = { 0 };
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)65536);
	squash(&f, layers, count);
	for (size_t i = 0; i < f.image.packages.n; i++) {
		const struct image_package *p = &f.image.packages.items[i];
		strbuf_addf(&text, "%s" STR_FMT "=" STR_FMT "@%u/%u", i ? " " : "",
			STR_ARG(p->package.name), STR_ARG(p->package.version), p->first_layer,
			p->evidence_layer);
	}
	assert_string_equal(strbuf_cstr(&text), wanted);
	arena_free(&f.arena);
}

#define EXPECT(wanted, ...)                                                                        \
	do {                                                                                       \
		const char *const layers_[] = { __VA_ARGS__ };                                     \
		expect(layers_, sizeof(layers_) / sizeof(layers_[0]), wanted);                     \
	} while (0)

#define DPKG "db var/lib/dpkg/status "

static void the_last_database_counts(void **state)
{
	(void)state;
	EXPECT("a=1@0/1 b=2@1/1", DPKG "a=1 c=1", DPKG "b=2 a=1");
}

static void attribution_follows_the_unbroken_run(void **state)
{
	(void)state;
	/* Rewritten by every layer, with one in between that does not touch it. */
	EXPECT("a=1@0/3 b=1@1/3 c=1@3/3", DPKG "a=1", DPKG "a=1 b=1", "os etc/os-release debian 12",
		DPKG "a=1 b=1 c=1");
	/* Removed and installed again: the later layer brought it. */
	EXPECT("a=1@2/2", DPKG "a=1", DPKG "b=1", DPKG "a=1");
	/* Upgraded: the new version belongs to the layer of the upgrade. */
	EXPECT("a=2@1/2", DPKG "a=1", DPKG "a=2", DPKG "a=2");
	/* The database was deleted in between. */
	EXPECT("a=1@2/2", DPKG "a=1", "wh var/lib/dpkg/status", DPKG "a=1");
}

static void whiteouts_act_on_lower_layers_only(void **state)
{
	(void)state;
	EXPECT("", DPKG "a=1", "wh var/lib/dpkg/status");
	EXPECT("", DPKG "a=1", "wh var/lib");
	EXPECT("a=1@0/0", DPKG "a=1", "wh var/lib/dp");
	EXPECT("b=1@1/1", DPKG "a=1", "wh var/lib/dpkg\n" DPKG "b=1");
	EXPECT("a=1@1/1", "wh var/lib/dpkg", DPKG "a=1");
}

static void opaque_directories_hide_what_lies_below(void **state)
{
	(void)state;
	EXPECT("", DPKG "a=1", "op var/lib/dpkg");
	EXPECT("", DPKG "a=1", "op var");
	EXPECT("b=1@1/1", DPKG "a=1", "op var/lib/dpkg\ndb var/lib/dpkg/status.d/b b=1");
	EXPECT("a=1@0/0", DPKG "a=1", "op var/lib/dpkg/info");
	EXPECT("", DPKG "a=1", "op ");
}

static void a_file_in_place_of_a_directory_hides_the_tree(void **state)
{
	(void)state;
	EXPECT("", DPKG "a=1", "re var/lib/dpkg");
	EXPECT("", "db var/lib/dpkg/status.d/a a=1", "ln var/lib/dpkg /nowhere");
	/* A directory, a pipe or a device in place of the database itself. */
	EXPECT("", DPKG "a=1", "re var/lib/dpkg/status");
}

static void status_d_counts_file_by_file(void **state)
{
	(void)state;
	EXPECT("a=1@0/0 b=2@1/1 c=1@1/1",
		"db var/lib/dpkg/status.d/a a=1\ndb var/lib/dpkg/status.d/b b=1",
		"db var/lib/dpkg/status.d/b b=2\ndb var/lib/dpkg/status.d/c c=1");
	EXPECT("a=1@0/0 s=1@0/0", DPKG "s=1\ndb var/lib/dpkg/status.d/a a=1");
	EXPECT("b=1@0/0", "db var/lib/dpkg/status.d/a a=1\ndb var/lib/dpkg/status.d/b b=1",
		"wh var/lib/dpkg/status.d/a");
}

static void the_same_package_in_two_databases_is_one(void **state)
{
	(void)state;
	EXPECT("a=1@0/0", DPKG "a=1", "db var/lib/dpkg/status.d/a a=1");
	EXPECT("m=1@0/0", "db lib/apk/db/installed m=1", "db usr/lib/apk/db/installed m=1");
}

static void links_give_a_database_one_name(void **state)
{
	(void)state;
	/* Merged /usr: written through the link by a later layer. */
	EXPECT("m=2@1/1", "ln lib usr/lib\ndb usr/lib/apk/db/installed m=1",
		"db lib/apk/db/installed m=2");
	EXPECT("m=1@0/1 n=1@1/1", "ln lib /usr/lib\ndb usr/lib/apk/db/installed m=1",
		"db lib/apk/db/installed m=1 n=1");
	/* Hidden through the link. */
	EXPECT("", "ln lib usr/lib\ndb usr/lib/apk/db/installed m=1", "wh lib/apk");
	/* The directory became a link: what was in the directory is gone. */
	EXPECT("n=1@1/1", "db lib/apk/db/installed m=1",
		"ln lib usr/lib\ndb usr/lib/apk/db/installed n=1");
	/* A chain of links, upwards and out of the root. */
	EXPECT("a=2@1/1", "ln var/lib ../../../srv/x\nln srv/x y/../z\ndb srv/z/dpkg/status a=1",
		"db var/lib/dpkg/status a=2");
}

static void link_loops_end(void **state)
{
	(void)state;
	EXPECT("a=1@1/1", "ln var/lib /var/lib", "db var/lib/dpkg/status a=1");
	EXPECT("a=1@1/1", "ln var a\nln a b/c\nln b/c ../var", "db var/lib/dpkg/status a=1");
}

/* Files that lie behind a link through thousands of directories: bounded work, and no verdict. */
static void work_is_bounded(void **state)
{
	(void)state;
	enum { FILES = 200000, DEPTH = 2000 };
	struct arena *arena = arena_new(0);
	AUTO_STRBUF struct strbuf target = STRBUF(LIMIT_ENTRY_PATH);
	for (int i = 0; i < DEPTH; i++)
		strbuf_add_cstr(&target, "a/");
	struct layer_inventory link = { .state = LAYER_OK };
	struct layer_inventory files = { .state = LAYER_OK };
	add_line(arena, &files, STR("db var/lib/dpkg/status x=1"));
	AVEC_PUSH(arena, &link.links,
		(struct layer_link){ STR("var/lib/dpkg/status.d"), strbuf_view(&target) });
	for (int i = 0; i < FILES; i++) {
		struct layer_file file = { .kind = LAYER_FILE_DPKG_STATUS_D,
			.path = arena_printf(arena, "var/lib/dpkg/status.d/%d", i) };
		AVEC_PUSH(arena, &files.files, file);
	}
	const struct layer_inventory *const order[] = { &link, &files };
	struct image_inventory image;
	clock_t start = clock();
	squash_layers(arena, order, 2, &image);
	assert_true(image.exceeded);
	assert_int_equal(image.packages.n, 0);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 30);

	/* One large layer that is named a thousand times. */
	enum { PACKAGES = 100000, TIMES = 1000 };
	struct layer_inventory large = { .state = LAYER_OK };
	struct layer_file database = { .kind = LAYER_FILE_DPKG_STATUS,
		.path = STR("var/lib/dpkg/status"),
		.package_count = PACKAGES };
	for (int i = 0; i < PACKAGES; i++)
		add_package(arena, &large, arena_printf(arena, "p%d=1", i), PACKAGE_DEB);
	AVEC_PUSH(arena, &large.files, database);
	const struct layer_inventory *many[TIMES];
	for (int i = 0; i < TIMES; i++)
		many[i] = &large;
	squash_layers(arena, many, TIMES, &image);
	assert_true(image.exceeded && !image.packages.n);
	squash_layers(arena, many, 10, &image);
	assert_true(!image.exceeded && image.packages.n == PACKAGES);
	arena_free(&arena);
}

static void expect_os(const char *wanted, const char *const *layers, size_t count)
{
	struct fixture f = { 0 };
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)4096);
	squash(&f, layers, count);
	if (f.image.has_os)
		strbuf_addf(&text, STR_FMT "-" STR_FMT, STR_ARG(f.image.platform.os_id),
			STR_ARG(f.image.platform.os_version));
	assert_string_equal(strbuf_cstr(&text), wanted);
	arena_free(&f.arena);
}

#define EXPECT_OS(wanted, ...)                                                                     \
	do {                                                                                       \
		const char *const layers_[] = { __VA_ARGS__ };                                     \
		expect_os(wanted, layers_, sizeof(layers_) / sizeof(layers_[0]));                  \
	} while (0)

static void the_platform_is_what_etc_says(void **state)
{
	(void)state;
	EXPECT_OS("", DPKG "a=1");
	EXPECT_OS("debian-12", "os usr/lib/os-release debian 12");
	EXPECT_OS(
		"alpine-3.18", "os usr/lib/os-release debian 12", "os etc/os-release alpine 3.18");
	EXPECT_OS("debian-12", "os usr/lib/os-release debian 12\nln etc/os-release "
			       "../usr/lib/os-release");
	/* The link stays although the vendor's file is replaced. */
	EXPECT_OS("debian-13",
		"os usr/lib/os-release debian 12\nln etc/os-release ../usr/lib/os-release",
		"os usr/lib/os-release debian 13");
	/* A link that leads nowhere known. */
	EXPECT_OS("debian-12", "os usr/lib/os-release debian 12\nln etc/os-release /opt/x");
	EXPECT_OS("debian-12", "os usr/lib/os-release debian 12\nos etc/os-release x 1",
		"wh etc/os-release");
}

static void results_do_not_lean_on_the_layers(void **state)
{
	(void)state;
	struct arena *layer_arena = arena_new(0);
	struct arena *arena = arena_new(0);
	struct layer_inventory layer = { .state = LAYER_OK };
	struct image_inventory image;
	const struct layer_inventory *order[] = { &layer };
	char line[] = DPKG "a=1";
	add_line(layer_arena, &layer, str_from(line));
	squash_layers(arena, order, 1, &image);
	memset(line, 'x', sizeof(line) - 1);
	arena_free(&layer_arena);
	assert_true(str_eq(image.packages.items[0].package.name, STR("a")));
	assert_true(str_eq(image.packages.items[0].evidence, STR("var/lib/dpkg/status")));
	assert_true(image.has_database);
	arena_free(&arena);
}

/* Files that were not read whole are told as long as no later layer takes them away. */
static void unread_files_are_told(void **state)
{
	(void)state;
	struct arena *arena = arena_new(0);
	struct layer_inventory layers[3] = { { .state = LAYER_OK }, { .state = LAYER_OK },
		{ .state = LAYER_OK } };
	const struct layer_inventory *pointers[] = { &layers[0], &layers[1], &layers[2] };
	struct image_inventory image;
	for (size_t i = 0; i < 2; i++) {
		struct layer_file file = { .kind = LAYER_FILE_JAVA,
			.path = i ? STR("app/b.jar") : STR("app/c.jar"),
			.fact_count = 1 };
		add_fact(arena, &layers[i], LAYER_FACT_PARTIAL, STR("it is\ndamaged"));
		AVEC_PUSH(arena, &layers[i].files, file);
	}
	squash_layers(arena, pointers, 2, &image);
	assert_true(str_eq(image.partial,
		STR("Not everything was read: 2 files, the first app/b.jar: it is?damaged")));
	AVEC_PUSH(arena, &layers[2].hides,
		(struct layer_hide){ LAYER_HIDE_WHITEOUT, STR("app/b.jar") });
	squash_layers(arena, pointers, 3, &image);
	assert_true(
		str_eq(image.partial, STR("Not everything was read: app/c.jar: it is?damaged")));
	AVEC_PUSH(arena, &layers[2].hides, (struct layer_hide){ LAYER_HIDE_WHITEOUT, STR("app") });
	squash_layers(arena, pointers, 3, &image);
	assert_int_equal(image.partial.n, 0);
	arena_free(&arena);
}

#define OS_DEBIAN "os etc/os-release debian 12\n"
#define YAML	  "py usr/lib/python3/dist-packages/y/METADATA deb:python3-yaml PyYAML=5.3\n"

/* Which package is suppressed, or none. */
static void what_a_package_of_the_distribution_owns_counts_once(void **state)
{
	(void)state;
	static const struct {
		const char *layers[2];
		const char *supplier;
		bool suppressed;
	} rows[] = {
		{ { OS_DEBIAN "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML, "" }, "", true },
		{ { OS_DEBIAN "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML, "" },
			"Docker <support@docker.com>", false },
		/* not installed any more, of another system, of a release that is not known */
		{ { OS_DEBIAN "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML,
			  "db var/lib/dpkg/status bash=5\n" },
			"", false },
		{ { OS_DEBIAN "db lib/apk/db/installed python3-yaml=5.3-1\n" YAML, "" }, "",
			false },
		{ { "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML, "" }, "", false },
		/* the package stays, its file was put there by somebody else */
		{ { OS_DEBIAN "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML,
			  "py usr/lib/python3/dist-packages/y/METADATA - PyYAML=6.0\n" },
			"", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f = { .arena = arena_new(0) };
		for (size_t k = 0; k < 2; k++) {
			struct str rest = str_from(rows[i].layers[k]);
			struct str line;
			while (rest.n && str_cut(&rest, '\n', &line))
				add_line(f.arena, &f.layers[k], line);
			for (size_t p = 0; p < f.layers[k].packages.n; p++)
				f.layers[k].packages.items[p].supplier = str_from(rows[i].supplier);
			f.order[k] = &f.layers[k];
		}
		squash_layers(f.arena, f.order, 2, &f.image);
		assert_int_equal(f.image.packages.n, 2);
		for (size_t p = 0; p < 2; p++) {
			const struct image_package *package = &f.image.packages.items[p];
			bool language = package->package.type == PACKAGE_PYPI;
			assert_int_equal(package->suppressed.n > 0, language && rows[i].suppressed);
			if (package->suppressed.n)
				assert_true(str_contains(
					package->suppressed, STR("python3-yaml 5.3-1")));
		}
		arena_free(&f.arena);
	}
}

/* The same version twice: once owned, once installed by hand. It counts. */
static void a_second_copy_counts(void **state)
{
	(void)state;
	struct fixture f = { 0 };
	const char *const layers[] = { OS_DEBIAN "db var/lib/dpkg/status python3-yaml=5.3-1\n" YAML
						 "py opt/y/METADATA - PyYAML=5.3\n" };
	squash(&f, layers, 1);
	assert_int_equal(f.image.packages.n, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f.image.packages.items[i].suppressed.n, 0);
	arena_free(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_database_counts),
		cmocka_unit_test(attribution_follows_the_unbroken_run),
		cmocka_unit_test(whiteouts_act_on_lower_layers_only),
		cmocka_unit_test(opaque_directories_hide_what_lies_below),
		cmocka_unit_test(a_file_in_place_of_a_directory_hides_the_tree),
		cmocka_unit_test(status_d_counts_file_by_file),
		cmocka_unit_test(the_same_package_in_two_databases_is_one),
		cmocka_unit_test(links_give_a_database_one_name),
		cmocka_unit_test(link_loops_end),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(the_platform_is_what_etc_says),
		cmocka_unit_test(results_do_not_lean_on_the_layers),
		cmocka_unit_test(unread_files_are_told),
		cmocka_unit_test(what_a_package_of_the_distribution_owns_counts_once),
		cmocka_unit_test(a_second_copy_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
