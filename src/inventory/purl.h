/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of package URLs (package-url specification, "Rules for each purl component" and the
 * definitions of the types). Inside inventory/ only; package_purl() puts them together. Pure.
 */
#ifndef INVENTORY_PURL_H
#define INVENTORY_PURL_H

#include "inventory/package.h"

/* Percent-encodes one component; lower: ASCII capitals are made small first. */
void purl_encode(struct strbuf *out, struct str text, bool lower);
/* "namespace/name" of a package of a language, in the form its type asks for. */
void purl_language_name(struct strbuf *out, enum package_type type, struct str name);
/* The qualifier that holds struct package.arch. */
const char *purl_arch_key(enum package_type type);

#endif
