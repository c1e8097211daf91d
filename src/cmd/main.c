/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program `lazaret`: finds the verb, parses its options, runs it, returns its exit code.
 * SIGPIPE is ignored for the whole process: a reader that went away is an error of the write that
 * meets it, in the server as in `lazaret image ls | head`.
 */
#include "cmd/cli.h"

#include <signal.h>

static bool word_is(const char *word, const char *expected)
{
	return str_eq(str_from(word), str_from(expected));
}

static enum cli_exit print_help(const struct cli_verb *verb)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 20);
	if (verb)
		cli_help_verb(verb, &text);
	else
		cli_help_all(&text);
	return cli_print(strbuf_view(&text));
}

static enum cli_exit run(struct cli *cli, int count, char **words)
{
	struct err err = ERR_INIT;
	bool help = false;
	if (cli_parse(cli, count, words, &help, &err))
		return cli_misuse(cli, "%s", err_text(&err));
	if (help)
		return print_help(cli->verb);
	return cli->verb->handler(cli);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		(void)print_help(NULL);
		return CLI_USAGE;
	}
	if (word_is(argv[1], "--help") || word_is(argv[1], "-h"))
		return (int)print_help(NULL);
	if (word_is(argv[1], "--version"))
		return (int)cli_print(STR("lazaret " LAZARET_VERSION "\n"));
	struct arena *arena = arena_new(0);
	struct cli cli = { .arena = arena };
	enum cli_exit code = run(&cli, argc - 1, argv + 1);
	arena_free(&arena);
	return (int)code;
}
