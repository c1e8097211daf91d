/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "semver"; see compare.h. */
#define FUZZED GRAMMAR_SEMVER
#include "compare.h"
