/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image configurations (contract in manifest.h). Read only by the scan, to compare the diffIDs it
 * computed with the ones the image claims and to say which instruction made a layer. A registry
 * must store configurations it does not understand, so nothing of this decides over a push.
 */
#include "oci/manifest.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "oci/digest.h"

/* More history than layers is normal (ENV, CMD …), thousands of lines are not. */
enum { HISTORY_MAX = 10 * LIMIT_LAYERS };

static int read_diff_ids(
	struct arena *arena, const json_t *root, struct oci_config *config, struct err *err)
{
	const json_t *rootfs = json_obj(root, "rootfs");
	if (!rootfs)
		return err_set(err, EINVAL, "rootfs is missing or not an object");
	const json_t *list = json_object_get(rootfs, "diff_ids");
	if (list && !json_is_array(list) && !json_is_null(list))
		return err_set(err, EINVAL, "rootfs.diff_ids is not a list");
	if (json_array_size(list) > LIMIT_LAYERS)
		return err_set(err, EINVAL,
			"rootfs.diff_ids has %zu entries, more than the %d allowed",
			json_array_size(list), LIMIT_LAYERS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct str id = json_text(json_array_get(list, i));
		if (!oci_digest_valid(id))
			return err_set(err, EINVAL, "rootfs.diff_ids[%zu] is not a digest", i);
		AVEC_PUSH(arena, &config->diff_ids, id);
	}
	return 0;
}

static int read_history(
	struct arena *arena, const json_t *root, struct oci_config *config, struct err *err)
{
	const json_t *list = json_list(root, "history");
	if (json_array_size(list) > HISTORY_MAX)
		return err_set(err, EINVAL, "history has %zu entries, more than the %d allowed",
			json_array_size(list), HISTORY_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		struct oci_history history = {
			.created_by = json_str(entry, "created_by"),
			.empty_layer = json_is_true(json_object_get(entry, "empty_layer")),
		};
		AVEC_PUSH(arena, &config->history, history);
	}
	return 0;
}

int oci_config_parse(
	struct arena *arena, struct str bytes, struct oci_config *config, struct err *err)
{
	json_t *root;
	*config = (struct oci_config){ .created_us = TIME_NONE };
	if (json_values_at_most(bytes) > LIMIT_DOCUMENT_VALUES)
		return err_set(err, E2BIG, "the configuration holds more than %zu JSON values",
			LIMIT_DOCUMENT_VALUES);
	int rc = json_parse_unique_arena(arena, bytes, LIMIT_CONFIG_BYTES, &root, err);
	if (rc < 0)
		return err_wrap(err, rc, "the image configuration cannot be read");
	if (!json_is_object(root))
		return err_set(err, EINVAL, "the image configuration is not a JSON object");
	config->os = json_str(root, "os");
	config->architecture = json_str(root, "architecture");
	config->variant = json_str(root, "variant");
	struct str created = json_str(root, "created");
	if (!time_parse(created, &config->created_us))
		config->created_us = TIME_NONE;
	rc = read_diff_ids(arena, root, config, err);
	if (rc < 0)
		return err_trace(err, rc);
	return read_history(arena, root, config, err);
}
