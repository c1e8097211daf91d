/* SPDX-License-Identifier: Apache-2.0 */
/* Java archives with what is nested in them. */
#include "language.h"

FUZZ_LANGUAGE(analyze_java, "app/outer-1.0.jar")
