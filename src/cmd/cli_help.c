/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help for people and docs/cli.md, both from the verb table. Paragraphs of the help texts are
 * filled to the width here; lines that begin with a blank are examples and stay as they are.
 */
#include "cmd/cli.h"

enum { HELP_WIDTH = 78, OPTION_COLUMN = 30 };

static void add_paragraph(struct strbuf *out, struct str text, size_t width)
{
	while (text.n) {
		struct str line = text;
		if (line.n > width) {
			size_t space = str_rfind(str_sub(text, 0, width + 1), ' ');
			line = str_sub(text, 0, space == STR_NONE ? width : space);
		}
		strbuf_addf(out, STR_FMT "\n", STR_ARG(line));
		text = str_trim(str_skip(text, line.n));
	}
}

static void add_help_text(struct strbuf *out, const char *help)
{
	struct str rest = str_from(help);
	struct str line;
	while (str_cut(&rest, '\n', &line)) {
		if (line.n == 0 || line.p[0] == ' ')
			strbuf_addf(out, STR_FMT "\n", STR_ARG(line));
		else
			add_paragraph(out, line, HELP_WIDTH);
	}
}

static void add_usage(struct strbuf *out, const struct cli_verb *verb)
{
	strbuf_addf(out, "lazaret %s%s%s%s", verb->name,
		verb->options[0].name ? " [OPTION...]" : "", verb->arguments[0] ? " " : "",
		verb->arguments);
}

void cli_help_verb(const struct cli_verb *verb, struct strbuf *out)
{
	strbuf_add_cstr(out, "usage: ");
	add_usage(out, verb);
	strbuf_addf(out, "\n\n%s\n\n", verb->doc);
	add_help_text(out, verb->help);
	if (verb->options[0].name)
		strbuf_add_cstr(out, "\noptions:\n");
	for (const struct cli_option *o = verb->options; o->name; o++) {
		size_t from = out->n;
		strbuf_addf(
			out, "  --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		size_t column = out->n - from;
		strbuf_addf(out, "%*s%s\n",
			column < OPTION_COLUMN ? (int)(OPTION_COLUMN - column) : 2, "", o->doc);
	}
}

void cli_help_all(struct strbuf *out)
{
	strbuf_add_cstr(out,
		"lazaret - a container registry that inspects everything that enters port\n\n"
		"usage: lazaret VERB [OPTION...] [ARGUMENT...]\n\n");
	for (size_t i = 0; i < cli_verb_count; i++)
		if (!cli_verbs[i].hidden)
			strbuf_addf(out, "  %-20s %s\n", cli_verbs[i].name, cli_verbs[i].doc);
	strbuf_add_cstr(out,
		"\nlazaret help VERB explains one; lazaret --version prints the version.\n"
		"Exit codes: 0 done, 1 findings at or over the asked severity, 2 wrong usage, "
		"3 failure.\n");
}

/* "|" would end a table cell. */
static void add_cell(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, *text);
	}
}

static void add_markdown_text(struct strbuf *out, const char *help)
{
	struct str rest = str_from(help);
	struct str line;
	bool example = false;
	while (str_cut(&rest, '\n', &line)) {
		bool indented = line.n && line.p[0] == ' ';
		if (indented != example)
			strbuf_add_cstr(out, "```\n");
		example = indented;
		strbuf_addf(out, STR_FMT "\n", STR_ARG(indented ? str_trim(line) : line));
	}
	if (example)
		strbuf_add_cstr(out, "```\n");
}

static void add_markdown_verb(struct strbuf *out, const struct cli_verb *verb)
{
	strbuf_addf(out, "\n## lazaret %s\n\n```\n", verb->name);
	add_usage(out, verb);
	strbuf_add_cstr(out, "\n```\n\n");
	add_markdown_text(out, verb->help);
	if (verb->options[0].name)
		strbuf_add_cstr(out, "\n| option | |\n| --- | --- |\n");
	for (const struct cli_option *o = verb->options; o->name; o++) {
		strbuf_addf(out, "| `--%s%s%s` | ", o->name, o->value ? " " : "",
			o->value ? o->value : "");
		add_cell(out, o->doc);
		strbuf_add_cstr(out, " |\n");
	}
}

void cli_help_markdown(struct strbuf *out)
{
	strbuf_add_cstr(out,
		"# Command line\n\n"
		"This page is made by `lazaret help --markdown` from the program's own table.\n\n"
		"Exit codes: 0 done, 1 findings at or over the asked severity, 2 wrong usage or "
		"configuration, 3 failure. Results go to standard output, messages to standard "
		"error. Options and arguments may be mixed; `--` ends the options.\n\n"
		"| verb | |\n| --- | --- |\n");
	for (size_t i = 0; i < cli_verb_count; i++)
		if (!cli_verbs[i].hidden)
			strbuf_addf(out, "| `lazaret %s` | %s |\n", cli_verbs[i].name,
				cli_verbs[i].doc);
	for (size_t i = 0; i < cli_verb_count; i++)
		if (!cli_verbs[i].hidden)
			add_markdown_verb(out, &cli_verbs[i]);
	strbuf_add_cstr(out, "\n## For the project's own tools\n\n");
	for (size_t i = 0; i < cli_verb_count; i++)
		if (cli_verbs[i].hidden)
			strbuf_addf(
				out, "- `lazaret %s`: %s\n", cli_verbs[i].name, cli_verbs[i].doc);
}
