/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "go"; see compare.h. */
#define FUZZED GRAMMAR_GO
#include "compare.h"
