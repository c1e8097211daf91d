/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "gem"; see compare.h. */
#define FUZZED GRAMMAR_GEM
#include "compare.h"
