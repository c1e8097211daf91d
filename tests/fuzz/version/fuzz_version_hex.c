/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "hex"; see compare.h. */
#define FUZZED GRAMMAR_HEX
#include "compare.h"
