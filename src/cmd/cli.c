/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options, messages and output of the verbs (contract in cli.h). getopt_long is driven by the row
 * of the verb: its long options are built from the row's table, so there is no second list. Its own
 * messages are off; ours name the verb and where its help is.
 */
#include "cmd/cli.h"
#include "os/file.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { OPTIONS_MAX = 24, HELP_CODE = 1000, MESSAGE_MAX = 2048 };

static bool verb_matches(const struct cli_verb *verb, int count, char *const *words, int *used)
{
	struct str rest = str_from(verb->name);
	struct str word;
	int at = 0;
	while (str_cut(&rest, ' ', &word)) {
		if (at >= count || !str_eq(word, str_from(words[at])))
			return false;
		at++;
	}
	*used = at;
	return true;
}

const struct cli_verb *cli_find(int count, char *const *words, int *used)
{
	for (size_t i = 0; i < cli_verb_count; i++)
		if (verb_matches(&cli_verbs[i], count, words, used))
			return &cli_verbs[i];
	return NULL;
}

/* "image" alone, or "image lss": the verbs that begin so are the hint. */
static int unknown_verb(int count, char *const *words, struct err *err)
{
	char known[256];
	size_t n = 0;
	struct str first = str_from(words[0]);
	for (size_t i = 0; i < cli_verb_count; i++) {
		struct str name = str_from(cli_verbs[i].name);
		if (cli_verbs[i].hidden || !str_starts(name, first) || name.n <= first.n ||
			name.p[first.n] != ' ')
			continue;
		int added = snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", name.p);
		if (added < 0 || (size_t)added >= sizeof(known) - n)
			break;
		n += (size_t)added;
	}
	if (n && count > 1)
		return err_set(err, EINVAL, "there is no verb \"%.40s %.40s\"; there is %s",
			words[0], words[1], known);
	if (n)
		return err_set(err, EINVAL, "\"%.40s\" needs a second word: %s", words[0], known);
	return err_set(
		err, EINVAL, "there is no verb \"%.40s\"; `lazaret help` lists them", words[0]);
}

static int take_option(struct cli *cli, int code, struct err *err)
{
	if (cli->value_count == CLI_VALUES_MAX)
		return err_set(err, EINVAL, "too many options");
	const struct cli_option *option = &cli->verb->options[code];
	cli->values[cli->value_count++] = (struct cli_value){
		.option = option,
		.text = option->value ? optarg : "",
	};
	return 0;
}

static int check_argument_count(const struct cli *cli, struct err *err)
{
	const struct cli_verb *verb = cli->verb;
	if (cli->argument_count < verb->least_arguments)
		return err_set(err, EINVAL, "%s is missing", verb->arguments);
	if (cli->argument_count > verb->most_arguments)
		return err_set(err, EINVAL, "unexpected argument \"%.80s\"",
			cli->arguments[verb->most_arguments]);
	return 0;
}

int cli_parse(struct cli *cli, int count, char **words, bool *help, struct err *err)
{
	*help = false;
	int used = 0;
	cli->verb = cli_find(count, words, &used);
	if (!cli->verb)
		return unknown_verb(count, words, err);
	struct option options[OPTIONS_MAX] = { { "help", no_argument, NULL, HELP_CODE } };
	size_t n = 1;
	for (int i = 0; cli->verb->options[i].name; i++) {
		CHECK(n + 1 < OPTIONS_MAX);
		options[n++] = (struct option){
			.name = cli->verb->options[i].name,
			.has_arg = cli->verb->options[i].value ? required_argument : no_argument,
			.val = i,
		};
	}
	/* getopt_long skips element 0: the last word of the verb stands there. */
	int argc = count - used + 1;
	char **argv = words + used - 1;
	optind = 0;
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int code = getopt_long(argc, argv, ":h", options, NULL);
		if (code == -1)
			break;
		if (code == HELP_CODE || code == 'h') {
			*help = true;
			return 0;
		}
		const char *word = at < argc ? argv[at] : "";
		if (code == '?')
			return err_set(err, EINVAL, "unknown option \"%.80s\"",
				optopt && optopt < HELP_CODE ? argv[optind - 1] : word);
		if (code == ':')
			return err_set(
				err, EINVAL, "option \"%.80s\" needs a value", argv[optind - 1]);
		int r = take_option(cli, code, err);
		if (r)
			return err_trace(err, r);
	}
	cli->arguments = (const char *const *)(argv + optind);
	cli->argument_count = (size_t)(argc - optind);
	return check_argument_count(cli, err);
}

const char *cli_option(const struct cli *cli, const char *name)
{
	for (size_t i = cli->value_count; i-- > 0;)
		if (str_eq(str_from(cli->values[i].option->name), str_from(name)))
			return cli->values[i].text;
	return NULL;
}

/* One write for a whole message, so that lines of processes never mix. */
static void say(struct strbuf *message)
{
	strbuf_add_char(message, '\n');
	struct str text = strbuf_view(message);
	while (text.n) {
		ssize_t n = write(STDERR_FILENO, text.p, text.n);
		if (n <= 0)
			return; /* nobody is left to be told */
		text = str_skip(text, (size_t)n);
	}
}

enum cli_exit cli_fail(const struct err *err, const char *format, ...)
{
	AUTO_STRBUF struct strbuf message = STRBUF(MESSAGE_MAX);
	va_list args;
	va_start(args, format);
	strbuf_add_cstr(&message, "lazaret: ");
	strbuf_vaddf(&message, format, args);
	va_end(args);
	if (err)
		strbuf_addf(&message, ": %s", err_text(err));
	say(&message);
	return CLI_FAILURE;
}

enum cli_exit cli_misuse(const struct cli *cli, const char *format, ...)
{
	AUTO_STRBUF struct strbuf message = STRBUF(MESSAGE_MAX);
	va_list args;
	va_start(args, format);
	strbuf_add_cstr(&message, "lazaret: ");
	strbuf_vaddf(&message, format, args);
	va_end(args);
	if (cli && cli->verb)
		strbuf_addf(&message, "\nusage: lazaret %s%s%s%s; more: lazaret help %s",
			cli->verb->name, cli->verb->options[0].name ? " [OPTION...]" : "",
			cli->verb->arguments[0] ? " " : "", cli->verb->arguments, cli->verb->name);
	say(&message);
	return CLI_USAGE;
}

void cli_note(const char *format, ...)
{
	AUTO_STRBUF struct strbuf message = STRBUF(MESSAGE_MAX);
	va_list args;
	va_start(args, format);
	strbuf_add_cstr(&message, "lazaret: ");
	strbuf_vaddf(&message, format, args);
	va_end(args);
	say(&message);
}

enum cli_exit cli_print(struct str text)
{
	struct err err = ERR_INIT;
	while (text.n) {
		ssize_t n = write(STDOUT_FILENO, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno == EPIPE) /* the reader has seen enough: "lazaret … | head" */
				return CLI_FAILURE;
			(void)err_sys(&err, "writing standard output");
			return cli_fail(&err, "printing the result");
		}
		text = str_skip(text, (size_t)n);
	}
	return CLI_DONE;
}

unsigned cli_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 80;
	return size.ws_col;
}

enum cli_exit cli_format(const struct cli *cli, bool *json)
{
	struct str format = str_from(cli_option(cli, "format"));
	*json = str_eq(format, STR("json"));
	if (!format.p || *json || str_eq(format, STR("table")))
		return CLI_DONE;
	return cli_misuse(cli, "--format " STR_FMT ": table or json expected",
		STR_ARG(str_sub(format, 0, 40)));
}

enum cli_exit cli_report_format(const struct cli *cli, enum report_format *format)
{
	struct str name = str_from(cli_option(cli, "format"));
	*format = REPORT_TABLE;
	if (!name.p || report_format_parse(name, format))
		return CLI_DONE;
	return cli_misuse(cli, "--format " STR_FMT ": one of %s expected",
		STR_ARG(str_sub(name, 0, 40)), report_format_names());
}
