/* SPDX-License-Identifier: Apache-2.0 */
/* package.json of an npm package. */
#include "language.h"

FUZZ_LANGUAGE(analyze_npm, "app/node_modules/x/package.json")
