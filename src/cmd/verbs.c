/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of verbs: rows of verbs.def with the options each one takes. An option means the same
 * in every verb that has it.
 */
#include "cmd/verbs.h"

#define OPTION_CONFIG                                                                              \
	{                                                                                          \
		"config", "FILE", "YAML file with settings (also LAZARET_CONFIG)"                  \
	}
#define OPTION_SET                                                                                 \
	{                                                                                          \
		"set", "SECTION.KEY=VALUE", "one setting; may be repeated"                         \
	}
#define OPTION_DATA                                                                                \
	{                                                                                          \
		"data", "DIR", "data directory (default lazaret-data)"                             \
	}
#define OPTION_FORMAT                                                                              \
	{                                                                                          \
		"format", "FORM", "table (default) or json"                                        \
	}
/* "table (default), json, …" from the table of formats. */
#define FORMAT(id, name, media_type, doc) ", " name
static const char report_format_doc[] = "one of (default table)"
#include "report/formats.def"
	;
#undef FORMAT
#define OPTION_REPORT_FORMAT                                                                       \
	{                                                                                          \
		"format", "FORM", report_format_doc                                                \
	}
#define OPTION_SERVER                                                                              \
	{                                                                                          \
		"server", "URL", "server to ask (default http://127.0.0.1:5000)"                   \
	}
#define OPTION_FAIL_ON                                                                             \
	{                                                                                          \
		"fail-on", "SEVERITY", "exit 1 from this severity on"                              \
	}
#define OPTION_PLATFORM                                                                            \
	{                                                                                          \
		"platform", "OS/ARCH", "only images for this platform"                             \
	}
#define OPTION_END                                                                                 \
	{                                                                                          \
		NULL, NULL, NULL                                                                   \
	}

static const struct cli_option options_serve[] = {
	OPTION_DATA,
	{ "listen", "ADDRESS:PORT", "where to listen (default 127.0.0.1:5000)" },
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_scan[] = {
	OPTION_DATA,
	OPTION_REPORT_FORMAT,
	OPTION_FAIL_ON,
	OPTION_PLATFORM,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_image_ls[] = {
	OPTION_SERVER,
	{ "repository", "NAME", "only images of this repository" },
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_image_findings[] = {
	OPTION_SERVER,
	OPTION_REPORT_FORMAT,
	OPTION_FAIL_ON,
	{ "wait", "SECONDS", "wait so long for a verdict" },
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_advisories_import[] = {
	OPTION_DATA,
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_advisories_update[] = {
	OPTION_DATA,
	{ "url", "BASE", "where the archives are (default: the public OSV export)" },
	{ "ecosystem", "NAME", "OSV ecosystem; may be repeated (default Debian, Alpine)" },
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_advisories_status[] = {
	OPTION_DATA,
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_check[] = {
	OPTION_DATA,
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_gc[] = {
	{ "dry-run", NULL, "say what a round would remove, and change nothing" },
	{ "now", NULL, "run a round now" },
	OPTION_SERVER,
	OPTION_FORMAT,
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_config[] = { OPTION_CONFIG, OPTION_SET, OPTION_END };
static const struct cli_option options_config_show[] = {
	{ "defaults", NULL, "the defaults instead of what is in force" },
	OPTION_CONFIG,
	OPTION_SET,
	OPTION_END,
};
static const struct cli_option options_help[] = {
	{ "markdown", NULL, "print docs/cli.md" },
	OPTION_END,
};
static const struct cli_option options_none[] = { OPTION_END };

const struct cli_verb cli_verbs[] = {
#define VERB(id, name, options, arguments, least, most, hidden, doc, help)                         \
	{ name, verb_##id, options_##options, arguments, least, most, hidden, doc, help },
#include "cmd/verbs.def"
#undef VERB
};
const size_t cli_verb_count = sizeof(cli_verbs) / sizeof(cli_verbs[0]);
