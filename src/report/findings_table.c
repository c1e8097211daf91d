/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of one image for a terminal: who it is, its state and why, then one row per finding
 * and below it what to do, then the sums. Versions, names and vulnerability ids are never cut,
 * because people copy them; what a narrow terminal has no room for is the place: it moves from its
 * column into the lines below the row.
 */
#include "base/timefmt.h"
#include "report/report.h"
#include "report/text.h"

enum column {
	COLUMN_SEVERITY,
	COLUMN_RATED_BY,
	COLUMN_VULNERABILITY,
	COLUMN_PACKAGE,
	COLUMN_INSTALLED,
	COLUMN_FIXED,
	COLUMN_LAYER,
	COLUMN_WHERE,
	COLUMN_COUNT
};

static const char *const titles[COLUMN_COUNT] = { "SEVERITY", "RATED BY", "VULNERABILITY",
	"PACKAGE", "INSTALLED", "FIXED", "LAYER", "WHERE" };

enum { GAP = 2, INDENT = 4 };

struct row {
	struct str cells[COLUMN_COUNT];
	char layer[40];
};

static struct str fixed_text(const struct match *match)
{
	if (match->fix_state == FIX_AVAILABLE && match->fixed_version.n)
		return match->fixed_version;
	return fix_state_name(match->fix_state);
}

static void make_row(const struct finding *finding, struct row *row)
{
	struct str digest = finding->layer_digest;
	str_cut(&digest, ':', &(struct str){ 0 });
	int n = snprintf(row->layer, sizeof(row->layer), "%u%s" STR_FMT, finding->layer,
		digest.n ? " " : "", STR_ARG(str_sub(digest, 0, 12)));
	row->cells[COLUMN_SEVERITY] = severity_name(finding->match.severity);
	row->cells[COLUMN_RATED_BY] = finding->match.severity_source;
	row->cells[COLUMN_VULNERABILITY] = finding->match.vulnerability;
	row->cells[COLUMN_PACKAGE] = finding->package.name;
	row->cells[COLUMN_INSTALLED] = finding->package.version;
	row->cells[COLUMN_FIXED] = fixed_text(&finding->match);
	row->cells[COLUMN_LAYER] = (struct str){ row->layer, (size_t)n };
	row->cells[COLUMN_WHERE] = finding->evidence;
}

static void print_label(const char *label, struct str value, struct strbuf *out)
{
	if (!value.n)
		return;
	text_show_padded(str_from(label), 12, out);
	text_show(value, 0, out);
	strbuf_add_char(out, '\n');
}

static void print_platform(const struct platform *platform, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)4096);
	strbuf_add_str(&text, platform->os_name.n ? platform->os_name : platform->os_id);
	if (platform->release_key.n)
		strbuf_addf(&text, "%s%s" STR_FMT "%s", text.n ? " " : "", text.n ? "(" : "",
			STR_ARG(platform->release_key), text.n ? ")" : "");
	print_label("Platform", strbuf_view(&text), out);
}

static void print_snapshot(const struct report_image *image, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)256);
	if (!image->snapshot.n) {
		print_label("Advisories", STR("none imported yet"), out);
		return;
	}
	strbuf_addf(&text, "snapshot " STR_FMT, STR_ARG(str_sub(image->snapshot, 0, 12)));
	if (image->snapshot_built_us != TIME_NONE) {
		char built[TIME_TEXT_MAX];
		time_format(image->snapshot_built_us, 0, built);
		strbuf_addf(&text, ", built %s", built);
	}
	print_label("Advisories", strbuf_view(&text), out);
}

static void print_head(const struct report_image *image, unsigned width, struct strbuf *out)
{
	print_label("Image", image->name, out);
	print_label("Digest", image->digest, out);
	print_platform(&image->platform, out);
	print_label("State", image->state, out);
	if (image->reason.n) {
		struct str rest = image->reason;
		struct str line;
		strbuf_add_cstr(out, "Reason\n");
		while (str_cut(&rest, '\n', &line))
			text_wrap(line, INDENT, width, out);
	}
	print_snapshot(image, out);
}

static void print_sums(const struct report_image *image, struct strbuf *out)
{
	const struct severity_counts *counts = &image->counts;
	strbuf_addf(out, "%u package%s, %u finding%s, %u fixable", image->package_count,
		image->package_count == 1 ? "" : "s", counts->total, counts->total == 1 ? "" : "s",
		counts->fixable);
	const char *separator = ": ";
	for (int s = SEVERITY_CRITICAL; s >= SEVERITY_UNKNOWN; s--) {
		if (!counts->by_severity[s])
			continue;
		struct str name = severity_name((enum severity)s);
		strbuf_addf(out, "%s%u " STR_FMT, separator, counts->by_severity[s], STR_ARG(name));
		separator = ", ";
	}
	strbuf_add_char(out, '\n');
	if (image->not_evaluated)
		strbuf_addf(out,
			"%u package%s could not be compared with every advisory (kind or version "
			"does not fit).\n",
			image->not_evaluated, image->not_evaluated == 1 ? "" : "s");
}

static void measure(const struct report_image *image, size_t widths[COLUMN_COUNT])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		widths[i] = text_width(str_from(titles[i]));
	for (size_t f = 0; f < image->finding_count; f++) {
		struct row row;
		make_row(&image->findings[f], &row);
		for (size_t i = 0; i < COLUMN_COUNT; i++) {
			size_t n = text_width(row.cells[i]);
			if (n > widths[i])
				widths[i] = n;
		}
	}
}

static void print_cells(
	const struct str *cells, const size_t *widths, size_t columns, struct strbuf *out)
{
	for (size_t i = 0; i < columns; i++) {
		if (i + 1 < columns)
			text_show_padded(cells[i], widths[i] + GAP, out);
		else
			text_show(cells[i], 0, out);
	}
	strbuf_add_char(out, '\n');
}

static void print_place(
	const struct finding *finding, const struct row *row, unsigned width, struct strbuf *out)
{
	AUTO_STRBUF struct strbuf text = STRBUF((size_t)8192);
	strbuf_addf(&text, "in " STR_FMT ", layer %s", STR_ARG(finding->evidence), row->layer);
	text_wrap(strbuf_view(&text), INDENT, width, out);
}

static void print_findings(const struct report_image *image, unsigned width, struct strbuf *out)
{
	size_t widths[COLUMN_COUNT];
	size_t total = 0;
	struct str head[COLUMN_COUNT];
	measure(image, widths);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		total += widths[i] + (i ? GAP : 0);
		head[i] = str_from(titles[i]);
	}
	bool narrow = width && total > width;
	size_t columns = narrow ? COLUMN_LAYER : COLUMN_COUNT;
	print_cells(head, widths, columns, out);
	for (size_t f = 0; f < image->finding_count; f++) {
		const struct finding *finding = &image->findings[f];
		struct row row;
		make_row(finding, &row);
		print_cells(row.cells, widths, columns, out);
		if (narrow)
			print_place(finding, &row, width, out);
		if (finding->remedy.n)
			text_wrap(finding->remedy, INDENT, width, out);
	}
}

void report_findings_table(const struct report_image *image, unsigned width, struct strbuf *out)
{
	print_head(image, width, out);
	strbuf_add_char(out, '\n');
	if (image->finding_count) {
		print_findings(image, width, out);
		strbuf_add_char(out, '\n');
	}
	if (image->package_count || image->finding_count)
		print_sums(image, out);
}
