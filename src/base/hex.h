/* SPDX-License-Identifier: Apache-2.0 */
/* Lower-case hexadecimal. Pure functions. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/str.h"

void hex_encode(const uint8_t *bytes, size_t n, char *out); /* writes 2n characters and a NUL */
bool hex_decode(struct str text, uint8_t *out);		    /* text.n / 2 bytes; lower case only */
bool hex_is_lower(struct str text);			    /* non-empty, [0-9a-f] only */

#endif
