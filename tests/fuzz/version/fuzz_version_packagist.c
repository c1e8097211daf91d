/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "packagist"; see compare.h. */
#define FUZZED GRAMMAR_PACKAGIST
#include "compare.h"
