/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator over a real database and real blobs, with workers that are told what to answer:
 * every way an image can end, that no layer is read twice at once or for nothing, that internal
 * errors are retried, and that a restart finds what was left.
 */
#include "scan/coordinator.h"

#include "base/strbuf.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/thread.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* --- workers of the test: the first word of a blob says what they answer */

static atomic_uint analyzed;
static atomic_uint running;
static atomic_uint running_most;
static atomic_uint internal_errors; /* so many requests fail before the next one is answered */
static atomic_bool hang;
static atomic_uint followed;
static atomic_uint given_up;
static atomic_ullong followed_bytes;

void worker_pool_interrupt(struct worker_pool *pool)
{
	(void)pool;
	atomic_store(&hang, false);
}

static struct package package_of(struct arena *arena, const char *name)
{
	struct str text = arena_str(arena, str_from(name));
	return (struct package){ .type = PACKAGE_DEB,
		.name = text,
		.version = STR("1"),
		.source_name = text,
		.source_version = STR("1"),
		.arch = STR("amd64"),
		.licence = STR(""),
		.supplier = STR("") };
}

static void answer_packages(struct arena *arena, struct layer_inventory *inventory)
{
	struct layer_file file = { .kind = LAYER_FILE_DPKG_STATUS,
		.path = STR("var/lib/dpkg/status"),
		.package_count = 2 };
	AVEC_PUSH(arena, &inventory->packages, package_of(arena, "bash"));
	AVEC_PUSH(arena, &inventory->packages, package_of(arena, "zlib1g"));
	AVEC_PUSH(arena, &inventory->files, file);
	struct layer_file os = { .kind = LAYER_FILE_OS_RELEASE,
		.path = STR("etc/os-release"),
		.first_package = 2,
		.fact_count = 2 };
	AVEC_PUSH(arena, &inventory->facts, (struct layer_fact){ STR("ID"), STR("debian") });
	AVEC_PUSH(arena, &inventory->facts, (struct layer_fact){ STR("VERSION_ID"), STR("12") });
	AVEC_PUSH(arena, &inventory->files, os);
}

int worker_analyze_layer(struct worker_pool *pool, int fd, struct arena *arena, struct str name,
	struct layer_inventory *inventory, struct err *err)
{
	char text[64] = "";
	(void)pool;
	(void)name;
	unsigned now = atomic_fetch_add(&running, 1) + 1;
	if (now > atomic_load(&running_most))
		atomic_store(&running_most, now);
	atomic_fetch_add(&analyzed, 1);
	while (atomic_load(&hang))
		usleep(1000);
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	atomic_fetch_sub(&running, 1);
	unsigned left = atomic_load(&internal_errors);
	if (left) {
		atomic_store(&internal_errors, left - 1);
		return err_set(err, EAGAIN, "no worker can be started");
	}
	*inventory = (struct layer_inventory){
		.state = LAYER_OK,
		.reason = STR(""),
		.diff_id = STR("sha256:"
			       "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"),
		.format = STR("tar"),
		.analyzers = STR("dpkg=1"),
	};
	struct str seen = { text, n > 0 ? (size_t)n : 0 };
	if (str_starts(seen, STR("packages"))) {
		answer_packages(arena, inventory);
	} else if (str_starts(seen, STR("damaged"))) {
		inventory->state = LAYER_FAILED;
		inventory->reason = STR("the archive ends in the middle");
		inventory->diff_id = STR("");
	}
	return 0;
}

/* Reads as the real one does: asks, gets, asks again; and says what the first word says. */
int worker_follow_layer(struct worker_pool *pool, int fd, const struct worker_feed *feed,
	struct arena *arena, struct str name, struct layer_inventory *inventory, struct err *err)
{
	struct worker_growth growth = { WORKER_GROWING, 0 };
	atomic_fetch_add(&followed, 1);
	while (growth.state == WORKER_GROWING) {
		uint64_t have = growth.bytes;
		growth = feed->more(feed->context, have);
		assert_true(growth.state != WORKER_GROWING || growth.bytes > have);
	}
	atomic_store(&followed_bytes, growth.bytes);
	if (growth.state == WORKER_GIVEN_UP)
		atomic_fetch_add(&given_up, 1);
	int rc = worker_analyze_layer(pool, fd, arena, name, inventory, err);
	atomic_fetch_sub(&analyzed, 1);
	return rc;
}

/* --- the fixture */

struct fixture {
	char directory[64];
	struct store *store;
	struct blob_store *blobs;
	struct scan_coordinator *scan;
	atomic_uint ready;
	atomic_uint ready_fails;
	struct arena *arena;
	unsigned names;
};

struct verdict {
	struct fixture *f;
	struct str digest;
	struct store_image image;
	size_t packages;
};

static int set_healthy(struct db_conn *c, void *argument, struct err *err)
{
	struct verdict *v = argument;
	int rc = store_image_find(c, v->f->arena, v->digest, &v->image, err);
	if (rc)
		return rc;
	v->image.state = IMAGE_HEALTHY;
	return store_image_update(c, &v->image, err);
}

static int image_ready(void *context, struct str digest, struct err *err)
{
	struct fixture *f = context;
	struct arena *arena = arena_new(0);
	struct fixture local = { .arena = arena };
	struct verdict v = { .f = &local, .digest = digest };
	unsigned fails = atomic_load(&f->ready_fails);
	atomic_fetch_add(&f->ready, 1);
	int rc = fails ? err_set(err, EIO, "the judge is ill")
		       : store_write(f->store, set_healthy, &v, err);
	if (fails)
		atomic_store(&f->ready_fails, fails - 1);
	arena_free(&arena);
	return rc;
}

static void start_scan(struct fixture *f)
{
	struct err err = ERR_INIT;
	const struct scan_settings settings = {
		.store = f->store,
		.blobs = f->blobs,
		.workers = (struct worker_pool *)f, /* never looked into */
		.clock = os_clock(),
		.hooks = { f, image_ready },
		.threads = 3,
		.followers = 2,
	};
	assert_int_equal(scan_start(&settings, &f->scan, &err), 0);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct err err = ERR_INIT;
	*f = (struct fixture){ .directory = "/tmp/lazaret-scan-XXXXXX" };
	atomic_store(&analyzed, 0);
	atomic_store(&running_most, 0);
	atomic_store(&internal_errors, 0);
	atomic_store(&followed, 0);
	atomic_store(&given_up, 0);
	atomic_store(&hang, false);
	assert_non_null(mkdtemp(f->directory));
	f->arena = arena_new(0);
	if (store_open(f->directory, os_clock(), &f->store, &err) < 0)
		fail_msg("%s", err_text(&err));
	assert_int_equal(blob_store_open_memory(&f->blobs, &err), 0);
	start_scan(f);
	*state = f;
	return 0;
}

static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	assert_non_null(directory);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
	closedir(directory);
	rmdir(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	scan_stop(&f->scan);
	store_close(&f->store);
	blob_store_close(&f->blobs);
	remove_directory(f->directory);
	arena_free(&f->arena);
	return 0;
}

/* --- making content */

static struct str new_digest(struct fixture *f)
{
	return arena_printf(f->arena, "sha256:%064u", ++f->names);
}

struct blob_call {
	struct str digest;
	uint64_t size;
};

static int put_blob_row(struct db_conn *c, void *argument, struct err *err)
{
	const struct blob_call *call = argument;
	int64_t repository;
	int rc = store_repository_ensure(c, STR("app"), 1, &repository, err);
	return rc < 0 ? rc : store_blob_put(c, repository, call->digest, call->size, 1, err);
}

static void add_row(struct fixture *f, struct str digest, uint64_t size)
{
	struct err err = ERR_INIT;
	struct blob_call call = { digest, size };
	assert_int_equal(store_write(f->store, put_blob_row, &call, &err), 0);
}

/* The bytes of a blob that the database does not know (any more). */
static struct str make_file(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage = NULL;
	struct str digest = new_digest(f);
	struct str upload = str_skip(digest, 7);
	assert_int_equal(blob_stage_open(f->blobs, upload, 0, &stage, &err), 0);
	assert_int_equal(blob_stage_append(stage, text, strlen(text), &err), 0);
	assert_int_equal(blob_publish(&stage, digest, &err), 0);
	return digest;
}

static struct str make_blob(struct fixture *f, const char *text)
{
	struct str digest = make_file(f, text);
	add_row(f, digest, strlen(text));
	return digest;
}

static struct str make_config(struct fixture *f, const char *os)
{
	return make_blob(
		f, arena_cstr(f->arena,
			   arena_printf(f->arena,
				   "{\"os\":\"%s\",\"architecture\":\"amd64\",\"rootfs\":"
				   "{\"type\":\"layers\",\"diff_ids\":[\"sha256:%064d\"]}}",
				   os, 0)));
}

#define LAYER_TYPE  "application/vnd.oci.image.layer.v1.tar"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE  "application/vnd.oci.image.manifest.v1+json"

struct push {
	struct fixture *f;
	struct store_manifest manifest;
};

static int put_manifest(struct db_conn *c, void *argument, struct err *err)
{
	struct push *push = argument;
	int64_t repository;
	int rc = store_repository_ensure(c, STR("app"), 1, &repository, err);
	push->manifest.repository = repository;
	if (rc == 0)
		rc = store_manifest_put(c, &push->manifest, err);
	if (rc == 0)
		rc = store_image_insert_pending(c, push->manifest.digest, 1, err);
	return rc;
}

static struct str put_image_as(struct fixture *f, const char *config_type, struct str config,
	const char *layer_type, const struct str *layers, size_t count)
{
	struct err err = ERR_INIT;
	struct push push = { .f = f };
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	strbuf_addf(&text,
		"{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE
		"\",\"config\":{\"mediaType\":\"%s\","
		"\"digest\":\"" STR_FMT "\",\"size\":2},\"layers\":[",
		config_type, STR_ARG(config));
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%s{\"mediaType\":\"%s\",\"digest\":\"" STR_FMT "\",\"size\":9}",
			i ? "," : "", layer_type, STR_ARG(layers[i]));
	strbuf_add_cstr(&text, "]}");
	push.manifest = (struct store_manifest){
		.digest = new_digest(f),
		.media_type = STR(IMAGE_TYPE),
		.kind = STORE_IMAGE,
		.artifact_type = STR(""),
		.subject = STR(""),
		.bytes = strbuf_view(&text),
		.pushed_us = 1,
	};
	if (store_write(f->store, put_manifest, &push, &err) != 0)
		fail_msg("%s", err_text(&err));
	return push.manifest.digest;
}

static struct str put_image(
	struct fixture *f, struct str config, const struct str *layers, size_t count)
{
	return put_image_as(f, CONFIG_TYPE, config, LAYER_TYPE, layers, count);
}

/* --- looking */

static int read_verdict(struct db_conn *c, void *argument, struct err *err)
{
	struct verdict *v = argument;
	struct store_set_entry *entries;
	int rc = store_image_find(c, v->f->arena, v->digest, &v->image, err);
	if (rc)
		return rc;
	rc = store_image_set_find(c, v->f->arena, v->digest, &entries, &v->packages, err);
	return rc < 0 ? rc : 0;
}

static void wait_idle(struct fixture *f)
{
	for (unsigned i = 0; i < 10000 && scan_backlog(f->scan); i++)
		usleep(1000);
	assert_int_equal(scan_backlog(f->scan), 0);
}

static struct store_image verdict_of(struct fixture *f, struct str digest, size_t *packages)
{
	struct err err = ERR_INIT;
	struct verdict v = { .f = f, .digest = digest };
	if (store_read(f->store, read_verdict, &v, &err) != 0)
		fail_msg("%s", err_text(&err));
	if (packages)
		*packages = v.packages;
	return v.image;
}

static void expect(struct fixture *f, struct str digest, enum image_state wanted, const char *words)
{
	scan_manifest_committed(f->scan, digest);
	wait_idle(f);
	struct store_image image = verdict_of(f, digest, NULL);
	if (image.state != wanted || !str_contains(image.reason, str_from(words)))
		fail_msg("state " STR_FMT ", reason \"" STR_FMT "\"",
			STR_ARG(image_state_name(image.state)), STR_ARG(image.reason));
}

/* --- tests */

static void a_pushed_image_gets_its_packages(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages"), make_blob(f, "nothing") };
	struct str digest = put_image(f, make_config(f, "linux"), layers, 2);
	size_t packages;
	expect(f, digest, IMAGE_HEALTHY, "");
	struct store_image image = verdict_of(f, digest, &packages);
	assert_int_equal(packages, 2);
	assert_int_equal(image.package_count, 2);
	assert_true(str_eq(image.os, STR("linux")));
	assert_true(str_eq(image.architecture, STR("amd64")));
	assert_true(image.scanned_us != TIME_NONE);
	assert_true(image.platform != 0);
	assert_int_equal(atomic_load(&analyzed), 2);
	/* The configuration names one other diff ID: remarked on, not believed. */
	assert_true(str_contains(image.reason, STR("\nIts configuration names another number")));
}

static void layers_are_read_before_the_manifest_comes_and_once(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	struct str config = make_config(f, "linux");
	scan_blob_committed(f->scan, STR(""), layers[0], 8);
	scan_blob_committed(f->scan, STR(""), config, 80);
	scan_blob_committed(f->scan, STR(""), layers[0], 8);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 1); /* the configuration went to no worker */
	expect(f, put_image(f, config, layers, 1), IMAGE_HEALTHY, "");
	expect(f, put_image(f, make_config(f, "linux"), layers, 1), IMAGE_HEALTHY, "");
	assert_int_equal(atomic_load(&analyzed), 1);
}

static int find_inventory(struct db_conn *c, void *argument, struct err *err)
{
	struct verdict *v = argument;
	struct str wire;
	return store_layer_find(c, v->f->arena, v->digest, &wire, err);
}

static int inventory_of(struct fixture *f, struct str digest)
{
	struct err err = ERR_INIT;
	struct verdict v = { .f = f, .digest = digest };
	return store_read(f->store, find_inventory, &v, &err);
}

static void a_blob_that_was_collected_leaves_no_inventory(void **state)
{
	struct fixture *f = *state;
	struct str kept = make_blob(f, "packages");
	struct str gone = make_file(f, "packages");
	scan_blob_committed(f->scan, STR(""), gone, 8);
	scan_blob_committed(f->scan, STR(""), kept, 8);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 2); /* both were read to their end */
	assert_int_equal(inventory_of(f, kept), 0);
	assert_int_equal(inventory_of(f, gone), STORE_ABSENT);
}

static void a_layer_in_progress_is_not_started_again(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	atomic_store(&hang, true); /* before the images, whose arrival starts the work */
	struct str first = put_image(f, make_config(f, "linux"), layers, 1);
	struct str second = put_image(f, make_config(f, "linux"), layers, 1);
	scan_blob_committed(f->scan, STR(""), layers[0], 8);
	scan_manifest_committed(f->scan, first);
	scan_manifest_committed(f->scan, second);
	usleep(50 * 1000);
	assert_int_equal(verdict_of(f, first, NULL).state, IMAGE_PENDING);
	atomic_store(&hang, false);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 1);
	assert_int_equal(verdict_of(f, first, NULL).state, IMAGE_HEALTHY);
	assert_int_equal(verdict_of(f, second, NULL).state, IMAGE_HEALTHY);
}

static void a_known_image_does_not_wait_for_long_layers(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	scan_blob_committed(f->scan, STR(""), layers[0], 8);
	wait_idle(f);
	atomic_store(&hang, true);
	for (unsigned i = 0; i < 10; i++)
		scan_blob_committed(f->scan, STR(""), make_blob(f, "long"), 4);
	struct str digest = put_image(f, make_config(f, "linux"), layers, 1);
	scan_manifest_committed(f->scan, digest);
	for (unsigned i = 0; i < 2000 && verdict_of(f, digest, NULL).state == IMAGE_PENDING; i++)
		usleep(1000);
	assert_int_equal(verdict_of(f, digest, NULL).state, IMAGE_HEALTHY);
	assert_true(atomic_load(&running_most) <= 3);
	atomic_store(&hang, false);
}

static void what_cannot_be_judged_says_why(void **state)
{
	struct fixture *f = *state;
	struct str good[] = { make_blob(f, "packages") };
	struct str damaged[] = { make_blob(f, "packages"), make_blob(f, "damaged") };
	struct str json[] = { make_blob(f, "{\"a\":1}") };
	struct str empty[] = { make_blob(f, "nothing") };
	struct str absent[] = { new_digest(f) };
	struct str linux_config = make_config(f, "linux");
	expect(f, put_image(f, make_config(f, "windows"), good, 1), IMAGE_UNSUPPORTED, "Windows");
	expect(f, put_image(f, linux_config, damaged, 2), IMAGE_FAILED,
		"could not be read: the archive ends in the middle");
	expect(f, put_image(f, linux_config, json, 1), IMAGE_FAILED, "is not a layer");
	expect(f, put_image(f, linux_config, empty, 1), IMAGE_UNSUPPORTED,
		"No package database that lazaret reads was found");
	expect(f, put_image(f, linux_config, NULL, 0), IMAGE_UNSUPPORTED, "no layers");
	expect(f, put_image(f, linux_config, absent, 1), IMAGE_FAILED, "not stored any more");
	expect(f,
		put_image_as(f, CONFIG_TYPE, linux_config,
			"application/vnd.oci.image.layer.nondistributable.v1.tar", absent, 1),
		IMAGE_FAILED, "may not be distributed");
	expect(f,
		put_image_as(f, "application/vnd.cncf.helm.config.v1+json", linux_config,
			"application/vnd.cncf.helm.chart.content.v1.tar+gzip", good, 1),
		IMAGE_UNSUPPORTED, "application/vnd.cncf.helm.config.v1+json");
	expect(f,
		put_image_as(f, CONFIG_TYPE, linux_config, "application/vnd.in-toto+json", json, 1),
		IMAGE_UNSUPPORTED, "attestation");
}

static void a_broken_configuration_does_not_stop_the_scan(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	expect(f, put_image(f, make_blob(f, "no JSON at all"), layers, 1), IMAGE_HEALTHY,
		"\nIts configuration could not be read");
}

static void internal_errors_are_retried(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	atomic_store(&internal_errors, 1);
	expect(f, put_image(f, make_config(f, "linux"), layers, 1), IMAGE_HEALTHY, "");
	assert_int_equal(atomic_load(&analyzed), 2);
	atomic_store(&f->ready_fails, 1);
	expect(f, put_image(f, make_config(f, "linux"), layers, 1), IMAGE_HEALTHY, "");
	assert_int_equal(atomic_load(&f->ready), 3);
}

static void a_restart_finds_what_was_left(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "packages") };
	struct str digest = put_image(f, make_config(f, "linux"), layers, 1);
	atomic_store(&hang, true);
	scan_manifest_committed(f->scan, digest);
	usleep(20 * 1000);
	scan_stop(&f->scan); /* interrupts the worker; its answer is not kept */
	assert_int_equal(verdict_of(f, digest, NULL).state, IMAGE_PENDING);
	start_scan(f);
	for (unsigned i = 0; i < 5000 && verdict_of(f, digest, NULL).state == IMAGE_PENDING; i++)
		usleep(1000);
	assert_int_equal(verdict_of(f, digest, NULL).state, IMAGE_HEALTHY);
}

static void a_failed_layer_is_not_read_again_at_once(void **state)
{
	struct fixture *f = *state;
	struct str layers[] = { make_blob(f, "damaged") };
	struct str digest = put_image(f, make_config(f, "linux"), layers, 1);
	expect(f, digest, IMAGE_FAILED, "could not be read");
	expect(f, digest, IMAGE_FAILED, "could not be read");
	assert_int_equal(atomic_load(&analyzed), 1);
	/* Another process has no memory of the failure: a push tries again. */
	scan_stop(&f->scan);
	start_scan(f);
	expect(f, digest, IMAGE_FAILED, "could not be read");
	assert_int_equal(atomic_load(&analyzed), 2);
}

static void nonsense_is_ignored(void **state)
{
	struct fixture *f = *state;
	scan_blob_committed(f->scan, STR(""), STR("sha256:absent"), 100);
	scan_blob_committed(f->scan, STR(""), make_blob(f, "x"), 1);
	scan_manifest_committed(f->scan, STR("sha256:absent"));
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 0);
}

/* --- uploads that are followed */

struct upload {
	struct fixture *f;
	struct str id;
	struct blob_stage *stage;
	uint64_t size;
};

static struct upload begin_upload(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct upload upload = { .f = f };
	upload.id = arena_printf(f->arena, "upload-%u", ++f->names);
	assert_int_equal(blob_stage_open(f->blobs, upload.id, 0, &upload.stage, &err), 0);
	return upload;
}

/* Appends text and zeros up to n bytes, and says so. */
static void grow(struct upload *upload, const char *text, size_t n)
{
	struct err err = ERR_INIT;
	char *bytes = calloc(1, n);
	assert_non_null(bytes);
	memcpy(bytes, text, strlen(text));
	assert_int_equal(blob_stage_append(upload->stage, bytes, n, &err), 0);
	free(bytes);
	scan_upload_grew(
		upload->f->scan, upload->id, upload->stage, upload->size, upload->size + n);
	upload->size += n;
}

static struct str commit_upload(struct upload *upload)
{
	struct err err = ERR_INIT;
	struct str digest = new_digest(upload->f);
	scan_upload_verified(upload->f->scan, upload->id, upload->size);
	assert_int_equal(blob_publish(&upload->stage, digest, &err), 0);
	add_row(upload->f, digest, upload->size);
	scan_blob_committed(upload->f->scan, upload->id, digest, upload->size);
	return digest;
}

enum { MIB = 1 << 20 };
#define GZIP_HEAD "\x1f\x8b\x08 what a worker makes of it"

static void wait_followed(unsigned count)
{
	for (unsigned i = 0; i < 5000 && atomic_load(&followed) < count; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&followed), count);
}

/* The workers hear of it a little later than the uploads' side. */
static void wait_given_up(unsigned least)
{
	for (unsigned i = 0; i < 10000 && atomic_load(&given_up) < least; i++)
		usleep(1000);
	assert_true(atomic_load(&given_up) >= least);
}

static void an_upload_is_read_while_it_comes(void **state)
{
	struct fixture *f = *state;
	struct upload upload = begin_upload(f);
	grow(&upload, GZIP_HEAD, MIB);
	wait_followed(1);
	for (unsigned i = 0; i < 5; i++)
		grow(&upload, "", MIB / 2 + i);
	struct str layers[] = { commit_upload(&upload) };
	/* The image waits for the inventory that is on its way, nobody reads the blob again. */
	expect(f, put_image(f, make_config(f, "linux"), layers, 1), IMAGE_UNSUPPORTED, "");
	assert_int_equal(atomic_load(&followed), 1);
	assert_int_equal(atomic_load(&given_up), 0);
	assert_int_equal(atomic_load(&followed_bytes), upload.size);
	assert_int_equal(atomic_load(&analyzed), 0);
}

static void what_is_small_or_no_archive_is_not_followed(void **state)
{
	struct fixture *f = *state;
	struct upload small = begin_upload(f);
	struct upload text = begin_upload(f);
	struct upload late = begin_upload(f);
	grow(&small, GZIP_HEAD, MIB - 1);
	grow(&text, "{\"a\":1}", 2 * MIB);
	grow(&late, GZIP_HEAD, 17 * MIB); /* it is known too late: in one piece */
	commit_upload(&small);
	commit_upload(&text);
	commit_upload(&late);
	wait_idle(f);
	assert_int_equal(atomic_load(&followed), 0);
	assert_int_equal(atomic_load(&analyzed), 2);
}

static void a_dropped_upload_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 1; i <= 3; i++) {
		struct upload upload = begin_upload(f);
		grow(&upload, GZIP_HEAD, 2 * MIB);
		/* Each byte is another chance, should both followers still be at the last ones. */
		for (unsigned k = 0; k < 5000 && atomic_load(&followed) < i; k++) {
			grow(&upload, "", 512);
			usleep(1000);
		}
		wait_followed(i);
		if (i == 2)
			scan_upload_verified(f->scan, upload.id, upload.size);
		scan_upload_dropped(f->scan, upload.id);
		blob_stage_close(&upload.stage);
	}
	wait_idle(f);
	wait_given_up(2); /* the second one may have been read to its end */
	assert_int_equal(scan_backlog(f->scan), 0);
}

/* An upload that was cut back to what is durable goes on with other bytes: nothing of what was read
 * counts, the blob is read when it is there. */
static void a_size_that_does_not_go_on_ends_it(void **state)
{
	struct fixture *f = *state;
	struct upload upload = begin_upload(f);
	struct err err = ERR_INIT;
	grow(&upload, GZIP_HEAD, 20 * MIB / 2);
	wait_followed(1);
	grow(&upload, "", 10 * MIB);
	blob_stage_close(&upload.stage);
	upload.size = 18 * MIB;
	assert_int_equal(blob_stage_open(f->blobs, upload.id, upload.size, &upload.stage, &err), 0);
	grow(&upload, "", MIB);
	commit_upload(&upload);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 1);
	wait_given_up(1);
	assert_int_equal(atomic_load(&followed), 1);
}

/* Verified with another size than was seen: what was read is not what was stored. */
static void a_size_that_nobody_saw_ends_it(void **state)
{
	struct fixture *f = *state;
	struct upload upload = begin_upload(f);
	grow(&upload, GZIP_HEAD, 2 * MIB);
	wait_followed(1);
	upload.size++;
	commit_upload(&upload);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 1);
}

/* More uploads at once than can be followed; the others are read when they are there. */
static void more_uploads_than_followers(void **state)
{
	enum { UPLOADS = 7 };
	struct fixture *f = *state;
	struct upload uploads[UPLOADS];
	struct str layers[UPLOADS];
	for (unsigned i = 0; i < UPLOADS; i++) {
		uploads[i] = begin_upload(f);
		grow(&uploads[i], GZIP_HEAD, 2 * MIB);
	}
	wait_followed(2);
	for (unsigned i = 0; i < UPLOADS; i++) {
		grow(&uploads[i], "", 15 * MIB);
		layers[i] = commit_upload(&uploads[i]);
	}
	expect(f, put_image(f, make_config(f, "linux"), layers, UPLOADS), IMAGE_UNSUPPORTED, "");
	assert_int_equal(atomic_load(&followed), 2);
	assert_int_equal(atomic_load(&analyzed), UPLOADS - 2);
}

static void a_client_that_stands_still_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct upload upload = begin_upload(f);
	grow(&upload, GZIP_HEAD, 2 * MIB);
	wait_followed(1);
	grow(&upload, "", 15 * MIB); /* past the point where another start is possible */
	wait_given_up(1);
	grow(&upload, "", MIB);
	commit_upload(&upload);
	wait_idle(f);
	assert_int_equal(atomic_load(&analyzed), 1);
	assert_int_equal(atomic_load(&followed), 1);
}

static void a_worker_that_cannot_start_is_no_loss(void **state)
{
	struct fixture *f = *state;
	struct upload upload = begin_upload(f);
	atomic_store(&internal_errors, 1);
	grow(&upload, GZIP_HEAD, 2 * MIB);
	wait_followed(1);
	struct str layers[] = { commit_upload(&upload) };
	expect(f, put_image(f, make_config(f, "linux"), layers, 1), IMAGE_UNSUPPORTED, "");
	assert_int_equal(atomic_load(&internal_errors), 0);
	assert_int_equal(atomic_load(&analyzed), 1);
}

static void a_stop_gives_up_what_is_followed(void **state)
{
	struct fixture *f = *state;
	struct upload growing = begin_upload(f);
	struct upload verified = begin_upload(f);
	grow(&growing, GZIP_HEAD, 2 * MIB);
	grow(&verified, GZIP_HEAD, 2 * MIB);
	wait_followed(2);
	scan_upload_verified(f->scan, verified.id, verified.size);
	scan_stop(&f->scan);
	blob_stage_close(&growing.stage);
	blob_stage_close(&verified.stage);
	start_scan(f);
	wait_idle(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pushed_image_gets_its_packages),
		TEST(layers_are_read_before_the_manifest_comes_and_once),
		TEST(a_blob_that_was_collected_leaves_no_inventory),
		TEST(a_layer_in_progress_is_not_started_again),
		TEST(a_known_image_does_not_wait_for_long_layers),
		TEST(what_cannot_be_judged_says_why),
		TEST(a_broken_configuration_does_not_stop_the_scan),
		TEST(internal_errors_are_retried),
		TEST(a_restart_finds_what_was_left),
		TEST(a_failed_layer_is_not_read_again_at_once),
		TEST(nonsense_is_ignored),
		TEST(an_upload_is_read_while_it_comes),
		TEST(what_is_small_or_no_archive_is_not_followed),
		TEST(a_dropped_upload_leaves_nothing),
		TEST(a_size_that_does_not_go_on_ends_it),
		TEST(a_size_that_nobody_saw_ends_it),
		TEST(more_uploads_than_followers),
		TEST(a_client_that_stands_still_is_not_waited_for),
		TEST(a_worker_that_cannot_start_is_no_loss),
		TEST(a_stop_gives_up_what_is_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
