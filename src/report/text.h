/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a terminal may see it. Package data is written by whoever built the image, so control
 * characters (also the C1 ones), bytes that are not UTF-8 and the characters that turn the writing
 * direction come out as "?": an image cannot move the cursor or reorder a line. Pure functions.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "base/strbuf.h"

/* Columns that the shown form takes: one per character. */
size_t text_width(struct str text);
/* Shows text; more than width columns are cut, with "..." at the end. width 0: not cut. */
void text_show(struct str text, size_t width, struct strbuf *out);
/* Shows text, padded with blanks or cut to exactly width columns. */
void text_show_padded(struct str text, size_t width, struct strbuf *out);
/*
 * Shows text as lines of at most width columns, broken at blanks, each after indent blanks, each
 * ended by a newline. width 0, or no more than the indent: one line.
 */
void text_wrap(struct str text, size_t indent, size_t width, struct strbuf *out);

#endif
