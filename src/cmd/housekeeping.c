/* SPDX-License-Identifier: Apache-2.0 */
/* The housekeeping thread (contract in housekeeping.h) and what the settings say about garbage. */
#include "cmd/housekeeping.h"

#include "base/log.h"
#include "os/periodic.h"

#include <stdlib.h>

static const int64_t second_us = 1000000;
static const int64_t day_us = (int64_t)24 * 3600 * 1000000;

struct housekeeping {
	struct registry *registry;
	struct periodic *rounds;
};

static void do_round(void *argument)
{
	struct housekeeping *keeper = argument;
	struct registry_gc_result result;
	struct err err = ERR_INIT;
	int rc = registry_gc_run(keeper->registry, REGISTRY_GC_POLICY_GRACE, &result, &err);
	if (result.manifests || result.links || result.blobs || result.uploads)
		log_event(EV_GC_ROUND, F_U64("manifests", result.manifests),
			F_U64("links", result.links), F_U64("blobs", result.blobs),
			F_U64("bytes", result.bytes), F_U64("uploads", result.uploads));
	if (rc < 0)
		log_event(EV_GC_FAILED, F_ERR(&err));
}

struct registry_gc_policy housekeeping_policy(const struct config *config)
{
	return (struct registry_gc_policy){
		.grace_us = (int64_t)config_number(config, SETTING_GC_GRACE_SECONDS) * second_us,
		.delete_untagged = str_eq(config_text(config, SETTING_GC_UNTAGGED), STR("delete")),
		.untagged_us = (int64_t)config_number(config, SETTING_GC_UNTAGGED_DAYS) * day_us,
		.delete_orphans = str_eq(config_text(config, SETTING_GC_ORPHANS), STR("delete")),
		.upload_us = (int64_t)config_number(config, SETTING_GC_UPLOAD_DAYS) * day_us,
	};
}

int housekeeping_start(struct registry *registry, const struct config *config,
	struct housekeeping **keeper, struct err *err)
{
	struct housekeeping *made = calloc(1, sizeof(*made));
	CHECK(made);
	made->registry = registry;
	int64_t pause = (int64_t)config_number(config, SETTING_GC_INTERVAL_SECONDS) * second_us;
	int rc = periodic_start("housekeeping", do_round, made, pause, &made->rounds, err);
	if (rc < 0) {
		free(made);
		return err_trace(err, rc);
	}
	*keeper = made;
	return 0;
}

void housekeeping_stop(struct housekeeping **keeper)
{
	if (*keeper)
		periodic_stop(&(*keeper)->rounds);
	free(*keeper);
	*keeper = NULL;
}
