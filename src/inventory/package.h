/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package as an image holds it: the identity that is judged. Equal members mean the same package.
 * Versions are whole: those of rpm are "epoch:version-release", without an epoch that is 0 or
 * absent. Source name and version are always set (equal to name and version where the database
 * names no source). All text is borrowed; whoever makes a package says how long it lives. Pure
 * data.
 */
#ifndef INVENTORY_PACKAGE_H
#define INVENTORY_PACKAGE_H

#include "base/str.h"
#include "base/strbuf.h"

enum package_type {
#define PACKAGE_TYPE(id, name, grammar, class) id,
#include "inventory/package_types.def"
#undef PACKAGE_TYPE
	PACKAGE_TYPE_COUNT
};

struct package {
	enum package_type type;
	struct str name;
	struct str version;
	struct str source_name;
	struct str source_version;
	struct str arch;     /* as the database says; may be empty */
	struct str licence;  /* may be empty; not part of the identity */
	struct str supplier; /* maintainer or vendor; may be empty; not part of the identity */
	/* rpm's modularity label "name:stream:version:context"; empty: not of a module. */
	struct str module;
	/* Where inside the evidence file it was found (a jar in a jar); empty: the file itself; not
	 * part of the identity. */
	struct str inside;
};

struct str package_type_name(enum package_type type); /* "deb", "apk" … */
bool package_type_parse(struct str name, enum package_type *type);
struct str package_type_grammar(enum package_type type);
struct str package_type_class(enum package_type type); /* "OS" or "Language" */
/* Made by the distribution whose package manager installed it, by its supplier. */
bool package_is_distribution(const struct package *package);
bool package_same(const struct package *a, const struct package *b); /* identity members */
/* Of a version "epoch:rest": the epoch (empty: none) and the rest. */
struct str package_version_epoch(struct str version, struct str *rest);
/* Package URL: pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12 (purl specification).
 */
void package_purl(
	const struct package *package, struct str os_id, struct str os_version, struct strbuf *out);

#endif
