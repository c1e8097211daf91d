/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One image: from its manifest to a stored package set and a verdict. Runs as often as the queue
 * says until the image has a state; every run starts from what the database says, so it does not
 * matter what an earlier one got done.
 *
 * Some images end here without a package set: what is no container image, what holds no package
 * database, what could not be read. They are Unsupported or Failed, each with its reason. All
 * others go to the hook (assess), which judges the set and gives the state. Remarks about the image
 * that do not change its state (a configuration that names other layers) are the second line of the
 * stored reason; the first one belongs to the verdict.
 */
#include "scan/internal.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "oci/manifest.h"
#include "os/file.h"
#include "scan/squash.h"

struct image_scan {
	struct scan_coordinator *scan;
	struct arena *arena;
	bool pushed;
	struct store_image row;
	struct store_manifest stored;
	struct oci_manifest manifest;
	struct oci_config config;
	bool has_config;
	struct str remark;
	struct layer_inventory **layers; /* one per layer of the manifest, base first */
	VEC(struct str) missing;
	struct image_inventory inventory;
};

/* --- reading what is stored */

static int read_image(struct db_conn *c, void *argument, struct err *err)
{
	struct image_scan *image = argument;
	struct str digest = image->row.digest;
	int rc = store_image_find(c, image->arena, digest, &image->row, err);
	if (rc == 0)
		rc = store_manifest_anywhere(c, image->arena, digest, &image->stored, err);
	return rc;
}

static bool is_due(const struct image_scan *image)
{
	return image->row.state == IMAGE_PENDING ||
	       (image->pushed && image->row.state == IMAGE_FAILED);
}

static struct str join_layer_digests(struct arena *arena, const struct oci_manifest *manifest)
{
	AUTO_STRBUF struct strbuf text = STRBUF(LIMIT_MANIFEST_BYTES);
	for (size_t i = 0; i < manifest->layers.n; i++) {
		if (i)
			strbuf_add_char(&text, ',');
		strbuf_add_str(&text, manifest->layers.items[i].digest);
	}
	return arena_str(arena, strbuf_view(&text));
}

static int read_config(struct image_scan *image, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size;
	struct str text;
	struct str digest = image->manifest.config.digest;
	int rc = blob_open(image->scan->settings.blobs, digest, &fd, &size, err);
	if (rc < 0)
		return err_wrap(err, rc, "opening the configuration " STR_FMT, STR_ARG(digest));
	struct err why = ERR_INIT;
	if (rc == BLOB_ABSENT)
		err_set(&why, ENOENT, "it is not stored");
	else if (size > LIMIT_CONFIG_BYTES)
		err_set(&why, E2BIG, "it is larger than %zu bytes", LIMIT_CONFIG_BYTES);
	else if (file_slurp_fd(image->arena, fd, LIMIT_CONFIG_BYTES, &text, &why) == 0)
		image->has_config = oci_config_parse(image->arena, text, &image->config, &why) == 0;
	if (!image->has_config) {
		image->config = (struct oci_config){ 0 };
		image->remark = arena_printf(image->arena,
			"Its configuration could not be read (%s), so its operating system and "
			"architecture are not known.",
			err_text(&why));
	}
	image->row.os = image->config.os.p ? image->config.os : STR("");
	image->row.architecture =
		image->config.architecture.p ? image->config.architecture : STR("");
	return 0;
}

/* --- ends without a package set */

static int write_row(struct db_conn *c, void *argument, struct err *err)
{
	struct image_scan *image = argument;
	if (image->inventory.has_os) {
		int rc = store_platform_ensure(
			c, &image->inventory.platform, &image->row.platform, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	return store_image_update(c, &image->row, err);
}

static int finish_without_set(
	struct image_scan *image, enum image_state state, struct str reason, struct err *err)
{
	struct scan_coordinator *scan = image->scan;
	image->row.state = state;
	image->row.reason = image->remark.n ? arena_printf(image->arena, STR_FMT "\n" STR_FMT,
						      STR_ARG(reason), STR_ARG(image->remark))
					    : reason;
	image->row.scanned_us = clock_wall(scan->settings.clock);
	image->row.attempts = 0;
	int rc = store_write(scan->settings.store, write_row, image, err);
	if (rc < 0)
		return err_wrap(
			err, rc, "storing the state of image " STR_FMT, STR_ARG(image->row.digest));
	log_event(EV_IMAGE_VERDICT, F_STR("digest", image->row.digest),
		F_STR("state", image_state_name(state)), F_STR("reason", reason));
	return SCAN_IMAGE_DONE;
}

int scan_image_give_up(struct scan_coordinator *scan, const struct scan_image_job *job,
	const struct err *why, struct err *err)
{
	struct arena *arena = arena_new(0);
	struct image_scan image = { .scan = scan, .arena = arena };
	image.row.digest = str_from(job->digest);
	int rc = store_read(scan->settings.store, read_image, &image, err);
	if (rc == 0)
		rc = finish_without_set(&image, IMAGE_FAILED,
			arena_printf(arena,
				"The scan met an internal error %u times and was given up; push "
				"the image again to retry. The last one: %s",
				job->attempts + 1, err_text(why)),
			err);
	arena_free(&arena);
	return rc < 0 ? rc : 0;
}

/* --- layers */

/* Looks one layer up; remembers it as missing when it must be analyzed first. */
static int find_layer(struct image_scan *image, size_t index, struct err *err)
{
	const struct oci_descriptor *layer = &image->manifest.layers.items[index];
	struct scan_layer_found found;
	for (size_t i = 0; i < index; i++) {
		if (str_eq(image->manifest.layers.items[i].digest, layer->digest)) {
			image->layers[index] = image->layers[i];
			return 0;
		}
	}
	int rc = scan_layer_find(image->scan, image->arena, layer->digest, &found, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (found.stored && found.inventory.state == LAYER_FAILED && image->pushed &&
		scan_layer_may_retry(image->scan, layer->digest)) {
		rc = scan_layer_forget(image->scan, layer->digest, err);
		if (rc < 0)
			return err_trace(err, rc);
		found.stored = false;
	}
	if (!found.stored) {
		AVEC_PUSH(image->arena, &image->missing, layer->digest);
		return 0;
	}
	image->layers[index] = ARENA_NEW(image->arena, struct layer_inventory);
	*image->layers[index] = found.inventory;
	return 0;
}

static int find_layers(struct image_scan *image, struct err *err)
{
	size_t count = image->manifest.layers.n;
	image->layers = ARENA_ARRAY(image->arena, count, struct layer_inventory *);
	for (size_t i = 0; i < count; i++) {
		int rc = find_layer(image, i, err);
		if (rc < 0)
			return err_trace(err, rc);
		if (arena_exceeded(image->arena))
			return 0;
	}
	return 0;
}

/* Is a missing layer one that can never come? Then *reason says so. */
static int check_missing(struct image_scan *image, struct str *reason, struct err *err)
{
	for (size_t i = 0; i < image->manifest.layers.n; i++) {
		const struct oci_descriptor *layer = &image->manifest.layers.items[i];
		AUTO_CLOSE int fd = -1;
		uint64_t size;
		if (image->layers[i])
			continue;
		int rc = blob_open(image->scan->settings.blobs, layer->digest, &fd, &size, err);
		if (rc < 0)
			return err_wrap(err, rc, "opening layer " STR_FMT, STR_ARG(layer->digest));
		if (rc != BLOB_ABSENT)
			continue;
		*reason = arena_printf(image->arena,
			oci_descriptor_is_foreign(layer)
				? "Layer " STR_FMT
				  " may not be distributed and is not stored here, so the image "
				  "cannot be read whole."
				: "Layer " STR_FMT " is not stored any more; push the image again.",
			STR_ARG(layer->digest));
		return 0;
	}
	return 0;
}

static int wait_for_layers(struct image_scan *image, struct err *err)
{
	struct str reason = STR("");
	int rc = check_missing(image, &reason, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (reason.n)
		return finish_without_set(image, IMAGE_FAILED, reason, err);
	scan_queue_image_wait(
		image->scan->queue, image->row.digest, image->missing.items, image->missing.n);
	return SCAN_IMAGE_WAITS;
}

static struct str layer_failure(const struct image_scan *image)
{
	for (size_t i = 0; i < image->manifest.layers.n; i++) {
		const struct layer_inventory *layer = image->layers[i];
		if (layer->state != LAYER_OK)
			return arena_printf(image->arena, "Layer " STR_FMT "%s: " STR_FMT,
				STR_ARG(image->manifest.layers.items[i].digest),
				layer->state == LAYER_NOT_A_LAYER ? " is not a layer"
								  : " could not be read",
				STR_ARG(layer->reason));
	}
	return STR("");
}

/* The diff IDs are computed, never believed; a configuration that says otherwise is remarked on. */
static void compare_diff_ids(struct image_scan *image)
{
	size_t count = image->manifest.layers.n;
	const char *remark = NULL;
	if (!image->has_config)
		return;
	if (image->config.diff_ids.n != count)
		remark = "Its configuration names another number of layers than its manifest.";
	for (size_t i = 0; i < count && !remark; i++) {
		if (!str_eq(image->config.diff_ids.items[i], image->layers[i]->diff_id))
			remark = "Its configuration names other layer contents (diff IDs) than its "
				 "layers have.";
	}
	if (remark)
		image->remark = str_from(remark);
}

/* --- the package set */

static int write_set(struct db_conn *c, void *argument, struct err *err)
{
	struct image_scan *image = argument;
	const struct image_inventory *inventory = &image->inventory;
	size_t count = inventory->packages.n;
	struct store_set_entry *entries = ARENA_ARRAY(image->arena, count, struct store_set_entry);
	int rc = store_platform_ensure(c, &inventory->platform, &image->row.platform, err);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		const struct image_package *package = &inventory->packages.items[i];
		entries[i].first_layer = package->first_layer;
		entries[i].evidence_layer = package->evidence_layer;
		entries[i].evidence = package->evidence;
		entries[i].suppressed = package->suppressed;
		rc = store_package_ensure(c, &package->package, &entries[i].package, err);
	}
	if (rc >= 0)
		rc = store_image_set_put(c, image->row.digest, entries, count, err);
	if (rc >= 0)
		rc = store_image_update(c, &image->row, err);
	return rc < 0 ? err_trace(err, rc) : 0;
}

static int finish_with_set(struct image_scan *image, struct err *err)
{
	struct scan_coordinator *scan = image->scan;
	image->row.state = IMAGE_PENDING;
	image->row.reason =
		image->remark.n ? arena_printf(image->arena, "\n" STR_FMT, STR_ARG(image->remark))
				: STR("");
	image->row.package_count = image_packages_counted(&image->inventory);
	image->row.snapshot = STR("");
	image->row.counts = (struct severity_counts){ 0 };
	image->row.not_evaluated = 0;
	image->row.scanned_us = clock_wall(scan->settings.clock);
	image->row.attempts = 0;
	int rc = store_write(scan->settings.store, write_set, image, err);
	if (rc < 0)
		return err_wrap(err, rc, "storing the packages of image " STR_FMT,
			STR_ARG(image->row.digest));
	rc = scan->settings.hooks.image_ready(scan->settings.hooks.context, image->row.digest, err);
	if (rc < 0)
		return err_wrap(err, rc, "judging image " STR_FMT, STR_ARG(image->row.digest));
	return SCAN_IMAGE_DONE;
}

static struct str nothing_to_read(const struct image_scan *image)
{
	const struct image_inventory *inventory = &image->inventory;
	struct str os = inventory->platform.os_name.n ? inventory->platform.os_name
						      : inventory->platform.os_id;
	if (inventory->has_database)
		return STR("Its package database is empty.");
	if (!inventory->has_os || !os.n)
		return STR("No package database that lazaret reads was found.");
	return arena_printf(image->arena,
		"No package database that lazaret reads was found (it says it is " STR_FMT ").",
		STR_ARG(os));
}

static int put_together(struct image_scan *image, struct err *err)
{
	struct str failure = layer_failure(image);
	if (failure.n)
		return finish_without_set(image, IMAGE_FAILED, failure, err);
	compare_diff_ids(image);
	squash_layers(image->arena, (const struct layer_inventory *const *)image->layers,
		image->manifest.layers.n, &image->inventory);
	if (image->inventory.partial.n)
		image->remark = image->remark.n ? arena_printf(image->arena, STR_FMT " " STR_FMT,
							  STR_ARG(image->remark),
							  STR_ARG(image->inventory.partial))
						: image->inventory.partial;
	if (image->inventory.exceeded)
		return finish_without_set(image, IMAGE_FAILED,
			STR("Putting its layers together takes more work than an image may."), err);
	if (!image->inventory.packages.n)
		return finish_without_set(image, IMAGE_UNSUPPORTED, nothing_to_read(image), err);
	return finish_with_set(image, err);
}

/* What is no container image for lazaret, from manifest and configuration alone; empty: it is. */
static struct str unsupported(struct image_scan *image)
{
	const struct oci_manifest *manifest = &image->manifest;
	if (manifest->kind == OCI_KIND_ARTIFACT)
		return arena_printf(image->arena,
			"An artifact of type " STR_FMT " is not a container image.",
			STR_ARG(manifest->artifact_type));
	if (oci_manifest_is_attestation(manifest))
		return STR("It is an attestation about an image, not a container image.");
	if (str_eq_nocase(image->config.os, STR("windows")))
		return STR("Windows images are not supported.");
	if (!manifest->layers.n)
		return STR("It has no layers, so there is no package database.");
	return STR("");
}

static int scan_image_in(struct image_scan *image, struct err *err)
{
	int rc = store_read(image->scan->settings.store, read_image, image, err);
	if (rc < 0)
		return err_trace(err, rc);
	/* No row: an index, or deleted meanwhile. */
	if (rc == STORE_ABSENT || !is_due(image))
		return SCAN_IMAGE_DONE;
	rc = oci_manifest_parse(
		image->arena, image->stored.bytes, image->stored.media_type, &image->manifest, err);
	if (rc < 0)
		return err_wrap(err, rc, "reading manifest " STR_FMT, STR_ARG(image->row.digest));
	if (image->manifest.kind == OCI_KIND_INDEX)
		return SCAN_IMAGE_DONE;
	image->row.layer_digests = join_layer_digests(image->arena, &image->manifest);
	if (image->manifest.kind == OCI_KIND_IMAGE) {
		rc = read_config(image, err);
		if (rc < 0)
			return err_trace(err, rc);
	}
	struct str why_not = unsupported(image);
	if (why_not.n)
		return finish_without_set(image, IMAGE_UNSUPPORTED, why_not, err);
	rc = find_layers(image, err);
	if (rc < 0)
		return err_trace(err, rc);
	if (arena_exceeded(image->arena))
		return finish_without_set(image, IMAGE_FAILED,
			STR("The package lists of its layers are larger than the budget of an "
			    "image."),
			err);
	if (image->missing.n)
		return wait_for_layers(image, err);
	return put_together(image, err);
}

int scan_image(struct scan_coordinator *scan, const struct scan_image_job *job, struct err *err)
{
	struct arena *arena = arena_new(LIMIT_IMAGE_SCAN_BYTES);
	struct image_scan image = { .scan = scan, .arena = arena, .pushed = job->pushed };
	image.row.digest = str_from(job->digest);
	int rc = scan_image_in(&image, err);
	arena_free(&arena);
	return rc;
}
