/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os-release(5): lines NAME=value in the syntax of shell assignments. Values may be bare, in single
 * quotes (nothing is special inside), or in double quotes (backslash escapes $, ", \ and `). Lines
 * that are none of this are passed over, as the manual page asks of readers. And the plain text
 * files that are kept as they are.
 */
#include "analyze/analyzer.h"

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
		if (!letter && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return text.n > 0;
}

/* Takes quotes and escapes off. What comes behind a closing quote is joined, as a shell would. */
static void unquote(struct str value, struct strbuf *out)
{
	char quote = 0;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (quote == '\'') {
			if (c == '\'')
				quote = 0;
			else
				strbuf_add_char(out, c);
		} else if (c == '\\' && i + 1 < value.n) {
			char next = value.p[++i];
			bool escapes =
				!quote || next == '"' || next == '\\' || next == '$' || next == '`';
			if (!escapes)
				strbuf_add_char(out, c);
			strbuf_add_char(out, next);
		} else if (c == '"' || (c == '\'' && !quote)) {
			quote = quote ? 0 : c;
		} else {
			strbuf_add_char(out, c);
		}
	}
}

int analyze_os_release(struct str text, struct analyze_sink *sink, struct err *err)
{
	AUTO_STRBUF struct strbuf value = STRBUF(text.n);
	struct str rest = text;
	struct str line;
	while (str_cut(&rest, '\n', &line)) {
		struct str trimmed = str_trim(line);
		struct str name;
		if (!trimmed.n || trimmed.p[0] == '#' || str_find(trimmed, '=') == STR_NONE)
			continue;
		CHECK(str_cut(&trimmed, '=', &name));
		if (!is_name(name))
			continue;
		strbuf_clear(&value);
		unquote(trimmed, &value);
		int r = analyze_add_fact(
			sink, analyze_free_text(name), analyze_free_text(strbuf_view(&value)), err);
		if (r < 0)
			return err_trace(err, r);
	}
	return 0;
}

int analyze_text_file(struct str text, struct analyze_sink *sink, struct err *err)
{
	if (str_has_nul(text))
		return err_set(err, EINVAL, "it is not text");
	return analyze_add_fact(sink, STR("text"), text, err);
}
