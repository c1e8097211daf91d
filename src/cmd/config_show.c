/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as text: YAML that config_read_yaml() accepts again, with the doc of each key as a
 * comment (`lazaret config show`), and the reference page docs/settings.md (`lazaret config doc`).
 */
#include "cmd/config.h"

enum { COMMENT_WIDTH = 96 };

static void add_comment(struct strbuf *out, const char *indent, struct str words)
{
	while (words.n) {
		struct str line = words;
		if (line.n > COMMENT_WIDTH) {
			size_t space = str_rfind(str_sub(words, 0, COMMENT_WIDTH), ' ');
			line = str_sub(words, 0, space == STR_NONE ? COMMENT_WIDTH : space);
		}
		strbuf_addf(out, "%s# " STR_FMT "\n", indent, STR_ARG(line));
		words = str_trim(str_skip(words, line.n));
	}
}

/* Double-quoted YAML; control characters cannot occur in a setting. */
static void add_scalar(struct strbuf *out, const struct setting_row *row, struct str text)
{
	if (row->type != SETTING_TEXT) {
		strbuf_add_str(out, text);
		return;
	}
	strbuf_add_char(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, text.p[i]);
	}
	strbuf_add_char(out, '"');
}

static void add_range(struct strbuf *out, const struct setting_row *row)
{
	switch (row->type) {
	case SETTING_TEXT:
		strbuf_addf(out, "%s", row->unit);
		break;
	case SETTING_CHOICE: {
		struct str rest = str_from(row->unit);
		struct str choice;
		const char *comma = "";
		while (str_cut(&rest, '|', &choice)) {
			strbuf_addf(out, "%s" STR_FMT, comma, STR_ARG(choice));
			comma = ", ";
		}
		break;
	}
	case SETTING_BOOL:
		strbuf_add_cstr(out, "true, false");
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
		strbuf_addf(out, "%llu to %llu %s", (unsigned long long)row->min,
			(unsigned long long)row->max, row->unit);
		break;
	}
}

static bool new_section(size_t i)
{
	return i == 0 ||
	       !str_eq(str_from(setting_rows[i].section), str_from(setting_rows[i - 1].section));
}

void config_show(const struct config *config, struct strbuf *out)
{
	static const char *const sources[] = { NULL, "file", "environment", "flag" };
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];
		const struct setting_value *value = &config->values[i];
		if (new_section(i))
			strbuf_addf(out, "%s%s:\n", i ? "\n" : "", row->section);
		add_comment(out, "  ", str_from(row->doc));
		strbuf_addf(out, "  # ");
		add_range(out, row);
		if (value->source != SETTING_DEFAULT)
			strbuf_addf(out, "; default %s; this value is from the %s", row->standard,
				sources[value->source]);
		strbuf_addf(out, "\n  %s: ", row->key);
		add_scalar(out, row, value->text);
		strbuf_add_char(out, '\n');
	}
}

static void add_environment_name(struct strbuf *out, const struct setting_row *row)
{
	strbuf_add_cstr(out, "LAZARET_");
	for (const char *part = row->section; part; part = part == row->section ? row->key : NULL) {
		if (part == row->key)
			strbuf_add_char(out, '_');
		for (const char *c = part; *c; c++)
			strbuf_add_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
	}
}

void config_show_markdown(struct strbuf *out)
{
	strbuf_add_cstr(out,
		"# Settings\n\n"
		"This page is made by `lazaret config doc` from the program's own table.\n\n"
		"Every setting has a default, so no file is needed. Sources, strongest first: "
		"flags "
		"(`--set section.key=value`; `--listen`, `--data`, `--server` are short for their "
		"settings), the environment, the YAML file named by `--config` or "
		"`LAZARET_CONFIG`, "
		"the default. Unknown keys and values out of range are errors. `lazaret config "
		"check` "
		"tests a file; `lazaret config show` prints what is in force and where it comes "
		"from; `lazaret config show --defaults` prints a complete file to start from. "
		"Bytes may be written with KiB, MiB or GiB. Settings marked *reload* follow a "
		"SIGHUP; the others need a restart.\n");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (new_section(i))
			strbuf_addf(out, "\n## %s\n", row->section);
		strbuf_addf(out, "\n### %s.%s\n\n%s\n\n", row->section, row->key, row->doc);
		strbuf_addf(out, "- default: `%s`\n- values: ", row->standard);
		add_range(out, row);
		strbuf_add_cstr(out, "\n- environment: `");
		add_environment_name(out, row);
		strbuf_addf(out, "`\n- %s\n", row->reloadable ? "reload" : "restart");
	}
}
