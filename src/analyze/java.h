/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about names of Java archives, apart so that they can be tested. Inside analyze/ only. */
#ifndef ANALYZE_JAVA_H
#define ANALYZE_JAVA_H

#include "analyze/analyzer.h"

/* "commons-io-2.11.0.jar": commons-io and 2.11.0; the version is empty when the name has none. */
void java_split_name(struct str file, struct str *artifact, struct str *version);
/* The Maven group of an artifact that is published without pom.properties; empty: not known. */
struct str java_known_group(struct str artifact);
/* A value of the main section, with its continuation lines; empty: none. */
struct str java_manifest_value(struct arena *arena, struct str manifest, struct str key);

#endif
