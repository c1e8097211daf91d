/* SPDX-License-Identifier: Apache-2.0 */
/* The option parser under a table of its own: this program defines cli_verbs itself. */
#include "cmd/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum cli_exit nothing(struct cli *cli)
{
	(void)cli;
	return CLI_DONE;
}

static const struct cli_option options[] = {
	{ "format", "FORM", "form of output" },
	{ "set", "KEY=VALUE", "a setting" },
	{ "all", NULL, "everything" },
	{ NULL, NULL, NULL },
};

const struct cli_verb cli_verbs[] = {
	{ "scan", nothing, options, "TARGET...", 1, 2, false, "scan it", "Text.\n\n  example" },
	{ "image ls", nothing, options, "", 0, 0, false, "list them", "Text." },
	{ "image rm", nothing, options, "", 0, 0, false, "remove it", "Text." },
	{ "secret", nothing, options, "", 0, 0, true, "hidden one", "Text." },
};
const size_t cli_verb_count = sizeof(cli_verbs) / sizeof(cli_verbs[0]);

enum { WORDS_MAX = 16 };

struct parsed {
	struct cli cli;
	struct err err;
	bool help;
	int result;
	char *words[WORDS_MAX];
	char text[512];
};

/* Splits at blanks into writable words, as the program gets them. */
static void parse(struct parsed *p, const char *line)
{
	*p = (struct parsed){ .err = ERR_INIT };
	snprintf(p->text, sizeof(p->text), "lazaret %s", line);
	int count = 0;
	char *at = p->text;
	while (at && count < WORDS_MAX) {
		p->words[count++] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	p->result = cli_parse(&p->cli, count - 1, p->words + 1, &p->help, &p->err);
}

static void options_and_arguments_mix(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "scan --format json one --all two");
	assert_int_equal(p.result, 0);
	assert_string_equal(p.cli.verb->name, "scan");
	assert_string_equal(cli_option(&p.cli, "format"), "json");
	assert_string_equal(cli_option(&p.cli, "all"), "");
	assert_null(cli_option(&p.cli, "set"));
	assert_int_equal(p.cli.argument_count, 2);
	assert_string_equal(p.cli.arguments[0], "one");
	assert_string_equal(p.cli.arguments[1], "two");
}

static void last_value_wins_and_all_are_kept(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "image ls --set=a=1 --set b=2");
	assert_int_equal(p.result, 0);
	assert_string_equal(p.cli.verb->name, "image ls");
	assert_string_equal(cli_option(&p.cli, "set"), "b=2");
	assert_int_equal(p.cli.value_count, 2);
	assert_string_equal(p.cli.values[0].text, "a=1");
}

static void dash_is_an_argument_and_two_end_the_options(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "scan - -- --all");
	assert_int_equal(p.result, 0);
	assert_int_equal(p.cli.argument_count, 2);
	assert_string_equal(p.cli.arguments[0], "-");
	assert_string_equal(p.cli.arguments[1], "--all");
	assert_null(cli_option(&p.cli, "all"));
}

static void help_stops_the_checks(void **state)
{
	(void)state;
	struct parsed p;
	parse(&p, "scan --help");
	assert_int_equal(p.result, 0);
	assert_true(p.help);
	parse(&p, "image ls -h");
	assert_int_equal(p.result, 0);
	assert_true(p.help);
}

static void wrong_lines_are_refused_with_words(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *words;
	} rows[] = {
		{ "scna x", "no verb \"scna\"" },
		{ "image", "second word: image ls, image rm" },
		{ "image list", "there is image ls, image rm" },
		{ "scan", "TARGET... is missing" },
		{ "scan a b c", "unexpected argument \"c\"" },
		{ "image ls x", "unexpected argument \"x\"" },
		{ "scan --colour a", "--colour" },
		{ "scan -x a", "-x" },
		{ "scan a --format", "--format" },
		{ "scan a --all=yes", "--all" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p;
		parse(&p, rows[i].line);
		if (p.result != -EINVAL)
			fail_msg("\"%s\" is accepted", rows[i].line);
		if (!str_contains(str_from(err_text(&p.err)), str_from(rows[i].words)))
			fail_msg("\"%s\": \"%s\" does not say \"%s\"", rows[i].line,
				err_text(&p.err), rows[i].words);
	}
}

static void help_shows_what_is_accepted(void **state)
{
	(void)state;
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)1 << 16);
	cli_help_verb(&cli_verbs[0], &text);
	assert_true(str_contains(strbuf_view(&text), STR("--format FORM")));
	assert_true(str_contains(strbuf_view(&text), STR("lazaret scan [OPTION...] TARGET...")));
	strbuf_clear(&text);
	cli_help_all(&text);
	assert_true(str_contains(strbuf_view(&text), STR("image rm")));
	assert_false(str_contains(strbuf_view(&text), STR("hidden one")));
	strbuf_clear(&text);
	cli_help_markdown(&text);
	assert_true(str_contains(strbuf_view(&text), STR("## lazaret image ls")));
	assert_true(str_contains(strbuf_view(&text), STR("```\nexample\n```")));
	assert_false(str_contains(strbuf_view(&text), STR("## lazaret secret")));
	assert_true(str_contains(strbuf_view(&text), STR("- `lazaret secret`: hidden one")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_mix),
		cmocka_unit_test(last_value_wins_and_all_are_kept),
		cmocka_unit_test(dash_is_an_argument_and_two_end_the_options),
		cmocka_unit_test(help_stops_the_checks),
		cmocka_unit_test(wrong_lines_are_refused_with_words),
		cmocka_unit_test(help_shows_what_is_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
