/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the documents for other programs share: identity, times, the packages and findings of an
 * image without repetition. One file for each form; formats.c chooses. Pure functions.
 */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include "base/arena.h"
#include "base/timefmt.h"
#include "base/uuid.h"
#include "report/report.h"

/* Packages of the same purl are one component, found in one or several places. */
struct component {
	const struct listed_package *const *places; /* by layer and file */
	size_t count;
};

struct document {
	struct arena *arena;
	const struct report_image *image;
	struct component *components; /* by purl */
	size_t component_count;
	const struct finding **findings; /* by vulnerability and purl; each pair once */
	size_t finding_count;
	struct str purl; /* of the image; empty: nothing that identifies it is known */
	char created[TIME_TEXT_MAX];
};

void document_start(
	struct document *document, struct arena *arena, const struct report_image *image);
/* UUID version 5 over the format's name and what the document says so far: the same content has
 * the same id, so put in times and the id itself afterwards. */
struct str document_uuid(const struct document *document, const char *format, const json_t *root);
/* Where people read about a vulnerability. */
struct str vulnerability_url(struct arena *arena, struct str id);
/* Everything but unreserved characters and those of keep is escaped (RFC 3986). */
struct str uri_escape(struct arena *arena, struct str text, const char *keep);
/* Why the list of packages is not the whole of the image; empty: nothing is known to be missing. */
struct str document_gap(const struct report_image *image);
/* Nothing is put for empty text or unknown time. */
void put_known(json_t *object, const char *member, struct str text);
void put_known_time(json_t *object, const char *member, int64_t us);
/* Hexadecimal digits of a digest of the algorithm ("sha256") with the right length; else empty. */
struct str digest_hex(struct str digest, struct str algorithm, size_t digits);

json_t *report_cyclonedx(const struct document *document, bool vulnerabilities);
json_t *report_spdx(const struct document *document);
json_t *report_sarif(const struct document *document);
json_t *report_openvex(const struct document *document);
json_t *report_trivy(const struct document *document);

#endif
