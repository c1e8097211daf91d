/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets of workers from the settings; see scan_workers.h. */
#include "cmd/scan_workers.h"

struct worker_settings scan_worker_settings(const struct config *config)
{
	struct worker_settings settings = {
		.count = (unsigned)config_number(config, SETTING_SCAN_WORKERS),
		.budget = worker_budget_default(),
	};
	settings.budget.inflated_bytes = config_number(config, SETTING_SCAN_LAYER_BYTES);
	settings.budget.entries = config_number(config, SETTING_SCAN_LAYER_ENTRIES);
	settings.budget.database_bytes = config_number(config, SETTING_SCAN_DATABASE_BYTES);
	settings.budget.file_bytes = config_number(config, SETTING_SCAN_FILE_BYTES);
	settings.budget.nested_bytes = config_number(config, SETTING_SCAN_NESTED_BYTES);
	settings.budget.nested_entries = config_number(config, SETTING_SCAN_NESTED_ENTRIES);
	settings.budget.nested_depth = config_number(config, SETTING_SCAN_NESTED_DEPTH);
	settings.budget.memory_bytes = config_number(config, SETTING_SCAN_WORKER_BYTES);
	settings.budget.wall_seconds = (unsigned)config_number(config, SETTING_SCAN_LAYER_SECONDS);
	settings.budget.cpu_seconds =
		(unsigned)config_number(config, SETTING_SCAN_LAYER_CPU_SECONDS);
	return settings;
}
