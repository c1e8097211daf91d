/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the configuration only: config.c checks what config_yaml.c reads. */
#ifndef CMD_CONFIG_PRIVATE_H
#define CMD_CONFIG_PRIVATE_H

#include "cmd/config.h"

/* Checks text against the setting's row and stores it. origin: where it stands, for words. */
int setting_assign(struct arena *arena, struct config *config, enum setting setting,
	struct str text, enum setting_source source, const char *origin,
	struct err *err) MUST_CHECK;

#endif
