/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to store/ and its tests: the packages of one image as one compact value. Form, numbers
 * being LEB128 in their shortest form:
 *
 *	byte 1, or 2 when any package is suppressed
 *	number of texts, then each text: length, bytes	(in the order of first use)
 *	number of entries, then each entry: package id minus that of the entry before,
 *		first layer, evidence layer, index of the evidence path; in form 2 also 0, or one
 *		more than the index of the reason why it is suppressed
 *
 * Entries are ordered by (package, first layer, evidence layer, evidence, reason), so equal sets
 *are equal bytes, and the reader accepts exactly what the writer makes.
 */
#ifndef STORE_IMAGE_SET_H
#define STORE_IMAGE_SET_H

#include "base/strbuf.h"
#include "store/scan_state.h"

/* Appends to out, whose ceiling is the caller's limit (check strbuf_failed). */
void image_set_encode(const struct store_set_entry *entries, size_t count, struct strbuf *out);
/* Text is copied into arena. -EPROTO: not such a value. */
int image_set_decode(struct arena *arena, struct str bytes, struct store_set_entry **entries,
	size_t *count, struct err *err) MUST_CHECK;
/* Package ids of the entries that count, ascending. For those who need nothing else of many sets.
 */
int image_set_packages(struct arena *arena, struct str bytes, int64_t **packages, size_t *count,
	struct err *err) MUST_CHECK;

#endif
