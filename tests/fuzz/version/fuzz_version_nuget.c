/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "nuget"; see compare.h. */
#define FUZZED GRAMMAR_NUGET
#include "compare.h"
