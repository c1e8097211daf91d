/* SPDX-License-Identifier: Apache-2.0 */
/* `lazaret config`: test and print settings without starting anything. */
#include "cmd/config.h"
#include "cmd/verbs.h"

enum { SHOW_BYTES = 1 << 20 };

enum cli_exit verb_config_check(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config *config;
	if (config_from_cli(cli, &config, &err)) {
		cli_note("%s", err_text(&err));
		return CLI_USAGE;
	}
	return cli_print(STR("the configuration is valid\n"));
}

enum cli_exit verb_config_show(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct config defaults;
	struct config *config = &defaults;
	config_defaults(&defaults);
	if (!cli_option(cli, "defaults") && config_from_cli(cli, &config, &err)) {
		cli_note("%s", err_text(&err));
		return CLI_USAGE;
	}
	AUTO_STRBUF struct strbuf text = STRBUF(SHOW_BYTES);
	config_show(config, &text);
	return cli_print(strbuf_view(&text));
}

enum cli_exit verb_config_doc(struct cli *cli)
{
	(void)cli;
	AUTO_STRBUF struct strbuf text = STRBUF(SHOW_BYTES);
	config_show_markdown(&text);
	return cli_print(strbuf_view(&text));
}
