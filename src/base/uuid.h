/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers of RFC 9562 in their 36-character lower-case text form: random ones (version 4) for
 * uploads and requests, name-based ones (version 5) for ids that go outside and must be stable.
 * Any thread.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/str.h"

enum { UUID_TEXT = 37 }; /* with the NUL */

void uuid_random(char out[UUID_TEXT]);
/*
 * Version 5 in lazaret's own name space over the parts; each part goes in with a separator that
 * cannot occur inside, so ("a","bc") and ("ab","c") differ.
 */
void uuid_from_parts(const struct str *parts, size_t count, char out[UUID_TEXT]);
bool uuid_valid(struct str text); /* 8-4-4-4-12, either case */

#endif
