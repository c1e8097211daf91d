/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "pub"; see compare.h. */
#define FUZZED GRAMMAR_PUB
#include "compare.h"
