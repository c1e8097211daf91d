/* SPDX-License-Identifier: Apache-2.0 */
/* Zip archives and deflated bytes made on the spot, for tests. */
#ifndef TESTS_CODEC_ZIP_SAMPLES_H
#define TESTS_CODEC_ZIP_SAMPLES_H

#include "base/strbuf.h"

struct zip_sample {
	struct strbuf *out;
	struct strbuf directory;
	size_t begin; /* what stands in front of the archive */
	size_t count;
};

/* Appends to out, which may hold bytes already: they stand in front of the archive. */
void zip_sample_begin(struct zip_sample *sample, struct strbuf *out);
void zip_sample_add(struct zip_sample *sample, const char *name, struct str content, bool deflated);
/* zip64: with the larger end record, and the small one filled with ones. */
void zip_sample_end(struct zip_sample *sample, bool zip64, const char *comment);

void sample_deflate(struct str plain, bool zlib, struct strbuf *out);

#endif
