/* SPDX-License-Identifier: Apache-2.0 */
/* Archives and compressed bytes made on the spot, for the tests of codec and analyze. */
#ifndef TESTS_CODEC_SAMPLES_H
#define TESTS_CODEC_SAMPLES_H

#include "base/strbuf.h"

/* One tar entry with its content, padded. type is the type flag of ustar. */
void sample_entry(
	struct strbuf *tar, const char *path, char type, const char *target, struct str content);
void sample_file(struct strbuf *tar, const char *path, const char *content);
void sample_end(struct strbuf *tar); /* two blocks of zeros */

void sample_gzip(struct str plain, struct strbuf *out); /* one member */
void sample_zstd(struct str plain, struct strbuf *out); /* one frame */

#endif
