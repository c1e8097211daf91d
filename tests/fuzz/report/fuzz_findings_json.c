/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A findings document as a hostile server could send it: read, printed and written again. The table
 * must hold no control character but the newline, and what was written must read back equal.
 */
#include "base/check.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_table(const struct report_image *image, unsigned width)
{
	AUTO_STRBUF struct strbuf out = STRBUF((size_t)64 << 20);
	report_findings_table(image, width, &out);
	for (size_t i = 0; i < out.n; i++)
		CHECK(out.p[i] == '\n' || (unsigned char)out.p[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *arena = arena_new(0);
	struct report_image image;
	struct report_image again;
	json_t *json;
	const struct str text = { (const char *)bytes, n };
	if (json_parse_arena(arena, text, (size_t)1 << 20, &json, NULL) == 0 &&
		report_findings_from_json(arena, json, &image, NULL) == 0) {
		check_table(&image, 0);
		check_table(&image, 80);
		AUTO_JSON json_t *written = report_findings_json(&image);
		CHECK(report_findings_from_json(arena, written, &again, NULL) == 0);
		AUTO_JSON json_t *twice = report_findings_json(&again);
		CHECK(json_equal(written, twice));
	}
	arena_free(&arena);
	return 0;
}
