/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "rpm"; see compare.h. */
#define FUZZED GRAMMAR_RPM
#include "compare.h"
