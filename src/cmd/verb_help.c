/* SPDX-License-Identifier: Apache-2.0 */
/* `lazaret help`: the texts of cli_help.c. */
#include "cmd/verbs.h"

enum { HELP_BYTES = 1 << 20 };

enum cli_exit verb_help(struct cli *cli)
{
	AUTO_STRBUF struct strbuf text = STRBUF(HELP_BYTES);
	if (cli_option(cli, "markdown")) {
		cli_help_markdown(&text);
		return cli_print(strbuf_view(&text));
	}
	if (cli->argument_count == 0) {
		cli_help_all(&text);
		return cli_print(strbuf_view(&text));
	}
	struct strbuf name = STRBUF(HELP_BYTES);
	for (size_t i = 0; i < cli->argument_count; i++)
		strbuf_addf(&name, "%s%s", i ? " " : "", cli->arguments[i]);
	struct str wanted = arena_str(cli->arena, strbuf_view(&name));
	strbuf_free(&name);
	size_t found = 0;
	for (size_t i = 0; i < cli_verb_count; i++) {
		struct str verb = str_from(cli_verbs[i].name);
		bool group = str_starts(verb, wanted) && verb.n > wanted.n &&
			     verb.p[wanted.n] == ' ' && !cli_verbs[i].hidden;
		if (!group && !str_eq(verb, wanted))
			continue;
		if (found++)
			strbuf_add_char(&text, '\n');
		cli_help_verb(&cli_verbs[i], &text);
	}
	if (!found)
		return cli_misuse(
			cli, "there is no verb \"" STR_FMT "\"", STR_ARG(str_sub(wanted, 0, 80)));
	return cli_print(strbuf_view(&text));
}
