/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "pep440"; see compare.h. */
#define FUZZED GRAMMAR_PEP440
#include "compare.h"
