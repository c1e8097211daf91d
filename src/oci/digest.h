/* SPDX-License-Identifier: Apache-2.0 */
/* Digest text "algorithm:hex" (OCI image specification, descriptor). Pure functions. */
#ifndef OCI_DIGEST_H
#define OCI_DIGEST_H

#include "base/str.h"

enum { OCI_DIGEST_TEXT_MAX = 7 + 128 + 1 };

/* sha256 with 64 or sha512 with 128 lower-case hex digits. */
bool oci_digest_valid(struct str text);
struct str oci_digest_algorithm(struct str digest); /* "sha256" */
struct str oci_digest_hex(struct str digest);

#endif
