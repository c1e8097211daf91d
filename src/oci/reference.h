/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the distribution specification: repository, tag, and REPO[:TAG|@DIGEST] as people type
 * it. */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include "base/str.h"

bool oci_repository_valid(struct str name); /* grammar and LIMIT_REPOSITORY_NAME */
bool oci_tag_valid(struct str tag);

struct oci_reference {
	struct str repository;
	struct str tag;	   /* "latest" when neither is given */
	struct str digest; /* STR_NULL unless given */
};
/* Borrowed parts of text. False: not a reference. */
bool oci_reference_parse(struct str text, struct oci_reference *reference);

#endif
