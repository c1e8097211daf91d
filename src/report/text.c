/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. Widths count characters: wide East Asian ones do not occur in package data. */
#include "report/text.h"

/* Takes the first character of *rest; *raw is its bytes, or empty when it may not be shown. */
static bool next_character(struct str *rest, struct str *raw)
{
	if (!rest->n)
		return false;
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t n = 1;
	uint32_t code = p[0];
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2, code = p[0] & 0x1fU;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3, code = p[0] & 0x0fU;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4, code = p[0] & 0x07U;
	bool valid = p[0] < 0x80 || (n > 1 && n <= rest->n);
	for (size_t i = 1; valid && i < n; i++) {
		valid = (p[i] & 0xc0U) == 0x80;
		code = code << 6 | (p[i] & 0x3fU);
	}
	if (!valid)
		n = 1;
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	bool turns = code == 0x061c || (code >= 0x200e && code <= 0x200f) ||
		     (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
	bool impossible = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000) ||
			  (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
	*raw = valid && !control && !turns && !impossible ? str_sub(*rest, 0, n) : STR("");
	*rest = str_skip(*rest, n);
	return true;
}

size_t text_width(struct str text)
{
	struct str raw;
	size_t width = 0;
	while (next_character(&text, &raw))
		width++;
	return width;
}

static void show_characters(struct str text, size_t count, struct strbuf *out)
{
	struct str raw;
	for (size_t i = 0; i < count && next_character(&text, &raw); i++)
		strbuf_add_str(out, raw.n ? raw : STR("?"));
}

void text_show(struct str text, size_t width, struct strbuf *out)
{
	if (!width || text_width(text) <= width) {
		show_characters(text, SIZE_MAX, out);
	} else if (width <= 3) {
		show_characters(text, width, out);
	} else {
		show_characters(text, width - 3, out);
		strbuf_add_cstr(out, "...");
	}
}

static void add_blanks(size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++)
		strbuf_add_char(out, ' ');
}

void text_show_padded(struct str text, size_t width, struct strbuf *out)
{
	size_t taken = text_width(text);
	if (!width)
		return;
	text_show(text, width, out);
	add_blanks(taken < width ? width - taken : 0, out);
}

void text_wrap(struct str text, size_t indent, size_t width, struct strbuf *out)
{
	size_t room = width > indent ? width - indent : SIZE_MAX;
	size_t used = 0;
	struct str word;
	add_blanks(indent, out);
	while (str_cut(&text, ' ', &word)) {
		if (!word.n)
			continue;
		size_t need = text_width(word);
		if (used && (need >= room || used + 1 > room - need)) {
			strbuf_add_char(out, '\n');
			add_blanks(indent, out);
			used = 0;
		}
		if (used) {
			strbuf_add_char(out, ' ');
			used++;
		}
		show_characters(word, SIZE_MAX, out);
		used += need;
	}
	strbuf_add_char(out, '\n');
}
