/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of formats, and the choice among the documents for other programs. An image that was
 * not read has no document: an empty list would say that there is nothing in it.
 */
#include "report/document.h"

#include <errno.h>

static const struct {
	struct str name;
	const char *media_type;
} formats[] = {
#define FORMAT(id, name, media_type, doc) { STR_INIT(name), media_type },
#include "report/formats.def"
#undef FORMAT
};

/* The first ", " is what report_format_names points behind. */
static const char names[] =
#define FORMAT(id, name, media_type, doc) ", " name
#include "report/formats.def"
#undef FORMAT
	;

const char *report_format_names(void)
{
	return names + 2;
}

bool report_format_parse(struct str name, enum report_format *format)
{
	for (size_t i = 0; i < REPORT_FORMAT_COUNT; i++) {
		if (!str_eq(formats[i].name, name))
			continue;
		*format = (enum report_format)i;
		return true;
	}
	return false;
}

struct str report_format_name(enum report_format format)
{
	return formats[format].name;
}

const char *report_format_media_type(enum report_format format)
{
	return formats[format].media_type;
}

static json_t *make(enum report_format format, const struct document *document)
{
	switch (format) {
	case REPORT_CYCLONEDX:
		return report_cyclonedx(document, false);
	case REPORT_CYCLONEDX_VULNERABILITIES:
		return report_cyclonedx(document, true);
	case REPORT_SPDX:
		return report_spdx(document);
	case REPORT_SARIF:
		return report_sarif(document);
	case REPORT_OPENVEX:
		return report_openvex(document);
	case REPORT_TRIVY:
		return report_trivy(document);
	case REPORT_JSON:
	case REPORT_TABLE:
	case REPORT_FORMAT_COUNT:
		break;
	}
	return report_findings_json(document->image);
}

int report_document(
	enum report_format format, const struct report_image *image, json_t **root, struct err *err)
{
	enum image_state state;
	struct document document;
	*root = NULL;
	if (!image_state_parse(image->state, &state) || state == IMAGE_PENDING ||
		state == IMAGE_FAILED)
		return err_set(err, ENODATA,
			"its state is " STR_FMT ", so there is nothing to report%s" STR_FMT,
			STR_ARG(image->state), image->reason.n ? ": " : "", STR_ARG(image->reason));
	if (format == REPORT_OPENVEX && !image->finding_count)
		return err_set(err, ENODATA,
			"it has no findings (its state is " STR_FMT
			"), and an OpenVEX document must hold at least one statement",
			STR_ARG(image->state));
	struct arena *arena = arena_new(0);
	document_start(&document, arena, image);
	*root = make(format, &document);
	arena_free(&arena);
	return 0;
}
