/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of the grammar "maven"; see compare.h. */
#define FUZZED GRAMMAR_MAVEN
#include "compare.h"
