/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes of the verbs that report findings; see threshold.h. */
#include "cmd/threshold.h"

enum cli_exit threshold_from_cli(const struct cli *cli, struct threshold *threshold)
{
	static const struct {
		struct str word;
		enum severity from;
	} words[] = {
		{ STR_INIT("critical"), SEVERITY_CRITICAL },
		{ STR_INIT("high"), SEVERITY_HIGH },
		{ STR_INIT("medium"), SEVERITY_MEDIUM },
		{ STR_INIT("low"), SEVERITY_LOW },
		{ STR_INIT("any"), SEVERITY_UNKNOWN },
	};
	*threshold = (struct threshold){ 0 };
	struct str asked = str_from(cli_option(cli, "fail-on"));
	if (!asked.p)
		return CLI_DONE;
	threshold->set = true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq_nocase(asked, words[i].word)) {
			threshold->from = words[i].from;
			return CLI_DONE;
		}
	}
	return cli_misuse(cli, "--fail-on " STR_FMT ": critical, high, medium, low or any expected",
		STR_ARG(str_sub(asked, 0, 40)));
}

enum cli_exit threshold_exit(const struct threshold *threshold, enum image_state state,
	const struct severity_counts *counts)
{
	if (state == IMAGE_NO_ADVISORIES)
		return threshold->set ? CLI_FAILURE : CLI_DONE;
	if (state != IMAGE_HEALTHY && state != IMAGE_UNHEALTHY)
		return CLI_FAILURE;
	if (!threshold->set)
		return CLI_DONE;
	for (int severity = (int)threshold->from; severity <= SEVERITY_CRITICAL; severity++)
		if (counts->by_severity[severity])
			return CLI_FINDINGS;
	return CLI_DONE;
}

enum cli_exit threshold_worse(enum cli_exit a, enum cli_exit b)
{
	return a > b ? a : b;
}
