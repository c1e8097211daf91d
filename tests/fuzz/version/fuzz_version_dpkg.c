/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "dpkg"; see compare.h. */
#define FUZZED GRAMMAR_DPKG
#include "compare.h"
