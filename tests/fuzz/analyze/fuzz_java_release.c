/* SPDX-License-Identifier: Apache-2.0 */
/* The file that describes a Java runtime. */
#include "language.h"

FUZZ_LANGUAGE(analyze_java_release, "opt/java/release")
