/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to store/ and its tests: the packages of one image as one compact value. Form, version 1,
 * numbers being LEB128 in their shortest form:
 *
 *	byte 1
 *	number of paths, then each path: length, bytes	(in the order of first use)
 *	number of entries, then each entry: package id minus that of the entry before,
 *		first layer, evidence layer, index of the path
 *
 * Entries are ordered by (package, first layer, evidence layer, evidence), so equal sets are equal
 * bytes, and the reader accepts exactly what the writer makes.
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

#endif
