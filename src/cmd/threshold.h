/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --fail-on: from which severity on findings make the exit code 1. "any" counts findings of unknown
 * severity too. Pure functions.
 */
#ifndef CMD_THRESHOLD_H
#define CMD_THRESHOLD_H

#include "cmd/cli.h"
#include "inventory/finding.h"

struct threshold {
	bool set;
	enum severity from; /* SEVERITY_UNKNOWN: any */
};

/* From the option --fail-on; a wrong word is a CLI_USAGE that is already said. */
enum cli_exit threshold_from_cli(const struct cli *cli, struct threshold *threshold);
/*
 * Exit code of one image: without a verdict CLI_FAILURE where nothing could be said about it
 * (Failed, Unsupported, NotScanned), and for NoAdvisories when a threshold was asked for, because a
 * gate must not open for what nobody judged.
 */
enum cli_exit threshold_exit(const struct threshold *threshold, enum image_state state,
	const struct severity_counts *counts);
/* The stronger of two exit codes: a failure hides findings, findings hide success. */
enum cli_exit threshold_worse(enum cli_exit a, enum cli_exit b);

#endif
