/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging over a real database against a snapshot that the test makes up: verdicts, that a package
 * is judged once per snapshot, that a switch reaches every stored image, and that a push which
 * races with a switch ends on the new snapshot.
 */
#include "assess/assess.h"

#include "advisory/diff.h"

#include "os/clock.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the snapshot of the test. Snapshot number 0: none. In snapshot n, package "a" of version v is
 * vulnerable when v <= n; only Debian:12 has advisories. */

struct snapshot {
	char id[65];
	unsigned number;
};

static atomic_uint current;
static atomic_uint judged;
static atomic_int open_snapshots;
static atomic_uint
	breaks_from; /* package "breaks" cannot be judged from this snapshot on; 0: can */
static atomic_uint switch_during_judge; /* number to switch to inside the next judgement */

static void id_of(unsigned number, char out[65])
{
	snprintf(out, 65, "%064u", number);
}

int snapshot_current_id(const char *data_dir, char out[65], struct err *err)
{
	unsigned number = atomic_load(&current);
	(void)data_dir;
	(void)err;
	if (!number)
		return SNAPSHOT_NONE;
	id_of(number, out);
	return 0;
}

int snapshot_open_current(const char *data_dir, struct snapshot **snapshot, struct err *err)
{
	unsigned number = atomic_load(&current);
	(void)data_dir;
	(void)err;
	if (!number)
		return SNAPSHOT_NONE;
	*snapshot = calloc(1, sizeof(**snapshot));
	(*snapshot)->number = number;
	id_of(number, (*snapshot)->id);
	atomic_fetch_add(&open_snapshots, 1);
	return 0;
}

static atomic_bool old_gone;   /* files of former snapshots are removed */
static atomic_bool only_words; /* the next difference is one of words and dates */

int snapshot_open(const char *data_dir, struct str id, struct snapshot **snapshot, struct err *err)
{
	uint64_t number;
	(void)data_dir;
	(void)err;
	while (id.n > 1 && id.p[0] == '0')
		id = str_skip(id, 1);
	if (atomic_load(&old_gone))
		return SNAPSHOT_NONE;
	assert_true(str_parse_u64(id, &number));
	*snapshot = calloc(1, sizeof(**snapshot));
	(*snapshot)->number = (unsigned)number;
	id_of((unsigned)number, (*snapshot)->id);
	atomic_fetch_add(&open_snapshots, 1);
	return 0;
}

/* Package "a" is what differs from snapshot to snapshot, and "damaged" with it. */
int snapshot_diff(struct snapshot *before, struct snapshot *after, struct arena *arena,
	struct snapshot_diff *diff, struct err *err)
{
	(void)err;
	assert_true(before->number != after->number);
	*diff = (struct snapshot_diff){ .names = map_new() };
	if (atomic_load(&only_words)) {
		AVEC_PUSH(arena, &diff->texts,
			((struct diff_text){ .vulnerability = STR("CVE-2026-1"),
				.title = STR("better words"),
				.published_us = TIME_NONE,
				.modified_us = 77 }));
	} else {
		map_put(diff->names, STR("a"), diff);
		map_put(diff->names, STR("damaged"), diff);
	}
	return 0;
}

void snapshot_diff_free(struct snapshot_diff *diff)
{
	map_free(&diff->names);
}

bool snapshot_diff_touches(
	const struct snapshot_diff *diff, struct arena *arena, const struct package *package)
{
	(void)arena;
	return map_get(diff->names, package->name) != NULL;
}

void snapshot_close(struct snapshot **snapshot)
{
	if (*snapshot)
		atomic_fetch_sub(&open_snapshots, 1);
	free(*snapshot);
	*snapshot = NULL;
}

struct str snapshot_id(const struct snapshot *snapshot)
{
	return str_from(snapshot->id);
}

bool snapshot_has_release(struct snapshot *snapshot, struct str release_key)
{
	(void)snapshot;
	return str_eq(release_key, STR("Debian:12"));
}

int snapshot_judge(struct snapshot *snapshot, struct arena *arena, const struct package *package,
	const struct platform *platform, struct match_list *list, struct err *err)
{
	uint64_t version;
	atomic_fetch_add(&judged, 1);
	unsigned to = atomic_exchange(&switch_during_judge, 0);
	if (to)
		atomic_store(&current, to);
	unsigned breaks = atomic_load(&breaks_from);
	if (str_eq(package->name, STR("damaged")) ||
		(str_eq(package->name, STR("breaks")) && breaks && snapshot->number >= breaks))
		return err_set(err, EPROTO, "the snapshot is damaged here");
	bool known = str_eq(platform->release_key, STR("Debian:12")) ||
		     package->type == PACKAGE_NPM; /* languages have no release */
	if (!known || !str_parse_u64(package->version, &version)) {
		list->not_evaluated = true;
		return 0;
	}
	if (!str_eq(package->name, STR("a")) || version > snapshot->number)
		return 0;
	const struct match match = {
		.vulnerability = STR("CVE-2026-1"),
		.advisories = STR("DSA-1"),
		.severity = SEVERITY_HIGH,
		.severity_source = STR("Debian"),
		.cvss_score_tenths = -1,
		.fix_state = FIX_AVAILABLE,
		.fixed_version = arena_printf(arena, "%u", snapshot->number + 1),
		.published_us = TIME_NONE,
		.modified_us = TIME_NONE,
	};
	AVEC_PUSH(arena, &list->items, match);
	return 0;
}

int snapshot_describe(struct snapshot *snapshot, struct arena *arena, struct str vulnerability,
	struct vulnerability_text *text, struct err *err)
{
	(void)snapshot;
	(void)arena;
	(void)vulnerability;
	(void)err;
	*text = (struct vulnerability_text){ .description = STR("words") };
	return 0;
}

int64_t snapshot_built_at(const struct snapshot *snapshot)
{
	(void)snapshot;
	return 1785542400000000;
}

int snapshot_status(
	struct snapshot *snapshot, const struct clock *clock, json_t **status, struct err *err)
{
	(void)clock;
	(void)err;
	*status = json_object();
	json_put_cstr(*status, "id", snapshot->id);
	json_put_cstr(*status, "built", "2026-08-01T00:00:00Z");
	return 0;
}

/* --- the fixture */

struct fixture {
	char directory[64];
	struct store *store;
	struct assess *assess;
	struct arena *arena;
	unsigned names;
};

static void start_assess(struct fixture *f)
{
	struct err err = ERR_INIT;
	const struct assess_settings settings = {
		.store = f->store, .data_dir = f->directory, .clock = os_clock(), .poll_ms = 5
	};
	assert_int_equal(assess_start(&settings, &f->assess, &err), 0);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct err err = ERR_INIT;
	*f = (struct fixture){ .directory = "/tmp/lazaret-assess-XXXXXX" };
	atomic_store(&current, 0);
	atomic_store(&judged, 0);
	atomic_store(&switch_during_judge, 0);
	atomic_store(&old_gone, false);
	atomic_store(&breaks_from, 0);
	atomic_store(&only_words, false);
	assert_non_null(mkdtemp(f->directory));
	f->arena = arena_new(0);
	if (store_open(f->directory, os_clock(), &f->store, &err) < 0)
		fail_msg("%s", err_text(&err));
	start_assess(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	const struct dirent *entry;
	assess_stop(&f->assess);
	store_close(&f->store);
	DIR *directory = opendir(f->directory);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(f->directory);
	arena_free(&f->arena);
	assert_int_equal(atomic_load(&open_snapshots), 0);
	return 0;
}

struct made_image {
	struct str digest;
	const char *release;
	const char *const *packages; /* "name=version", "npm/name=version" */
	size_t count;
	struct str remark;
};

static int put_image(struct db_conn *c, void *argument, struct err *err)
{
	struct made_image *made = argument;
	struct store_set_entry entries[8];
	struct store_image image = { .digest = made->digest,
		.state = IMAGE_PENDING,
		.reason = made->remark,
		.os = STR("linux"),
		.architecture = STR("amd64"),
		.package_count = (uint32_t)made->count,
		.snapshot = STR(""),
		.scanned_us = 5,
		.judged_us = TIME_NONE,
		.layer_digests = STR("sha256:l0,sha256:l1") };
	const struct platform platform = { .release_key = str_from(made->release),
		.flavours = STR(""),
		.os_id = STR("debian"),
		.os_version = STR("12"),
		.os_name = STR("Debian") };
	int rc = store_image_insert_pending(c, made->digest, 1, err);
	if (rc == 0)
		rc = store_platform_ensure(c, &platform, &image.platform, err);
	for (size_t i = 0; rc == 0 && i < made->count; i++) {
		struct str version = str_from(made->packages[i]);
		struct str name;
		str_cut(&version, '=', &name);
		bool npm = str_starts(name, STR("npm/"));
		if (npm)
			name = str_skip(name, 4);
		const struct package package = { .type = npm ? PACKAGE_NPM : PACKAGE_DEB,
			.name = name,
			.version = version,
			.source_name = name,
			.source_version = version,
			.arch = STR("amd64"),
			.licence = STR(""),
			.supplier = STR("") };
		entries[i] = (struct store_set_entry){ .first_layer = 1,
			.evidence_layer = 1,
			.evidence = STR("var/lib/dpkg/status") };
		rc = store_package_ensure(c, &package, &entries[i].package, err);
	}
	if (rc == 0)
		rc = store_image_set_put(c, made->digest, entries, made->count, err);
	return rc == 0 ? store_image_update(c, &image, err) : rc;
}

static struct str make_image(struct fixture *f, const char *release, const char *remark,
	const char *const *packages, size_t count)
{
	struct err err = ERR_INIT;
	struct made_image made = {
		.digest = arena_printf(f->arena, "sha256:%064u", ++f->names),
		.release = release,
		.packages = packages,
		.count = count,
		.remark = str_from(remark),
	};
	if (store_write(f->store, put_image, &made, &err) != 0)
		fail_msg("%s", err_text(&err));
	return made.digest;
}

static const char *const vulnerable[] = { "a=1", "b=1" };
static const char *const later[] = { "a=2", "b=1" };

struct reading {
	struct fixture *f;
	struct str digest;
	struct finding_list list;
};

static int read_findings(struct db_conn *c, void *argument, struct err *err)
{
	struct reading *reading = argument;
	return assess_findings(c, reading->f->arena, reading->digest, &reading->list, err);
}

static struct finding_list findings_of(struct fixture *f, struct str digest)
{
	struct err err = ERR_INIT;
	struct reading reading = { .f = f, .digest = digest };
	if (store_read(f->store, read_findings, &reading, &err) != 0)
		fail_msg("%s", err_text(&err));
	return reading.list;
}

static struct finding_list judge(struct fixture *f, struct str digest)
{
	struct err err = ERR_INIT;
	if (assess_image(f->assess, digest, &err) != 0)
		fail_msg("%s", err_text(&err));
	return findings_of(f, digest);
}

static void wait_settled(struct fixture *f)
{
	for (unsigned i = 0; i < 5000 && !assess_settled(f->assess); i++)
		usleep(1000);
	assert_true(assess_settled(f->assess));
}

struct event_reading {
	struct fixture *f;
	struct store_image_event *events;
	size_t count;
};

static int read_event_rows(struct db_conn *c, void *argument, struct err *err)
{
	struct event_reading *reading = argument;
	return store_image_events(
		c, reading->f->arena, 0, reading->events, 8, &reading->count, err);
}

static size_t read_events(struct fixture *f, struct store_image_event events[8])
{
	struct err err = ERR_INIT;
	struct event_reading reading = { f, events, 0 };
	assert_int_equal(store_read(f->store, read_event_rows, &reading, &err), 0);
	return reading.count;
}

/* --- tests */

static void without_advisories_nothing_is_healthy(void **state)
{
	struct fixture *f = *state;
	struct finding_list list = judge(f, make_image(f, "Debian:12", "", vulnerable, 2));
	assert_int_equal(list.image.state, IMAGE_NO_ADVISORIES);
	assert_true(str_eq(list.image.reason, STR("No advisories have been imported yet.")));
	assert_int_equal(list.items.n, 0);
	wait_settled(f);
}

static void verdicts_follow_the_findings(void **state)
{
	struct fixture *f = *state;
	static const char *const clean[] = { "b=1" };
	static const char *const strange[] = { "b=x", "c=y" };
	static const char *const partly[] = { "b=x", "b=1", "c=1" };
	atomic_store(&current, 1);
	struct finding_list list = judge(f, make_image(f, "Debian:12", "\nremark", vulnerable, 2));
	assert_int_equal(list.image.state, IMAGE_UNHEALTHY);
	assert_true(str_eq(list.image.reason, STR("\nremark")));
	assert_int_equal(list.image.counts.total, 1);
	assert_int_equal(list.image.counts.fixable, 1);
	assert_int_equal(list.image.counts.by_severity[SEVERITY_HIGH], 1);
	assert_int_equal(list.items.n, 1);
	const struct finding *finding = &list.items.items[0];
	assert_true(str_eq(finding->match.vulnerability, STR("CVE-2026-1")));
	assert_true(str_eq(finding->package.name, STR("a")));
	assert_true(str_eq(finding->layer_digest, STR("sha256:l1")));
	assert_true(str_eq(finding->evidence, STR("var/lib/dpkg/status")));
	assert_true(str_starts(finding->purl, STR("pkg:deb/debian/a@1")));
	assert_true(finding->remedy.n > 0);

	list = judge(f, make_image(f, "Debian:12", "", clean, 1));
	assert_int_equal(list.image.state, IMAGE_HEALTHY);
	list = judge(f, make_image(f, "Debian:99", "\nremark", clean, 1));
	assert_int_equal(list.image.state, IMAGE_NO_ADVISORIES);
	assert_true(str_eq(list.image.reason,
		STR("There are no advisories for Debian 99 in the current data.\nremark")));
	list = judge(f, make_image(f, "", "", clean, 1));
	assert_int_equal(list.image.state, IMAGE_NO_ADVISORIES);
	list = judge(f, make_image(f, "Debian:12", "", strange, 2));
	assert_int_equal(list.image.state, IMAGE_UNSUPPORTED);
	assert_int_equal(list.image.not_evaluated, 2);
	/* One unknown among known ones is enough: unknown is not healthy. */
	list = judge(f, make_image(f, "Debian:12", "", partly, 3));
	assert_int_equal(list.image.state, IMAGE_UNSUPPORTED);
	assert_true(str_starts(list.image.reason, STR("1 of its 3 packages could not be")));
}

/* What is known of a language counts, whatever is known of the distribution. */
static void languages_need_no_release(void **state)
{
	struct fixture *f = *state;
	static const char *const only[] = { "npm/b=1" };
	static const char *const mixed[] = { "npm/b=1", "b=1" };
	static const char *const bad[] = { "npm/a=1", "b=1" };
	atomic_store(&current, 1);
	struct finding_list list = judge(f, make_image(f, "", "", only, 1));
	assert_int_equal(list.image.state, IMAGE_HEALTHY);
	list = judge(f, make_image(f, "Debian:99", "", mixed, 2));
	assert_int_equal(list.image.state, IMAGE_NO_ADVISORIES);
	assert_int_equal(list.image.not_evaluated, 1);
	list = judge(f, make_image(f, "Debian:99", "", bad, 2));
	assert_int_equal(list.image.state, IMAGE_UNHEALTHY);
	assert_int_equal(list.items.n, 1);
	assert_int_equal(list.image.not_evaluated, 1);
}

static void a_package_is_judged_once_per_snapshot(void **state)
{
	struct fixture *f = *state;
	/* First let the watching thread see the snapshot: it then leaves new images to us. */
	atomic_store(&current, 1);
	wait_settled(f);
	judge(f, make_image(f, "Debian:12", "", vulnerable, 2));
	assert_int_equal(atomic_load(&judged), 2);
	struct finding_list list = judge(f, make_image(f, "Debian:12", "", vulnerable, 2));
	assert_int_equal(atomic_load(&judged), 2);
	assert_int_equal(list.image.counts.total, 1);
}

static void a_switch_reaches_every_stored_image(void **state)
{
	struct fixture *f = *state;
	struct str digests[5];
	for (size_t i = 0; i < 5; i++)
		digests[i] = make_image(f, "Debian:12", "", later, 2);
	atomic_store(&current, 1);
	wait_settled(f);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(findings_of(f, digests[i]).image.state, IMAGE_HEALTHY);
	assert_int_equal(atomic_load(&judged), 2);
	atomic_store(&current, 2);
	assert_false(assess_settled(f->assess));
	wait_settled(f);
	char id[65];
	id_of(2, id);
	for (size_t i = 0; i < 5; i++) {
		struct finding_list list = findings_of(f, digests[i]);
		assert_int_equal(list.image.state, IMAGE_UNHEALTHY);
		assert_true(str_eq(list.image.snapshot, str_from(id)));
	}
	/* Of its two packages only the one that the difference names was judged again. */
	assert_int_equal(atomic_load(&judged), 3);
	struct store_image_event events[8];
	assert_int_equal(read_events(f, events), 5);
	assert_int_equal(events[0].before, IMAGE_HEALTHY);
	assert_int_equal(events[0].after, IMAGE_UNHEALTHY);
	assert_true(events[0].appeared == 1 && events[0].gone == 0);
	assert_true(str_eq(events[0].snapshot, str_from(id)));
	assert_true(str_eq(events[0].digest, digests[0]));
}

static void findings_that_go_are_events_too(void **state)
{
	struct fixture *f = *state;
	struct store_image_event events[8];
	atomic_store(&current, 2);
	wait_settled(f);
	struct str digest = make_image(f, "Debian:12", "\nremark", later, 2);
	make_image(f, "Debian:99", "", later, 2); /* no advisories by any snapshot */
	judge(f, digest);
	atomic_store(&current, 1);
	wait_settled(f);
	struct finding_list list = findings_of(f, digest);
	assert_int_equal(list.image.state, IMAGE_HEALTHY);
	assert_true(str_eq(list.image.reason, STR("\nremark")));
	assert_int_equal(read_events(f, events), 1);
	assert_true(events[0].appeared == 0 && events[0].gone == 1);
	assert_int_equal(events[0].after, IMAGE_HEALTHY);
}

static void when_only_words_changed_nothing_is_judged(void **state)
{
	struct fixture *f = *state;
	struct store_image_event events[8];
	char id[65];
	atomic_store(&current, 1);
	wait_settled(f);
	struct str digest = make_image(f, "Debian:12", "", vulnerable, 2);
	judge(f, digest);
	unsigned before = atomic_load(&judged);
	atomic_store(&only_words, true);
	atomic_store(&current, 2);
	wait_settled(f);
	id_of(2, id);
	struct finding_list list = findings_of(f, digest);
	assert_int_equal(atomic_load(&judged), before);
	assert_true(str_eq(list.image.snapshot, str_from(id)));
	assert_true(str_eq(list.items.items[0].match.title, STR("better words")));
	assert_true(list.items.items[0].match.modified_us == 77);
	assert_int_equal(read_events(f, events), 0);
}

static void without_the_former_snapshot_everything_is_judged_again(void **state)
{
	struct fixture *f = *state;
	atomic_store(&current, 1);
	wait_settled(f);
	struct str digest = make_image(f, "Debian:12", "", later, 2);
	judge(f, digest);
	assert_int_equal(atomic_load(&judged), 2);
	atomic_store(&old_gone, true);
	atomic_store(&current, 2);
	wait_settled(f);
	assert_int_equal(findings_of(f, digest).image.state, IMAGE_UNHEALTHY);
	assert_int_equal(atomic_load(&judged), 4);
}

/* An image of which one package can no longer be judged keeps its verdict; others move on. */
static void a_package_that_cannot_be_judged_keeps_its_image_back(void **state)
{
	struct fixture *f = *state;
	static const char *const mixed[] = { "breaks=1", "b=1" };
	static const char *const clean[] = { "a=5", "b=1" };
	char id[65];
	struct finding_list list = { 0 };
	atomic_store(&current, 1);
	wait_settled(f);
	struct str digest = make_image(f, "Debian:12", "", mixed, 2);
	judge(f, digest);
	struct str other = make_image(f, "Debian:12", "", clean, 2);
	judge(f, other);
	atomic_store(&old_gone, true);
	atomic_store(&breaks_from, 2);
	atomic_store(&current, 2);
	id_of(2, id);
	for (unsigned i = 0; i < 5000 && !str_eq(list.image.snapshot, str_from(id)); i++) {
		usleep(1000);
		list = findings_of(f, other);
	}
	assert_true(str_eq(list.image.snapshot, str_from(id)));
	id_of(1, id);
	list = findings_of(f, digest);
	assert_true(str_eq(list.image.snapshot, str_from(id)));
	assert_int_equal(list.image.state, IMAGE_HEALTHY);
	assert_false(assess_settled(f->assess));
	/* When it can be judged again, it is. */
	atomic_store(&breaks_from, 0);
	atomic_store(&current, 3);
	wait_settled(f);
	id_of(3, id);
	assert_true(str_eq(findings_of(f, digest).image.snapshot, str_from(id)));
}

/* More of them than one look of the sweep takes, and in front of all others. */
static void images_that_cannot_be_judged_do_not_hide_others(void **state)
{
	struct fixture *f = *state;
	static const char *const damaged[] = { "damaged=1" };
	enum image_state found = IMAGE_PENDING;
	for (unsigned i = 0; i < 210; i++)
		make_image(f, "Debian:12", "", damaged, 1);
	struct str good = make_image(f, "Debian:12", "", later, 2);
	atomic_store(&current, 1);
	for (unsigned i = 0; i < 5000 && found == IMAGE_PENDING; i++) {
		usleep(1000);
		found = findings_of(f, good).image.state;
	}
	assert_int_equal(found, IMAGE_HEALTHY);
	assert_false(assess_settled(f->assess));
	/* And they are not asked for again and again. */
	usleep(100000);
	unsigned before = atomic_load(&judged);
	usleep(100000);
	assert_true(atomic_load(&judged) - before < 10 * 210);
}

static void a_push_that_races_with_a_switch_ends_on_the_new_snapshot(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 30; i++) {
		struct str digest;
		char id[65];
		/* A package nobody has judged yet, so that there is a judgement to switch in. */
		const char *packages[] = { "a=1", arena_printf(f->arena, "new%u=1", i).p };
		atomic_store(&current, 100 + i);
		atomic_store(&switch_during_judge, 101 + i);
		digest = make_image(f, "Debian:12", "", packages, 2);
		judge(f, digest);
		wait_settled(f);
		id_of(101 + i, id);
		struct finding_list list = findings_of(f, digest);
		assert_true(str_eq(list.image.snapshot, str_from(id)));
		assert_int_equal(list.items.n, 1);
		/* The judgement itself is of the new snapshot, too. */
		struct str fixed = arena_printf(f->arena, "%u", 102 + i);
		assert_true(str_eq(list.items.items[0].match.fixed_version, fixed));
	}
}

static void the_snapshot_of_readers(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	json_t *status = NULL;
	char id[65];
	id_of(3, id);
	assert_int_equal(assess_advisories(f->assess, &status, &err), SNAPSHOT_NONE);
	assert_true(assess_snapshot_built(f->assess, str_from(id)) == TIME_NONE);
	atomic_store(&current, 3);
	assert_int_equal(assess_advisories(f->assess, &status, &err), 0);
	assert_true(str_eq(json_str(status, "id"), str_from(id)));
	json_decref(status);
	assert_true(assess_snapshot_built(f->assess, str_from(id)) == 1785542400000000);
	assert_true(assess_snapshot_built(f->assess, STR("other")) == TIME_NONE);
}

static void ids_are_stable_and_differ(void **state)
{
	(void)state;
	const struct store_identity identity = { STR("sub"), STR("group"), STR("registry") };
	struct finding finding = { .match = { .vulnerability = STR("CVE-1") },
		.package = { .name = STR("a"), .version = STR("1"), .arch = STR("amd64") } };
	char first[37];
	char again[37];
	char other[37];
	assess_finding_id(&identity, STR("app"), STR("sha256:1"), &finding, first);
	assess_finding_id(&identity, STR("app"), STR("sha256:1"), &finding, again);
	assert_string_equal(first, again);
	assess_finding_id(&identity, STR("app2"), STR("sha256:1"), &finding, other);
	assert_string_not_equal(first, other);
	finding.match.vulnerability = STR("CVE-2");
	assess_finding_id(&identity, STR("app"), STR("sha256:1"), &finding, other);
	assert_string_not_equal(first, other);
}

static void an_unknown_image_is_absent(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct reading reading = { .f = f, .digest = STR("sha256:none") };
	assert_int_equal(store_read(f->store, read_findings, &reading, &err), STORE_ABSENT);
	assert_int_equal(assess_image(f->assess, STR("sha256:none"), &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_advisories_nothing_is_healthy),
		TEST(verdicts_follow_the_findings),
		TEST(languages_need_no_release),
		TEST(a_package_is_judged_once_per_snapshot),
		TEST(a_switch_reaches_every_stored_image),
		TEST(findings_that_go_are_events_too),
		TEST(when_only_words_changed_nothing_is_judged),
		TEST(without_the_former_snapshot_everything_is_judged_again),
		TEST(a_package_that_cannot_be_judged_keeps_its_image_back),
		TEST(images_that_cannot_be_judged_do_not_hide_others),
		TEST(a_push_that_races_with_a_switch_ends_on_the_new_snapshot),
		TEST(the_snapshot_of_readers),
		TEST(ids_are_stable_and_differ),
		TEST(an_unknown_image_is_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
