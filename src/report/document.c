/* SPDX-License-Identifier: Apache-2.0 */
/* See document.h. */
#include "report/document.h"

#include <stdlib.h>
#include <string.h>

static int compare_places(const void *a, const void *b)
{
	const struct listed_package *left = *(const struct listed_package *const *)a;
	const struct listed_package *right = *(const struct listed_package *const *)b;
	int order = str_cmp(left->purl, right->purl);
	if (!order)
		order = (left->layer > right->layer) - (left->layer < right->layer);
	return order ? order : str_cmp(left->evidence, right->evidence);
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *left = *(const struct finding *const *)a;
	const struct finding *right = *(const struct finding *const *)b;
	int order = str_cmp(left->match.vulnerability, right->match.vulnerability);
	if (!order)
		order = str_cmp(left->purl, right->purl);
	if (!order)
		order = (left->layer > right->layer) - (left->layer < right->layer);
	return order ? order : str_cmp(left->evidence, right->evidence);
}

static void gather_components(struct document *document)
{
	const struct report_image *image = document->image;
	size_t n = image->listed_count;
	const struct listed_package **places =
		ARENA_ARRAY(document->arena, n, const struct listed_package *);
	for (size_t i = 0; i < n; i++)
		places[i] = &image->listed[i];
	qsort(places, n, sizeof(*places), compare_places);
	document->components = ARENA_ARRAY(document->arena, n, struct component);
	for (size_t i = 0; i < n; i++) {
		if (i && str_eq(places[i]->purl, places[i - 1]->purl))
			document->components[document->component_count - 1].count++;
		else
			document->components[document->component_count++] =
				(struct component){ .places = &places[i], .count = 1 };
	}
}

static void gather_findings(struct document *document)
{
	const struct report_image *image = document->image;
	size_t n = image->finding_count;
	const struct finding **all = ARENA_ARRAY(document->arena, n, const struct finding *);
	for (size_t i = 0; i < n; i++)
		all[i] = &image->findings[i];
	qsort(all, n, sizeof(*all), compare_findings);
	for (size_t i = 0; i < n; i++) {
		const struct finding *last =
			document->finding_count ? all[document->finding_count - 1] : NULL;
		if (!last || !str_eq(last->purl, all[i]->purl) ||
			!str_eq(last->match.vulnerability, all[i]->match.vulnerability))
			all[document->finding_count++] = all[i];
	}
	document->findings = all;
}

/* pkg:oci/NAME@DIGEST?tag=TAG: NAME is the last part of the repository (purl specification). */
static struct str image_purl(struct arena *arena, const struct report_image *image)
{
	struct str name = image->name;
	struct str tag = STR("");
	size_t at = str_find(name, '@');
	if (!image->digest.n)
		return STR("");
	if (at != STR_NONE)
		name = str_sub(name, 0, at);
	size_t slash = str_rfind(name, '/');
	if (slash != STR_NONE)
		name = str_skip(name, slash + 1);
	size_t colon = str_find(name, ':');
	if (colon != STR_NONE) {
		tag = str_skip(name, colon + 1);
		name = str_sub(name, 0, colon);
	}
	/* A layout may name its image by nothing but the digest. */
	if (!name.n || (at == STR_NONE && str_eq(image->name, image->digest)))
		name = STR("image"), tag = STR("");
	struct str escaped = uri_escape(arena, name, "");
	struct str digest = uri_escape(arena, image->digest, "");
	tag = uri_escape(arena, tag, "");
	return arena_printf(arena, "pkg:oci/" STR_FMT "@" STR_FMT "%s" STR_FMT, STR_ARG(escaped),
		STR_ARG(digest), tag.n ? "?tag=" : "", STR_ARG(tag));
}

void document_start(
	struct document *document, struct arena *arena, const struct report_image *image)
{
	CHECK(image->created_us != TIME_NONE);
	*document = (struct document){ .arena = arena, .image = image };
	time_format(image->created_us, 0, document->created);
	document->purl = image_purl(arena, image);
	gather_components(document);
	gather_findings(document);
}

struct str document_uuid(const struct document *document, const char *format, const json_t *root)
{
	char *text = json_dump(root, false);
	char uuid[UUID_TEXT];
	const struct str parts[] = { STR("report"), str_from(format), str_from(text) };
	uuid_from_parts(parts, sizeof(parts) / sizeof(parts[0]), uuid);
	free(text);
	return arena_str(document->arena, str_from(uuid));
}

struct str uri_escape(struct arena *arena, struct str text, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = ARENA_ARRAY(arena, text.n * 3 + 1, char);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') ||
			     (c && (strchr("-._~", c) || strchr(keep, c)));
		if (plain) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = digits[c >> 4];
			out[n++] = digits[c & 15];
		}
	}
	return (struct str){ out, n };
}

struct str vulnerability_url(struct arena *arena, struct str id)
{
	struct str escaped = uri_escape(arena, id, "");
	return arena_printf(arena, "%s" STR_FMT,
		str_starts(id, STR("CVE-")) ? "https://www.cve.org/CVERecord?id="
					    : "https://osv.dev/vulnerability/",
		STR_ARG(escaped));
}

struct str document_gap(const struct report_image *image)
{
	bool gap = image_reason_is_partial(image->reason) || !image->listed_count;
	return gap && image->reason.n ? str_trim(image->reason) : STR("");
}

void put_known(json_t *object, const char *member, struct str text)
{
	if (text.n)
		json_put(object, member, text);
}

void put_known_time(json_t *object, const char *member, int64_t us)
{
	char text[TIME_TEXT_MAX];
	if (us == TIME_NONE)
		return;
	time_format(us, 0, text);
	json_put_cstr(object, member, text);
}

struct str digest_hex(struct str digest, struct str algorithm, size_t digits)
{
	struct str rest = digest;
	struct str head;
	if (!str_cut(&rest, ':', &head) || !str_eq(head, algorithm) || rest.n != digits)
		return STR("");
	for (size_t i = 0; i < rest.n; i++) {
		char c = rest.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return STR("");
	}
	return rest;
}
