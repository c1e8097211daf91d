/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame every verb of `lazaret` runs in. A verb is a row of verbs.def (name, handler, options,
 * arguments, one line, long help); main() finds the row, parses the options by the row's table and
 * calls the handler, which returns the exit code. Help texts and docs/cli.md come from the same
 * rows, so they cannot differ from what the program accepts.
 *
 * A handler takes what it needs with cli_option() and cli->arguments, prints results to standard
 * output with cli_print(), and reports a failure once, with cli_fail(). Text lives in cli->arena,
 * which lives as long as the process. Handlers run on the main thread.
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "report/report.h"

enum cli_exit {
	CLI_DONE = 0,
	CLI_FINDINGS = 1, /* findings at or over the asked severity; damage (check) */
	CLI_USAGE = 2,	  /* the command line or the configuration is wrong */
	CLI_FAILURE = 3,  /* it could not be done */
};

struct cli_option {
	const char *name;  /* without "--" */
	const char *value; /* what the help calls its value ("DIR"); NULL: a flag */
	const char *doc;   /* one line */
};

struct cli;
typedef enum cli_exit (*cli_handler)(struct cli *cli);

struct cli_verb {
	const char *name; /* one or two words: "scan", "image ls" */
	cli_handler handler;
	const struct cli_option *options; /* ends with a NULL name */
	const char *arguments;		  /* "TARGET…"; empty: takes none */
	unsigned least_arguments;
	unsigned most_arguments;
	bool hidden; /* works, but is not listed for people */
	const char *doc;
	const char *help; /* paragraphs and examples */
};

enum { CLI_VALUES_MAX = 64 };

struct cli_value { /* one option as given, in order */
	const struct cli_option *option;
	const char *text; /* "" for flags */
};

struct cli {
	const struct cli_verb *verb;
	struct arena *arena;
	const char *const *arguments;
	size_t argument_count;
	struct cli_value values[CLI_VALUES_MAX];
	size_t value_count;
};

/* The table of all verbs, in the order of verbs.def. */
extern const struct cli_verb cli_verbs[];
extern const size_t cli_verb_count;

/*
 * Finds the verb and parses what follows it. Options and arguments may be mixed; "--" ends the
 * options; "-" is an argument. -EINVAL with words for people. words[0] is the first word after the
 * program's name. With --help among the options *help is set and nothing else is checked.
 */
int cli_parse(struct cli *cli, int count, char **words, bool *help, struct err *err) MUST_CHECK;
/* The verb of the leading words, and how many words its name has; NULL: no such verb. */
const struct cli_verb *cli_find(int count, char *const *words, int *used);

/* The last value given for the option; NULL: not given; "" for a given flag. */
const char *cli_option(const struct cli *cli, const char *name);

/* "lazaret: <what>: <err>" on standard error; returns CLI_FAILURE. err may be NULL. */
enum cli_exit cli_fail(const struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for what the user can repair on the command line; returns CLI_USAGE. With cli the usage
 * line of its verb follows; NULL where that would not help (a setting is wrong). */
enum cli_exit cli_misuse(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* "lazaret: <words>" on standard error: a note that is not a failure, or a hint after one. */
void cli_note(const char *format, ...) PRINTF_LIKE(1, 2);
/* Results. Returns CLI_DONE, or CLI_FAILURE (said) when standard output takes no more. */
enum cli_exit cli_print(struct str text);
/* Columns of the terminal on standard output; 0 when it is none (do not cut lines). */
unsigned cli_width(void);
/* --format: table (default) or json; anything else is a CLI_USAGE that is already said. */
enum cli_exit cli_format(const struct cli *cli, bool *json);

/* --format of verbs that report one image: one of report/formats.def, table when not given. */
enum cli_exit cli_report_format(const struct cli *cli, enum report_format *format);

/* Help: of one verb, of all, and docs/cli.md. */
void cli_help_verb(const struct cli_verb *verb, struct strbuf *out);
void cli_help_all(struct strbuf *out);
void cli_help_markdown(struct strbuf *out);

#endif
