/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for people: a line of titles, then rows, columns as wide as their widest cell and two
 * blanks between them. Only the last column is cut to fit a width, so that nothing a person would
 * copy (names, versions, digests) is ever broken. Cells are shown by text.h.
 */
#include "base/vec.h"
#include "report/report.h"
#include "report/text.h"

struct report_table {
	struct arena *arena;
	size_t columns;
	size_t *widths;
	VEC(struct str *) rows; /* the first one holds the titles */
};

static const size_t column_gap = 2;

static void add_row(struct report_table *table, const struct str *cells)
{
	struct str *row = ARENA_ARRAY(table->arena, table->columns, struct str);
	for (size_t i = 0; i < table->columns; i++) {
		size_t width = text_width(cells[i]);
		row[i] = arena_str(table->arena, cells[i]);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
	AVEC_PUSH(table->arena, &table->rows, row);
}

struct report_table *report_table_new(
	struct arena *arena, const char *const *titles, size_t columns)
{
	CHECK(columns > 0);
	struct report_table *table = ARENA_NEW(arena, struct report_table);
	struct str *cells = ARENA_ARRAY(arena, columns, struct str);
	table->arena = arena;
	table->columns = columns;
	table->widths = ARENA_ARRAY(arena, columns, size_t);
	for (size_t i = 0; i < columns; i++)
		cells[i] = str_from(titles[i]);
	add_row(table, cells);
	return table;
}

void report_table_row(struct report_table *table, const struct str *cells)
{
	add_row(table, cells);
}

void report_table_print(const struct report_table *table, unsigned width, struct strbuf *out)
{
	size_t last = table->columns - 1;
	size_t before = 0;
	for (size_t i = 0; i < last; i++)
		before += table->widths[i] + column_gap;
	/* A last column with no room left is still worth its first few characters. */
	size_t room = width == 0 ? 0 : width > before + 8 ? width - before : 8;
	for (size_t r = 0; r < table->rows.n; r++) {
		const struct str *row = table->rows.items[r];
		for (size_t i = 0; i < last; i++)
			text_show_padded(row[i], table->widths[i] + column_gap, out);
		text_show(row[last], room, out);
		strbuf_add_char(out, '\n');
	}
}
